/// What `new` writes: small, whole, and meant to be changed.
enum Templates {
    static func pipeline(_ name: NewName) -> String {
        """
        import GraphDSL
        import Stages

        extension Pipeline {
            static let \(name.constant)V1 = Pipeline(
                "\(name.words)", version: 1, summary: "The first ten seconds, 720p"
            ) {
                Trim(to: .seconds(10))
                Crop(to: .ratio(16, 9))
                Scale(to: .hd720)
            } output: {
                MP4(frameRate: 30)
            }
        }

        """
    }

    static func pipelineTest(_ name: NewName, module: String, catalog: String) -> String {
        """
        import GraphDSL
        import Testing

        @testable import \(module)

        struct \(name.type)Tests {
            @Test("\(name.words) compiles without a warning")
            func compiles() throws {
                let pipeline = try #require(Catalog.\(catalog).pipelines.first { $0.name == "\(name.words)" })
                // A pipeline with files of its own wants their folder: AssetFolder(path: …).catalog(), of Runner.
                let compilation = try pipeline.compile(assets: AssetCatalog())
                #expect(compilation.warnings.isEmpty)
            }
        }

        """
    }

    static func stage(_ name: NewName) -> String {
        """
        public import GraphDSL

        /// Takes colour out of the picture, or gives it more.
        public struct \(name.type): Stage {
            /// How much colour there is: 0 none, 1 as it is.
            public var colour: Double

            /// Multiplies the picture's colour by `colour`.
            public init(colour: Double = 0.5) { self.colour = colour }

            public static let descriptor = StageDescriptor(
                "\(name.words)", "Takes colour out of the picture, or gives it more", gives: "the clip in other colours",
                example: "\(name.type)(colour: 0.5)"
            ) {
                ParameterDescriptor(
                    "colour", \\\(name.type).colour, in: .between(0, 2), default: 0.5, "0 none, 1 as it is")
            }

            public func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
                var clip = clip
                clip.video = graph.filter(Filter("hue", ["s": .number(colour)], outputs: [.video]), on: clip.video)
                return clip
            }
        }

        """
    }

    static func stageTest(_ name: NewName, module: String) -> String {
        """
        import GraphDSL
        import StageTesting
        import Testing

        @testable import \(module)

        struct \(name.type)Tests {
            @Test("\(name.words) keeps what every stage promises")
            func kit() async throws {
                try await StageCheck(\(name.type)(colour: 0.5)).run()
            }

            @Test("a value out of its range is told")
            func range() {
                let pipeline = Pipeline("range", version: 1, summary: "A test") {
                    \(name.type)(colour: 3)
                } output: {
                    MP4(frameRate: 30)
                }
                #expect(throws: CompilationError.self) { try pipeline.compile(assets: AssetCatalog()) }
            }
        }

        """
    }

    static func package(_ name: NewName, cortina: String) -> String {
        """
        // swift-tools-version: 6.2

        import PackageDescription

        let package = Package(
            name: "\(name.words)",
            dependencies: [
                .package(name: "cortina", path: "\(cortina)")
            ],
            targets: [
                .target(
                    name: "\(name.type)",
                    dependencies: [
                        .product(name: "GraphDSL", package: "cortina"), .product(name: "Stages", package: "cortina"),
                    ]),
                .executableTarget(
                    name: "\(name.words)",
                    dependencies: ["\(name.type)", .product(name: "CortinaCommands", package: "cortina")],
                    path: "Sources/Main"),
                .testTarget(
                    name: "\(name.type)Tests",
                    dependencies: [
                        "\(name.type)", .product(name: "GraphDSL", package: "cortina"),
                        .product(name: "Runner", package: "cortina"), .product(name: "StageTesting", package: "cortina"),
                    ]),
            ]
        )

        """
    }

    static func catalog(_ name: NewName) -> String {
        """
        public import GraphDSL
        import Stages

        extension Catalog {
            /// The stages and pipelines of this package, and the built-in stages.
            public static let \(name.constant) = Catalog(stages: builtInStages + [], pipelines: [])
        }

        """
    }

    static func catalogTest(_ name: NewName) -> String {
        """
        import Foundation
        import GraphDSL
        import Runner
        import Testing

        import \(name.type)

        struct CatalogTests {
            /// The package's assets.
            private let assets = AssetFolder(
                path: URL(filePath: #filePath).appending(path: "../../../assets").standardized.path)

            @Test("every pipeline compiles")
            func pipelines() throws {
                for pipeline in Catalog.\(name.constant).pipelines { _ = try pipeline.compile(assets: assets.catalog()) }
            }

            @Test("every stage has a name of its own")
            func stages() {
                let names = Catalog.\(name.constant).stages.map(\\.name)
                #expect(Set(names).count == names.count)
            }
        }

        """
    }

    static func main(_ name: NewName) -> String {
        """
        import CortinaCommands
        import \(name.type)

        @main
        struct Main {
            static func main() async {
                await Program("\(name.words)", abstract: "Pipelines of \(name.words).", catalog: .\(name.constant)).main()
            }
        }

        """
    }

    static func readme(_ name: NewName) -> String {
        """
        # \(name.words)

        Stages and pipelines for Cortina.

            swift run \(name.words) pipelines
            swift run \(name.words) new pipeline NAME      # or: new stage NAME
            swift run \(name.words) dry-run PIPELINE CLIP
            swift run \(name.words) preview PIPELINE CLIP -o preview.html
            swift run \(name.words) publish
            swift test

        `assets/` holds the pipelines' files, `pipelines/published/` their published manifests.

        """
    }

    /// What git is to leave out.
    static let gitignore = ".build/\nPackage.resolved\n"
}
