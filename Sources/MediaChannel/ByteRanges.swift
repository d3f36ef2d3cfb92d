import CDescriptors
import Glibc
public import LibAV
import Synchronization

/// The bytes of an input, asked for by range from the process at the other end of a socket, which has the right to read them.
///
/// A question is an offset (eight bytes) and a count (four bytes); an answer is a count (four bytes) and so many bytes, or -1 and the
/// reason as a message of ``MediaChannel``.
public final class ByteRangeSource: ByteSource {
    public let size: Int64?
    public let isDistant: Bool

    private let channel: MediaChannel
    private let name: String
    private let asking = Mutex(())

    /// Takes over a socket.
    public init(_ descriptor: Int32, size: Int64?, isDistant: Bool, name: String) {
        channel = MediaChannel(descriptor)
        self.size = size
        self.isDistant = isDistant
        self.name = name
    }

    public func read(
        at offset: Int64, into span: inout MutableRawSpan, cancellation: CancellationFlag
    ) throws(ByteSourceError) -> Int {
        guard span.byteCount > 0 else { return 0 }
        let result: Result<Int, ByteSourceError> = span.withUnsafeMutableBytes { bytes in
            // The closure of the lock runs at once on this thread, while the span is borrowed; nobody keeps the pointer.
            nonisolated(unsafe) let target = UnsafeMutableRawBufferPointer(
                rebasing: bytes.prefix(ByteRangeServer.largest))
            return asking.withLock { _ in Result { () throws(ByteSourceError) in try ask(offset, target) } }
        }
        return try result.get()
    }

    private func ask(_ offset: Int64, _ target: UnsafeMutableRawBufferPointer) throws(ByteSourceError) -> Int {
        let gone = ByteSourceError.transfer(name, reason: "the process that reads it is gone")
        var question = ByteRangeServer.Question(offset: offset, count: Int32(target.count))
        guard withUnsafeBytes(of: &question, { Transport.send(channel.descriptor, $0) }) else { throw gone }
        var count: Int32 = 0
        guard withUnsafeMutableBytes(of: &count, { Transport.receive(channel.descriptor, $0) }) else { throw gone }
        guard count >= 0 else {
            guard let failure = try? channel.receive(ByteSourceError.self) else { throw gone }
            throw failure.message
        }
        let part = UnsafeMutableRawBufferPointer(rebasing: target.prefix(Int(count)))
        guard Int(count) <= target.count, Transport.receive(channel.descriptor, part) else { throw gone }
        return Int(count)
    }
}

/// Answers the questions of a ``ByteRangeSource``.
public struct ByteRangeServer: Sendable {
    struct Question {
        var offset: Int64
        var count: Int32
    }

    /// The most bytes of one answer.
    static let largest = 1 << 20

    private let channel: MediaChannel
    private let source: any ByteSource

    /// Takes over a socket.
    public init(_ descriptor: Int32, _ source: any ByteSource) {
        channel = MediaChannel(descriptor)
        self.source = source
    }

    /// Answers until the other end is closed or ``stop()`` is called. Blocks.
    public func run(_ cancellation: CancellationFlag) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.largest, alignment: 16)
        defer { buffer.deallocate() }
        var question = Question(offset: 0, count: 0)
        while withUnsafeMutableBytes(
            of: &question, { Transport.receive(channel.descriptor, .init(rebasing: $0.prefix(12))) })
        {
            let count = Int(question.count)
            // Whoever asks so has been taken over.
            guard count > 0, count <= Self.largest, question.offset >= 0 else { return }
            let answered: Bool
            do throws(ByteSourceError) {
                var span = MutableRawSpan(_unsafeBytes: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
                let read = try source.read(at: question.offset, into: &span, cancellation: cancellation)
                var head = Int32(read)
                answered =
                    withUnsafeBytes(of: &head) { Transport.send(channel.descriptor, $0) }
                    && Transport.send(channel.descriptor, UnsafeRawBufferPointer(rebasing: buffer[..<read]))
            } catch {
                var head: Int32 = -1
                answered =
                    withUnsafeBytes(of: &head) { Transport.send(channel.descriptor, $0) }
                    && (try? channel.send(error)) != nil
            }
            guard answered else { return }
        }
    }

    /// Ends a wait for a question.
    public func stop() { channel.shutDown() }
}

/// Whole pieces of bytes over a socket.
private enum Transport {
    static func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let result = cds_send(descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, nil, 0)
            guard result > 0 else { return false }
            sent += result
        }
        return true
    }

    static func receive(_ descriptor: Int32, _ bytes: UnsafeMutableRawBufferPointer) -> Bool {
        var received = 0
        while received < bytes.count {
            let result = recv(descriptor, bytes.baseAddress.map { $0 + received }, bytes.count - received, 0)
            if result < 0, errno == EINTR { continue }
            guard result > 0 else { return false }
            received += result
        }
        return true
    }
}
