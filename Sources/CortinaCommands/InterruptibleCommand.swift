import ArgumentParser
import Dispatch
import Glibc

/// A command whose work takes time, and ends early and cleanly where the terminal or the system says so.
protocol InterruptibleCommand: AsyncParsableCommand, Sendable {
    /// Does the work, in a task that SIGINT, SIGTERM and SIGHUP cancel.
    func work() async throws
}

extension InterruptibleCommand {
    mutating func run() async throws {
        let command = self
        let task = Task { try await command.work() }
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
