import ArgumentParser
import GraphDSL
import Runner

/// `cortina bake PIPELINE...`
struct BakeCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "bake",
        abstract: "Encodes ahead of time what is the same for every clip, so that no run has to.",
        discussion: """
            What a pipeline sets before and after a clip (bumpers) is encoded once, kept in the cache, and joined to each \
            clip's video as packets. A worker's image is made with the cache filled.
            """)

    @Argument(help: "Pipelines' names, NAME@VERSION, or the paths of manifests.", completion: .pipelines)
    var pipelines: [String]

    @Option(
        help: """
            A picture's size of the clips that will come, WIDTHxHEIGHT; it counts where a pipeline keeps it. May be \
            repeated. Default: 1920x1080 and 1080x1920.
            """,
        transform: { text in
            guard let size = PictureSize(text), size.problem == nil else {
                throw ValidationError("'\(text)' is no picture's size; write it as 1920x1080")
            }
            return size
        })
    var size = [PictureSize.hd1080, PictureSize(width: 1080, height: 1920)]

    @OptionGroup var values: ParameterOptions

    @OptionGroup var options: ProjectOptions

    @OptionGroup(title: "Cache") var cache: CacheOptions

    @OptionGroup(title: "Limits") var limits: LimitOptions

    func work() async throws {
        let project = try options.project()
        let runner = Runner(project.assets, limits: limits.limits, cache: cache.cache)
        for name in pipelines {
            let manifest = try project.manifest(name)
            let segments = try await runner.bake(manifest, sizes: size, parameters: values.values)
            if segments.isEmpty { print("\(manifest.reference): nothing is the same for every clip") }
            for segment in segments {
                let assets = segment.assets.map(\.description).joined(separator: ", ")
                print(
                    "\(manifest.reference): \(segment.key.short), \(assets), \(segment.frames) frames"
                        + (segment.wasThere ? ", was there" : ""))
            }
        }
    }
}
