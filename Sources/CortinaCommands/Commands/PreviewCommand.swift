import ArgumentParser
import Glibc
import GraphDSL
import Runner

/// `cortina preview PIPELINE CLIP`
struct PreviewCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview",
        abstract: "Shows what a pipeline makes of a clip: a page with pictures before and after, the graph, the report."
    )

    @Argument(help: "A pipeline's name, NAME@VERSION, or the path of a manifest.", completion: .pipelines)
    var pipeline: String

    @Argument(help: "The clip.", completion: .file())
    var clip: String

    @Option(name: .shortAndLong, help: "Where the page goes.", completion: .file())
    var output: String?

    @Flag(help: "Serves the page to this machine's browser, and shows changes of the pipeline as they come.")
    var serve = false

    @Option(help: "With --serve: where it listens on 127.0.0.1; 0 for any free port.")
    var port: UInt16 = 0

    @OptionGroup var values: ParameterOptions

    @OptionGroup var options: ProjectOptions

    @OptionGroup(title: "Limits") var limits: LimitOptions

    func validate() throws {
        if output == nil, !serve { throw ValidationError("say where the page goes with -o, or ask for --serve") }
        if output != nil, serve { throw ValidationError("-o and --serve exclude each other") }
    }

    func work() async throws {
        let project = try options.project()
        let manifest = try project.manifest(pipeline)
        var limits = limits.limits
        // A page that stays keeps readers standing; the limit is on what works for a picture.
        if serve { limits.memory += StillMaker.nearMemory }
        let runner = Runner(project.assets, limits: limits)
        guard let output else { return try await serve(manifest, project, runner) }
        try Files.check(output, against: [clip])
        let stills = try await runner.stills(manifest, of: clip, parameters: values.values)
        let facts = try await PreviewFacts(manifest, clip: clip, parameters: values.values, runner: runner)
        let page = try await PreviewPage(facts, stills).text()
        try Files.write(page, to: output)
        print("\(output): open it in a browser")
    }

    private func serve(_ manifest: Manifest, _ project: Project, _ runner: Runner) async throws {
        // What is wrong with the clip is said here, not in the browser.
        _ = try await runner.stills(manifest, of: clip, parameters: values.values)
        let state = PreviewState(clip: clip, parameters: values.values, runner: runner)
        await state.show(manifest)
        let watch = PreviewWatch(pipeline, project)
        let server = try PreviewServer(state, port: port)
        try await withThrowingTaskGroup(of: Void.self) { group in
            if let watch { group.addTask { try? await watch.run(state) } }
            group.addTask {
                try await server.run(port: port) { address in
                    print("\(address)\(watch.map { "  (watching \($0.description))" } ?? "")")
                    fflush(nil)
                }
            }
            for try await _ in group {}
        }
    }
}
