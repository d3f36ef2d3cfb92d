import ArgumentParser
import GraphDSL
import Runner

/// `cortina dry-run PIPELINE CLIP`
struct DryRunCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "dry-run",
        abstract: "Says what a pipeline would do with a clip, what would come out and what it would cost.",
        discussion: "Configures the real filter graph and passes a second of frames through it; writes nothing.")

    @Argument(help: "A pipeline's name, NAME@VERSION, or the path of a manifest.", completion: .pipelines)
    var pipeline: String

    @Argument(help: "The clip.", completion: .file())
    var clip: String

    @OptionGroup var values: ParameterOptions

    @Option(help: "How long frames are taken to predict time, memory and size, in seconds.")
    var sampleTime = DryRun.sampleTime.value

    @Flag(help: "Prints JSON.")
    var json = false

    @OptionGroup var options: ProjectOptions

    @OptionGroup(title: "Cache") var cache: CacheOptions

    @OptionGroup(title: "Limits") var limits: LimitOptions

    func validate() throws {
        guard sampleTime > 0, sampleTime <= 600 else {
            throw ValidationError("--sample-time is \(sampleTime), but must be greater than 0 and at most 600")
        }
    }

    func work() async throws {
        let project = try options.project()
        let manifest = try project.manifest(pipeline)
        let runner = Runner(project.assets, limits: limits.limits, cache: cache.cache)
        try await project.check(manifest, runner)
        let result = try await runner.dryRun(
            manifest, for: clip, parameters: values.values, sampleTime: Seconds(sampleTime))
        print(json ? try Console.json(result, indented: true) : Self.words(result))
    }

    private static func words(_ result: DryRun) -> String {
        var table = Table()
        table.rows.append(["pipeline", "\(result.pipeline)  \(result.digest.short)"])
        table.rows.append(["clip", result.inputs.first ?? ""])
        table.rows.append([
            "needs", result.normalisations.isEmpty ? "nothing" : result.normalisations.joined(separator: ", "),
        ])
        table.rows.append(["output", output(result.output)])
        table.rows.append(["cost", cost(result.cost)])
        let links = Table(rows: result.links.map { ["  \($0.from)", "-> \($0.to)", format($0), $0.stage ?? ""] })
        let warnings = result.warnings.map { "warning: \($0)" }
        return (["\(table)", "", "links", "\(links)"] + (warnings.isEmpty ? [] : [""] + warnings))
            .joined(separator: "\n")
    }

    private static func output(_ output: DryRun.Output) -> String {
        let length = output.frames.map { "\($0) frames, \(output.duration ?? .zero) s" } ?? "length unknown"
        let bytes = output.bytes.map { ", about \(megabytes($0)) MB" } ?? ""
        return
            "\(output.size), \(output.frameRate) fps, \(length), \(output.hasAudio ? "with sound" : "silent")\(bytes)"
    }

    private static func cost(_ cost: DryRun.Cost) -> String {
        let memory = "\(Int(megabytes(Int64(cost.memory)).rounded())) MB of memory"
        guard let seconds = cost.seconds else {
            return "time not known: no frame of the clip came out within \(cost.sampleSeconds) s; \(memory)"
        }
        return "about \(seconds) s and \(memory), by \(cost.sampledFrames) frames"
    }

    private static func format(_ link: DryRun.Link) -> String {
        var facts: [String] = []
        if let size = link.size { facts.append("\(size)") }
        facts.append(link.format)
        if let aspect = link.sampleAspect, aspect != 1 { facts.append("pixels of \(aspect)") }
        if let rate = link.frameRate { facts.append("\(rate) fps") }
        if let rate = link.sampleRate { facts.append("\(rate) Hz") }
        if let layout = link.channelLayout { facts.append(layout) }
        return (facts + ["in \(link.timeBase) s"]).joined(separator: ", ")
    }

    private static func megabytes(_ bytes: Int64) -> Double { (Double(bytes) / 1e5).rounded() / 10 }
}
