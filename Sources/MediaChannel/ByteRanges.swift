import CDescriptors
import Glibc
public import LibAV
import Synchronization

/// Byte source that requests ranges from the parent process over a socket.
///
/// A request is an offset (eight bytes) and a count (four bytes). A response is a count (four bytes) and as many bytes, or -1 and the error
/// as a message of ``MediaChannel``.
public final class ByteRangeSource: ByteSource {
    public let size: Int64?
    public let isDistant: Bool

    private let channel: MediaChannel
    private let name: String
    /// Receive buffer; its lock serialises requests.
    private let buffer = Mutex<[UInt8]>([])

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
        let wanted = min(span.byteCount, ByteRangeServer.largest)
        guard wanted > 0 else { return 0 }
        let answer: Result<[UInt8], ByteSourceError> = buffer.withLock { buffer in
            Result { () throws(ByteSourceError) in
                let count = try request(offset, wanted, &buffer)
                return Array(buffer[..<count])
            }
        }
        let bytes = try answer.get()
        span.withUnsafeMutableBytes { $0.copyBytes(from: bytes) }
        return bytes.count
    }

    /// Requests a range.
    ///
    /// - Returns: the number of bytes received, at the beginning of `buffer`.
    private func request(_ offset: Int64, _ wanted: Int, _ buffer: inout [UInt8]) throws(ByteSourceError) -> Int {
        let gone = ByteSourceError.transfer(name, reason: "the process that reads it is gone")
        if buffer.count < wanted { buffer = [UInt8](repeating: 0, count: wanted) }
        guard Transport.send(channel.descriptor, ByteRangeServer.Request(offset: offset, count: Int32(wanted)).bytes),
            let count = Transport.receive(channel.descriptor, as: Int32.self)
        else { throw gone }
        guard count >= 0 else {
            guard let failure = try? channel.receive(ByteSourceError.self) else { throw gone }
            throw failure.message
        }
        guard Int(count) <= wanted, Transport.receive(channel.descriptor, Int(count), into: &buffer) else { throw gone }
        return Int(count)
    }
}

/// Serves the requests of a ``ByteRangeSource``.
public struct ByteRangeServer: Sendable {
    struct Request {
        var offset: Int64
        var count: Int32

        /// In the machine's byte order: both processes run on it.
        var bytes: [UInt8] { withUnsafeBytes(of: offset, Array.init) + withUnsafeBytes(of: count, Array.init) }
    }

    /// Maximum bytes of one response.
    static let largest = 1 << 20

    private let channel: MediaChannel
    private let source: any ByteSource

    /// Takes over a socket.
    public init(_ descriptor: Int32, _ source: any ByteSource) {
        channel = MediaChannel(descriptor)
        self.source = source
    }

    /// Serves requests until the other end is closed or ``stop()`` is called. Blocks.
    public func run(_ cancellation: CancellationFlag) {
        var buffer = [UInt8](repeating: 0, count: Self.largest)
        while let offset = Transport.receive(channel.descriptor, as: Int64.self),
            let count = Transport.receive(channel.descriptor, as: Int32.self)
        {
            // An invalid request comes from a compromised process.
            guard count > 0, count <= Self.largest, offset >= 0 else { return }
            let answered: Bool
            do throws(ByteSourceError) {
                let read = try self.read(at: offset, Int(count), into: &buffer, cancellation)
                answered =
                    Transport.send(channel.descriptor, withUnsafeBytes(of: Int32(read), Array.init))
                    && Transport.send(channel.descriptor, buffer, read)
            } catch {
                answered =
                    Transport.send(channel.descriptor, withUnsafeBytes(of: Int32(-1), Array.init))
                    && (try? channel.send(error)) != nil
            }
            guard answered else { return }
        }
    }

    private func read(
        at offset: Int64, _ count: Int, into buffer: inout [UInt8], _ cancellation: CancellationFlag
    ) throws(ByteSourceError) -> Int {
        var span = buffer.mutableSpan
        var part = span._mutatingExtracting(..<count)
        var bytes = part.mutableBytes
        return try source.read(at: offset, into: &bytes, cancellation: cancellation)
    }

    /// Shuts the socket down, so that ``run(_:)`` returns.
    public func stop() { channel.shutDown() }
}

/// Sends and receives exact byte counts over a socket.
private enum Transport {
    /// Sends the first bytes of an array.
    ///
    /// - Parameter count: number of bytes; nil for all.
    static func send(_ descriptor: Int32, _ bytes: [UInt8], _ count: Int? = nil) -> Bool {
        let count = count ?? bytes.count
        return bytes.withUnsafeBytes { bytes in
            var sent = 0
            while sent < count {
                let result = cds_send(descriptor, bytes.baseAddress.map { $0 + sent }, count - sent, nil, 0)
                guard result > 0 else { return false }
                sent += result
            }
            return true
        }
    }

    /// Receives bytes into the beginning of an array that has room for them.
    static func receive(_ descriptor: Int32, _ count: Int, into bytes: inout [UInt8]) -> Bool {
        bytes.withUnsafeMutableBytes { bytes in
            var received = 0
            while received < count {
                let result = recv(descriptor, bytes.baseAddress.map { $0 + received }, count - received, 0)
                if result < 0, errno == EINTR { continue }
                guard result > 0 else { return false }
                received += result
            }
            return true
        }
    }

    /// Receives a number in the machine's byte order; nil if the other end is gone.
    static func receive<Number: FixedWidthInteger>(_ descriptor: Int32, as type: Number.Type) -> Number? {
        var bytes = [UInt8](repeating: 0, count: MemoryLayout<Number>.size)
        guard receive(descriptor, bytes.count, into: &bytes) else { return nil }
        return bytes.withUnsafeBytes { $0.loadUnaligned(as: Number.self) }
    }
}
