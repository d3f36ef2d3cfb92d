import CDescriptors
import FoundationEssentials
import Glibc
import Synchronization

/// One end of the socket between a media process and its parent. Carries JSON messages, and open files with them.
///
/// A message is the length of its JSON, the length of its attachment (four bytes each, native order), the JSON and the attachment.
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

    /// Maximum size of a message's JSON, in bytes. Decoding takes some forty times that: a compromised peer chooses what is decoded.
    private static let jsonLimit = 256 << 10
    /// Maximum size of an attachment, in bytes: a poster takes some hundred thousand.
    private static let attachmentLimit = 8 << 20

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

    /// Sends a message. Blocks.
    ///
    /// - Parameters:
    ///   - attachment: bytes that come with it.
    ///   - files: open files that come with it; they stay the caller's.
    /// - Throws: ``Problem``.
    public func send(
        _ message: some Encodable, attachment: [UInt8] = [], _ files: [Int32] = []
    ) throws(Problem) {
        guard let json = try? JSONEncoder().encode(message), json.count <= Self.jsonLimit,
            attachment.count <= Self.attachmentLimit
        else { throw .malformed }
        var bytes = [json.count, attachment.count].flatMap { withUnsafeBytes(of: UInt32($0), Array.init) }
        bytes += json
        bytes += attachment
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

    /// Receives a message. Blocks. Files that come with it are closed, so that a compromised peer cannot exhaust the descriptors.
    ///
    /// - Parameter deadline: when to give up; nil for never.
    /// - Throws: ``Problem``.
    public func receive<Message: Decodable>(
        _ type: Message.Type, until deadline: ContinuousClock.Instant? = nil
    ) throws(Problem) -> (message: Message, attachment: [UInt8]) {
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
            let message = try receive(type, until: nil, files: Int(CDS_MAX_DESCRIPTORS), &files).message
            return (message, files)
        } catch {
            for file in files { close(file) }
            throw error
        }
    }

    /// - Parameters:
    ///   - capacity: maximum number of files; further ones are closed.
    ///   - files: the received files, also if an error is thrown.
    private func receive<Message: Decodable>(
        _ type: Message.Type, until deadline: ContinuousClock.Instant?, files capacity: Int, _ files: inout [Int32]
    ) throws(Problem) -> (message: Message, attachment: [UInt8]) {
        let head = try receive(8, until: deadline, files: capacity, &files)
        let lengths = [0, 4].map { place in
            Int(head.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: UInt32.self) })
        }
        guard lengths[0] <= Self.jsonLimit, lengths[1] <= Self.attachmentLimit else { throw .malformed }
        let json = try receive(lengths[0], until: deadline, files: capacity, &files)
        let attachment = try receive(lengths[1], until: deadline, files: capacity, &files)
        guard let message = try? JSONDecoder().decode(type, from: Data(json)) else { throw .malformed }
        return (message, attachment)
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
