import ArgumentParser
import FoundationEssentials
import GraphDSL
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
        let plan = try await runner.plan(manifest, for: clip, parameters: values.values)
        failure.filterGraph = plan.filterGraph
        let run = try await runner.run(plan, input: clip, output: output)
        var display = ProgressDisplay(progress, title: "\(manifest.reference)")
        for await step in run.progress { try display.show(step) }
        display.clear()
        let result = try await run.report()
        for warning in result.warnings { Console.warn(warning) }
        try display.finish(result, path: output)
        if let report { try write(result, to: report) }
    }

    private func write(_ result: some Encodable, to path: String) throws {
        try Files.write(try Console.json(result, indented: true) + "\n", to: path)
    }
}
