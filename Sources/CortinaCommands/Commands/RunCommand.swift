import ArgumentParser
import FoundationEssentials
import Glibc
import GraphDSL
import MediaProcess
import Runner

/// `cortina run PIPELINE CLIP -o OUT`
struct RunCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "Makes a video of a clip.")

    @Argument(help: "A pipeline's name, NAME@VERSION, or the path of a manifest.", completion: .pipelines)
    var pipeline: String

    @Argument(help: "The clip.", completion: .file())
    var clip: String

    @Option(name: .shortAndLong, help: "Where the video goes.", completion: .file())
    var output: String

    @OptionGroup var values: ParameterOptions

    @Option(help: "How progress is shown: \(ProgressStyle.allCases.map(\.rawValue).joined(separator: ", ")).")
    var progress = ProgressStyle.auto

    @Option(help: "Report file, as JSON; also written if the run fails.", completion: .file())
    var report: String?

    @Flag(help: "Prints what libav says.")
    var verbose = false

    @OptionGroup var options: ProjectOptions

    @Flag(help: "Read the clip in a child process without rights, as the worker does.")
    var isolate = false

    @Flag(help: "Encodes bumpers anew, and keeps none.")
    var noCache = false

    @OptionGroup(title: "Cache") var cache: CacheOptions

    @OptionGroup(title: "Limits") var limits: LimitOptions

    func work() async throws {
        if let report { try Files.check(report, against: [clip, output]) }
        var failure = FailureReport()
        do { try await make(&failure) } catch {
            if let report, let error = error as? RunError {
                if [.input, .program].contains(error.blame), let project = try? options.project() {
                    failure.clip = try? await Runner(project.assets, limits: limits.limits).probe(clip)
                }
                failure.error = .init(error)
                do { try write(failure, to: report) } catch { Console.warn("\(error)") }
            }
            throw error
        }
    }

    /// Makes the video.
    ///
    /// - Parameter failure: takes what is known so far, for the report of a failure.
    private func make(_ failure: inout FailureReport) async throws {
        let project = try options.project()
        let manifest = try project.manifest(pipeline)
        (failure.pipeline, failure.digest) = (manifest.reference, manifest.digest)
        let runner = Runner(project.assets, limits: limits.limits, cache: noCache ? nil : cache.cache, verbose: verbose)
        try await project.check(manifest, runner)
        guard !isolate else { return try await makeIsolated(manifest, runner) }
        let plan = try await runner.plan(manifest, for: clip, parameters: values.values)
        failure.filterGraph = plan.filterGraph
        let run = try await runner.run(plan, input: clip, output: output)
        try await show(manifest, run.progress) { () throws(RunError) in try await run.report() }
    }

    /// Makes the video in a media process.
    private func makeIsolated(_ manifest: Manifest, _ runner: Runner) async throws {
        let source = try await runner.source(clip)
        let file = try OutputFile(path: output, input: clip)
        let descriptor = try file.open()
        defer { close(descriptor) }
        let processes = MediaProcesses(keepsSpare: false, logger: Log.logger(verbose: verbose))
        let (steps, continuation) = AsyncStream.makeStream(of: RunProgress.self, bufferingPolicy: .bufferingNewest(1))
        let making = Task { [clip, values] in
            defer { continuation.finish() }
            return try await processes.make(
                Array(manifest.canonicalJSON), parameters: values.values, of: source, name: runner.inputs.name(clip),
                to: descriptor, assets: runner.assets, cache: runner.cache, limits: runner.limits
            ) { continuation.yield($0) }
        }
        do {
            try await withTaskCancellationHandler {
                try await show(manifest, steps) {
                    let report = try await making.value.report
                    _ = try file.commit()
                    return report
                }
            } onCancel: {
                making.cancel()
            }
        } catch {
            file.discard()
            throw error
        }
    }

    /// Shows how far a run is, and what came out.
    private func show(
        _ manifest: Manifest, _ steps: AsyncStream<RunProgress>, _ end: () async throws -> RunReport
    ) async throws {
        var display = ProgressDisplay(progress, title: "\(manifest.reference)")
        for await step in steps { try display.show(step) }
        display.clear()
        let result = try await end()
        for warning in result.warnings { Console.warn(warning) }
        try display.finish(result, path: output)
        if let report { try write(result, to: report) }
    }

    private func write(_ result: some Encodable, to path: String) throws {
        try Files.write(try Console.json(result, indented: true) + "\n", to: path)
    }
}
