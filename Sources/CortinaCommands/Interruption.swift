import Dispatch
import Glibc

/// What the terminal and the system do to end a program.
enum Interruption {
    /// Does work in a task that SIGINT, SIGTERM and SIGHUP cancel.
    static func cancelling(_ work: @escaping @Sendable () async throws -> Void) async throws {
        let task = Task { try await work() }
        let signals = [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { task.cancel() }
            source.resume()
            return source
        }
        defer { for signal in signals { signal.cancel() } }
        try await task.value
    }
}
