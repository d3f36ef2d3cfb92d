package import GraphDSL
import LibAV

/// A runner for a process that has no thread but its own and those of its work: each call blocks its thread until the end.
///
/// A process that may open no file has no use for Swift's cooperative threads: Dispatch, which they are, watches its threads by files of
/// `/proc`.
package struct BlockingRunner: Sendable {
    private let runner: Runner

    package init(_ runner: Runner) { self.runner = runner }

    /// Finds out what a file is.
    ///
    /// - Throws: ``RunError``.
    package func probe(_ path: String) throws(RunError) -> MediaInfo {
        try limited { cancellation throws(RunError) in try runner.probe(path, cancellation) }
    }

    /// Binds a manifest to a clip.
    ///
    /// - Throws: ``RunError``, before any frame is decoded.
    package func plan(
        _ manifest: Manifest, for path: String, parameters: [String: String]
    ) throws(RunError) -> Plan {
        try limited { cancellation throws(RunError) in try runner.plan(manifest, path, parameters, cancellation) }
    }

    /// Runs a plan into an open file.
    ///
    /// - Parameters:
    ///   - descriptor: the file, open for reading and writing; it stays the caller's.
    ///   - name: the name of the output, for errors.
    ///   - progress: gets how far the run is.
    /// - Throws: ``RunError``.
    package func run(
        _ plan: Plan, input: String, descriptor: Int32, name: String,
        progress: @escaping @Sendable (RunProgress) -> Void
    ) throws(RunError) -> RunReport {
        let file = OutputFile(descriptor: descriptor, name: name)
        let run = try runner.makeRun(plan, input, file, AsyncStream { $0.finish() }, CancellationFlag()) { step in
            if let step { progress(step) }
        }
        return try run.perform().get()
    }

    /// The picture of a clip at a moment, as JPEG.
    ///
    /// - Parameter width: the largest width, in pixels.
    /// - Throws: ``RunError``.
    package func picture(of path: String, at time: Seconds, width: Int) throws(RunError) -> [UInt8] {
        try limited { cancellation throws(RunError) in
            try runner.stills(Runner.untouched, path, [:], cancellation)
                .picture(at: time, width: width, cancellation).jpeg
        }
    }

    /// Does work within the limits of time and memory.
    private func limited<Value>(
        _ work: (CancellationFlag) throws(RunError) -> Value
    ) throws(RunError) -> Value {
        let cancellation = CancellationFlag()
        let outcome = Outcome<Never>()
        let watchdog = try Watchdog(runner.limits) { error in
            outcome.end(.failure(error))
            cancellation.cancel()
        }
        defer { watchdog.join() }
        do throws(RunError) { return try work(cancellation) } catch {
            guard cancellation.isCancelled, case .failure(let reason) = outcome.result else { throw error }
            throw reason
        }
    }
}
