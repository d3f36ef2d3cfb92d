import CDescriptors
import FoundationEssentials
import Glibc
import Synchronization

/// One end of the socket between a process and the media process that works for it: messages in JSON, and open files beside them.
///
/// A message is its length in bytes, four bytes in the machine's order, and its JSON.
public final class MediaChannel: Sendable {
    /// Why a message cannot be sent or received.
    public enum Problem: Error, Hashable, Sendable {
        /// The other end is closed.
        case closed
        /// The system's `errno`.
        case system(Int32)
        /// The message is too large, or is not JSON of the type that is expected.
        case malformed
        /// No message came in time.
        case late
    }

    /// The socket.
    public let descriptor: Int32

    /// The largest message, in bytes: a poster takes some hundred thousand.
    private static let largest = 16 << 20

    private let sending = Mutex(())

    /// Takes over a socket, which it closes.
    public init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Two sockets that are connected.
    ///
    /// - Throws: ``Problem/system(_:)``.
    public static func pair() throws(Problem) -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw .system(errno)
        }
        return (ends[0], ends[1])
    }

    /// Sends a message, with open files where it has some; they stay the caller's. Blocks.
    ///
    /// - Throws: ``Problem``.
    public func send(_ message: some Encodable, _ files: [Int32] = []) throws(Problem) {
        guard let json = try? JSONEncoder().encode(message), json.count <= Self.largest else { throw .malformed }
        let length = UInt32(json.count)
        let bytes = withUnsafeBytes(of: length, Array.init) + json
        let failure: Problem? = sending.withLock { _ in
            var sent = 0
            while sent < bytes.count {
                let isFirst = sent == 0
                let result = bytes.withUnsafeBytes { bytes in
                    cds_send(
                        descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, files,
                        isFirst ? files.count : 0)
                }
                guard result > 0 else { return result == -Int(EPIPE) ? .closed : .system(Int32(-result)) }
                sent += result
            }
            return nil
        }
        if let failure { throw failure }
    }

    /// Receives a message. Files that come with it are closed: nobody fills the table of this process's files. Blocks.
    ///
    /// - Parameter deadline: the moment until which the message is waited for.
    /// - Throws: ``Problem``.
    public func receive<Message: Decodable>(
        _ type: Message.Type, until deadline: ContinuousClock.Instant? = nil
    ) throws(Problem) -> Message {
        var none: [Int32] = []
        return try receive(type, until: deadline, files: 0, &none)
    }

    /// Receives a message and the open files that came with it, at most 8, which are the caller's. Blocks.
    ///
    /// - Throws: ``Problem``.
    public func receiveWithFiles<Message: Decodable>(
        _ type: Message.Type
    ) throws(Problem) -> (message: Message, files: [Int32]) {
        var files: [Int32] = []
        do throws(Problem) {
            let message = try receive(type, until: nil, files: Int(CDS_MAX_DESCRIPTORS), &files)
            return (message, files)
        } catch {
            for file in files { close(file) }
            throw error
        }
    }

    /// - Parameters:
    ///   - capacity: the most files; further ones are closed.
    ///   - files: gets the files that came, also where an error is thrown.
    private func receive<Message: Decodable>(
        _ type: Message.Type, until deadline: ContinuousClock.Instant?, files capacity: Int, _ files: inout [Int32]
    ) throws(Problem) -> Message {
        let head = try receive(4, until: deadline, files: capacity, &files)
        let length = Int(head.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) })
        guard length <= Self.largest else { throw .malformed }
        let json = try receive(length, until: deadline, files: capacity, &files)
        guard let message = try? JSONDecoder().decode(type, from: Data(json)) else { throw .malformed }
        return message
    }

    private func receive(
        _ count: Int, until deadline: ContinuousClock.Instant?, files capacity: Int, _ files: inout [Int32]
    ) throws(Problem) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var received = 0
        while received < count {
            if let deadline { try wait(until: deadline) }
            var descriptors = [Int32](repeating: -1, count: Int(CDS_MAX_DESCRIPTORS))
            var descriptorCount = capacity - files.count
            let result = bytes.withUnsafeMutableBytes { bytes in
                cds_receive(
                    descriptor, bytes.baseAddress.map { $0 + received }, count - received, &descriptors,
                    &descriptorCount)
            }
            files += descriptors.prefix(descriptorCount)
            guard result != 0 else { throw .closed }
            guard result > 0 else { throw result == -Int(ECONNRESET) ? .closed : .system(Int32(-result)) }
            received += result
        }
        return bytes
    }

    private func wait(until deadline: ContinuousClock.Instant) throws(Problem) {
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { throw .late }
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let result = poll(&entry, 1, Int32(min(left / .milliseconds(1), 60_000).rounded(.up)))
            if result > 0 { return }
            if result < 0, errno != EINTR { throw .system(errno) }
        }
    }

    /// Ends a wait at either end: nothing more is sent or received.
    public func shutDown() { shutdown(descriptor, Int32(SHUT_RDWR)) }
}
