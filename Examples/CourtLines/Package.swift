// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "CourtLines",
    products: [
        .library(name: "CourtLines", targets: ["CourtLines"]),
        .executable(name: "courtlines", targets: ["courtlines"]),
    ],
    dependencies: [
        // Outside this repository: .package(url: "https://github.com/…/cortina", from: "…")
        .package(name: "cortina", path: "../..")
    ],
    targets: [
        // The plugin: a stage and a pipeline. It needs the DSL alone.
        .target(name: "CourtLines", dependencies: [.product(name: "GraphDSL", package: "cortina")]),
        // The whole command line, for this stage, this pipeline and the built-in stages.
        .executableTarget(
            name: "courtlines",
            dependencies: [
                "CourtLines", .product(name: "CortinaCommands", package: "cortina"),
                .product(name: "GraphDSL", package: "cortina"), .product(name: "Stages", package: "cortina"),
            ]),
        .testTarget(
            name: "CourtLinesTests",
            dependencies: [
                "CourtLines", .product(name: "GraphDSL", package: "cortina"),
                .product(name: "Stages", package: "cortina"), .product(name: "StageTesting", package: "cortina"),
            ]),
    ]
)
