import ArgumentParser
import Dispatch
import FoundationEssentials
import Glibc
import GraphDSL
import Logging
import Runner

/// A parameter of the pipeline with its value.
struct Setting: ExpressibleByArgument {
    let name: String
    let value: String

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
        name = String(argument[..<equals])
        value = String(argument[argument.index(after: equals)...])
    }
}

/// `cortina run PIPELINE CLIP -o OUT`
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "Makes a video of a clip.")

    @Argument(help: "A pipeline's name, NAME@VERSION, or the path of a manifest.", completion: .pipelines)
    var pipeline: String

    @Argument(help: "The clip.", completion: .file())
    var clip: String

    @Option(name: .shortAndLong, help: "Where the video goes.", completion: .file())
    var output: String

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Gives a value to a parameter of the pipeline.", valueName: "name=value"))
    var settings: [Setting] = []

    @Option(help: "How progress is shown: \(ProgressStyle.allCases.map(\.rawValue).joined(separator: ", ")).")
    var progress = ProgressStyle.auto

    @Option(help: "Where a report of the run goes, as JSON.", completion: .file())
    var report: String?

    @Flag(help: "Prints what libav says.")
    var verbose = false

    @OptionGroup var options: ProjectOptions

    @OptionGroup(title: "Limits") var limits: LimitOptions

    mutating func run() async throws {
        let command = self
        let task = Task { try await command.work() }
        let signals = Self.cancel(task, on: [SIGINT, SIGTERM, SIGHUP])
        defer { for signal in signals { signal.cancel() } }
        try await task.value
    }

    private func work() async throws {
        let project = try options.project()
        let manifest = try project.manifest(pipeline)
        let runner = Runner(
            assets: project.assets, limits: limits.limits, logger: Log.logger(verbose: verbose))
        let values = Dictionary(settings.map { ($0.name, $0.value) }) { _, last in last }
        let plan = try await runner.plan(manifest, for: clip, parameters: values)
        let run = try await runner.run(plan, input: clip, output: output)
        var display = ProgressDisplay(progress, title: "\(manifest.reference)")
        for await step in run.progress { try display.show(step) }
        display.clear()
        let result = try await run.report()
        for warning in result.warnings { Console.warn(warning) }
        if let report { try write(result, to: report) }
        try display.finish(result, path: output)
    }

    private func write(_ result: RunReport, to path: String) throws {
        let data = Data((try Console.json(result, indented: true) + "\n").utf8)
        do { try data.write(to: URL(filePath: path), options: .atomic) } catch {
            throw Failure(.cannotWrite, "the report '\(path)' cannot be written; the video '\(output)' is there")
        }
    }

    /// Cancels a task when one of some signals arrives.
    private static func cancel(_ task: Task<Void, any Error>, on signals: [Int32]) -> [any DispatchSourceSignal] {
        signals.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { task.cancel() }
            source.resume()
            return source
        }
    }
}
