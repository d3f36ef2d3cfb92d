import Foundation
import Glibc
import Testing

/// A connection on which anything can be sent, and on which nothing happens by itself.
package final class RawConnection: Sendable {
    private let socket: Int32

    /// - Parameter url: `http://127.0.0.1:PORT`.
    package init(_ url: String) throws {
        let port = try #require(URL(string: url)?.port)
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        // However busy the machine is.
        var patience = timeval(tv_sec: 300, tv_usec: 0)
        let length = socklen_t(MemoryLayout<timeval>.size)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] { setsockopt(socket, SOL_SOCKET, option, &patience, length) }
        try #require(result == 0)
    }

    deinit { Glibc.close(socket) }

    /// Sends bytes.
    ///
    /// - Returns: false where the server has closed the connection.
    @discardableResult
    package func send(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// Waits for all that is sent until a text has come, or the connection is closed.
    package func receive(until end: String? = nil) async -> String {
        await onThread {
            var all: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = recv(self.socket, &buffer, buffer.count, 0)
                // The server may have reset it.
                guard count > 0 else { break }
                all += buffer[..<count]
                if let end, String(decoding: all, as: UTF8.self).contains(end) { break }
            }
            return String(decoding: all, as: UTF8.self)
        }
    }

    /// Waits until the connection is closed, without taking anything that is sent.
    package func waitUntilClosed() async {
        await onThread {
            // POLLRDHUP (poll(2)), which only GNU's headers have.
            var poll = pollfd(fd: self.socket, events: 0x2000, revents: 0)
            _ = Glibc.poll(&poll, 1, 300_000)
        }
    }

    private func onThread<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: work()) }
        }
    }
}
