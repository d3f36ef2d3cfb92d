import NIOCore
import NIOPosix

/// A port of this machine's that nobody listens on at the moment.
enum FreePort {
    /// Finds one by listening on it for a moment.
    ///
    /// - Throws: `IOError` where the system has none.
    static func find() async throws -> Int {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = listener.localAddress?.port
        try await listener.close()
        guard let port else { throw ChannelError.unknownLocalAddress }
        return port
    }
}
