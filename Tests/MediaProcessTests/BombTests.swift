import Foundation
import GraphDSL
import LibAV
import Logging
import MediaProcess
import Runner
import TestSupport
import Testing

/// Files whose tables claim what they do not have.
@Suite(.serialized)
struct BombTests {
    let scratch: Scratch
    private let processes = MediaProcesses(
        program: Checkout.program("cortina-media"), width: 2,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

    init() throws { scratch = try Scratch() }

    private func probe(_ bytes: [UInt8]) async throws -> RunError? {
        let path = scratch.path("bomb.mp4")
        try Data(bytes).write(to: URL(filePath: path))
        let file = try FileByteSource(path: path)
        do throws(RunError) {
            _ = try await processes.probe(file, name: "bomb.mp4", limits: Limits())
            return nil
        } catch {
            return error
        }
    }

    private func clip() throws -> [UInt8] {
        let path = try TestClip.make(
            "sound.mp4", in: scratch, "-f lavfi -i testsrc2=s=64x64:d=1 -f lavfi -i sine=d=1 -c:v libx264 -c:a aac")
        return Array(try Data(contentsOf: URL(filePath: path)))
    }

    /// The bytes with a number of a box replaced.
    private func replacing(_ kind: String, at place: Int, with value: UInt32, in bytes: [UInt8]) throws -> [UInt8] {
        var bytes = bytes
        let name = Array(kind.utf8)
        let starts = bytes.indices.dropLast(8).filter { Array(bytes[$0..<$0 + 4]) == name }
        try #require(!starts.isEmpty)
        for start in starts {
            for (index, byte) in withUnsafeBytes(of: value.bigEndian, Array.init).enumerated() {
                bytes[start + 4 + place + index] = byte
            }
        }
        return bytes
    }

    @Test(
        "tables that claim more than their bytes are refused before anything is allocated for them",
        arguments: ["stts", "stsc", "stco", "ctts", "stss"])
    func entries(kind: String) async throws {
        let bomb = try replacing(kind, at: 4, with: 60_000_000, in: try clip())
        #expect(try await probe(bomb) == .implausible("bomb.mp4"))
    }

    @Test("60 million samples of one size, and as many in each chunk, are more than the file has bytes for")
    func runs() async throws {
        let whole = try clip()
        #expect(try await probe(try replacing("stsz", at: 8, with: 60_000_000, in: whole)) == .implausible("bomb.mp4"))
        var constant = try replacing("stsz", at: 4, with: 1, in: whole)
        constant = try replacing("stsz", at: 8, with: 60_000_000, in: constant)
        #expect(try await probe(constant) == .implausible("bomb.mp4"))
        #expect(
            try await probe(try replacing("stsc", at: 12, with: 4_000_000_000, in: whole)) == .implausible("bomb.mp4"))
    }

    @Test("a fragment of 60 million samples without sizes is refused")
    func fragment() async throws {
        let path = try TestClip.make(
            "fragmented.mp4", in: scratch,
            "-f lavfi -i testsrc2=s=64x64:d=1 -c:v libx264 -movflags frag_keyframe+empty_moov")
        let whole = Array(try Data(contentsOf: URL(filePath: path)))
        #expect(try await probe(whole) == nil)
        var bomb = try replacing("trun", at: 0, with: 0, in: whole)
        bomb = try replacing("trun", at: 4, with: 60_000_000, in: bomb)
        #expect(try await probe(bomb) == .tooManyFrames("bomb.mp4", limit: Limits().frames * 8))
    }

    @Test("whole clips pass", arguments: ["mp4", "mov", "mkv", "ts"])
    func whole(container: String) async throws {
        let sound = container == "mov" ? "pcm_s16le" : "aac"
        let path = try TestClip.make(
            "whole.\(container)", in: scratch,
            "-f lavfi -i testsrc2=s=64x64:d=1 -f lavfi -i sine=d=1 -c:v libx264 -c:a \(sound)")
        #expect(try await probe(Array(try Data(contentsOf: URL(filePath: path)))) == nil)
    }

    @Test(
        "200 files whose tables are changed at random take no more memory than they may, and end in a sentence or a fact"
    )
    func mutations() async throws {
        let whole = try clip()
        let index = try #require(whole.firstRange(of: Array("moov".utf8)))
        var random = SplitMix(seed: 24)
        var refused = 0
        for _ in 0..<200 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let place = Int.random(
                    in: index.lowerBound..<min(index.lowerBound + 3000, bytes.count - 4), using: &random)
                let value =
                    [0, 1, 0x7FFF_FFFF, 0xFFFF_FFFF, 60_000_000, UInt32.random(in: 0 ... .max, using: &random)]
                    .randomElement(using: &random) ?? 0
                for (offset, byte) in withUnsafeBytes(of: value.bigEndian, Array.init).enumerated() {
                    bytes[place + offset] = byte
                }
            }
            let error = try await probe(bytes)
            if error != nil { refused += 1 }
            // The limit of address space is a fifth above that of memory: what is larger ends the process.
            #expect(error?.blame ?? .input == .input, "\(error as Any)")
            if case .crashed? = error { Issue.record("\(error as Any)") }
        }
        #expect(refused > 20)
    }
}

/// Random numbers that are the same on each run (splitmix64).
private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
