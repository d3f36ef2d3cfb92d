import Foundation
import LibAV
import TestSupport
import Testing

@testable import Transfer

struct HTTPByteSourceTests {
    let scratch: Scratch
    let content: [UInt8]

    init() throws {
        scratch = try Scratch()
        content = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 9) }
        try Data(content).write(to: URL(filePath: scratch.path("file")))
    }

    /// Little waiting: what is tried again is tried at once.
    private func source(
        _ server: RangeServer, attempts: Int = 5, cancellation: CancellationFlag = CancellationFlag()
    ) throws(ByteSourceError) -> HTTPByteSource {
        try HTTPByteSource(
            url: server.url, patience: .init(), retrying: Retrying(attempts: attempts, first: 1, longest: 2),
            cancellation: cancellation)
    }

    private func read(_ source: HTTPByteSource, at offset: Int64, _ count: Int) throws(ByteSourceError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var span = bytes.mutableSpan
        var raw = span.mutableBytes
        let found = try source.read(at: offset, into: &raw, cancellation: CancellationFlag())
        return Array(bytes.prefix(found))
    }

    /// All bytes, as libav reads them: a piece after the other.
    private func readAll(_ source: HTTPByteSource) throws(ByteSourceError) -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let piece = try read(source, at: Int64(all.count), 32_768)
            if piece.isEmpty { return all }
            all += piece
        }
    }

    @Test("what is read is what is there, from one end to the other, over one connection, each byte once")
    func whole() throws {
        let server = try RangeServer(scratch.path("file"))
        let source = try source(server)
        #expect(source.size == 3_000_000)
        #expect(try readAll(source) == content)
        let counts = try server.counts()
        #expect(counts.bytes == 3_000_000 && counts.connections == 1)
        // Pieces grow: 32 KB, 64, 128, … up to a megabyte.
        #expect(counts.requests < 10)
        #expect(source.bytesTransferred == 3_000_000)
    }

    @Test("reading here and there transfers little, and what was read before nothing")
    func sparse() throws {
        let server = try RangeServer(scratch.path("file"))
        let source = try source(server)
        for offset in [Int64(2_999_000), 5, 1_500_000, 2_999_990, 1_500_100, 40_000] {
            let piece = try read(source, at: offset, 100)
            #expect(piece == Array(content[Int(offset)...].prefix(100)))
        }
        for offset in [Int64(3_000_000), 9_000_000] { #expect(try read(source, at: offset, 10).isEmpty) }
        #expect(try server.counts().bytes < 90_000)
    }

    @Test("what fails for a moment is tried again", arguments: ["flaky", "broken"])
    func retried(mode: String) throws {
        let server = try RangeServer(scratch.path("file"), mode: mode)
        #expect(try readAll(source(server)) == content)
        let untroubled = try RangeServer(scratch.path("file"))
        _ = try readAll(source(untroubled))
        #expect(try server.counts().requests > untroubled.counts().requests)
    }

    @Test(
        "what does not pass is an error at once, which names the address without its signature",
        arguments: [
            ("gone", "", 1), ("refused", "has the address expired", 1), ("whole", "does not answer ranges", 1),
        ])
    func refused(mode: String, reason: String, requests: Int) throws {
        let server = try RangeServer(scratch.path("file"), mode: mode)
        let error = #expect(throws: ByteSourceError.self) { try source(server) }
        #expect(try server.counts().requests == requests)
        switch error {
        case .notFound(let name): #expect(mode == "gone" && !name.contains("secret"))
        case .transfer(let name, let why): #expect(why.contains(reason) && !name.contains("secret"))
        default: Issue.record("\(String(describing: error))")
        }
    }

    @Test("tries come to an end")
    func exhausted() throws {
        let server = try RangeServer(scratch.path("file"), mode: "flaky")
        let error = #expect(throws: ByteSourceError.self) { try source(server, attempts: 1) }
        #expect(error.map { "\($0)" }?.contains("503") == true)
    }

    @Test("a file that changes while it is read is an error, not a mixture")
    func changing() throws {
        let server = try RangeServer(scratch.path("file"), mode: "changing")
        let source = try source(server)
        let error = #expect(throws: ByteSourceError.self) { try readAll(source) }
        #expect(error == .transfer(source.name, reason: "it has changed while it was read"))
    }

    @Test("a wait is broken off")
    func cancelled() throws {
        let server = try RangeServer(scratch.path("file"), mode: "silent")
        let cancellation = CancellationFlag()
        let thread = Thread { cancellation.cancel() }
        thread.start()
        #expect(throws: ByteSourceError.self) { try source(server, cancellation: cancellation) }
    }

    @Test("only http and https, and no server, are clear errors")
    func malformed() throws {
        for url in ["file:///etc/passwd", "gopher://127.0.0.1/x", "http://127.0.0.1:1/x", "http://"] {
            #expect(throws: ByteSourceError.self) {
                try HTTPByteSource(
                    url: url, patience: .init(), retrying: Retrying(attempts: 2, first: 1, longest: 1),
                    cancellation: CancellationFlag())
            }
        }
        #expect(HTTPByteSource.isAddress("HTTPS://host/x") && !HTTPByteSource.isAddress("httpfile.mp4"))
        #expect(HTTPByteSource.name(of: "https://user:pass@host:1/a/b.mp4?X-Amz=1#f") == "https://host:1/a/b.mp4")
    }

    @Test("waits grow up to their bound")
    func backoff() {
        let retrying = Retrying(attempts: 9, first: 100, longest: 1000)
        #expect((0..<5).map(retrying.bound) == [100, 200, 400, 800, 1000] && retrying.bound(after: 100) == 1000)
    }
}
