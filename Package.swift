// swift-tools-version: 6.2

import PackageDescription

let house: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "cortina",
    products: [
        .executable(name: "cortina", targets: ["cortina"]),
        .executable(name: "cortina-api", targets: ["cortina-api"]),
        .executable(name: "cortina-worker", targets: ["cortina-worker"]),
        .executable(name: "cortina-media", targets: ["cortina-media"]),
        .library(name: "GraphDSL", targets: ["GraphDSL"]),
        .library(name: "Stages", targets: ["Stages"]),
        .library(name: "Runner", targets: ["Runner"]),
        .library(name: "CortinaCommands", targets: ["CortinaCommands"]),
        .library(name: "StageTesting", targets: ["StageTesting"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/CoreOffice/XMLCoder", from: "0.18.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        .target(
            name: "GraphDSL",
            dependencies: [.product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: house),
        .target(name: "Stages", dependencies: ["GraphDSL"], swiftSettings: house),
        .target(
            name: "Pipelines", dependencies: ["GraphDSL", "Stages"], path: "pipelines", exclude: ["published"],
            swiftSettings: house),
        .systemLibrary(
            name: "CLibAV", pkgConfig: "libavfilter",
            providers: [
                .apt([
                    "libavformat-dev", "libavcodec-dev", "libavfilter-dev", "libavutil-dev", "libswscale-dev",
                    "libswresample-dev",
                ])
            ]),
        .target(name: "LibAV", dependencies: ["CLibAV"], swiftSettings: house),
        .systemLibrary(name: "CLibCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-gnutls-dev"])]),
        .target(
            name: "Transfer",
            dependencies: ["CLibCurl", "LibAV", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: house),
        .target(
            name: "Runner",
            dependencies: [
                "GraphDSL", "LibAV",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: house),
        .target(name: "CSandbox", linkerSettings: [.linkedLibrary("seccomp")]),
        .target(name: "Sandbox", dependencies: ["CSandbox"], swiftSettings: house),
        .target(name: "CDescriptors"),
        .target(
            name: "MediaChannel", dependencies: ["CDescriptors", "GraphDSL", "LibAV", "Runner"],
            swiftSettings: house),
        .systemLibrary(name: "CFontconfig", pkgConfig: "fontconfig", providers: [.apt(["libfontconfig-dev"])]),
        .target(
            name: "MediaServer",
            dependencies: [
                "CFontconfig", "GraphDSL", "LibAV", "MediaChannel", "Runner", "Sandbox",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: house),
        .executableTarget(name: "cortina-media", dependencies: ["MediaServer"], swiftSettings: house),
        .target(name: "Scheduling", swiftSettings: house),
        .target(
            name: "MediaProcess",
            dependencies: [
                "GraphDSL", "LibAV", "MediaChannel", "Runner", "Scheduling",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: house),
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .target(
            name: "Database",
            dependencies: [
                "CLibPQ", "GraphDSL",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: house),
        .target(
            name: "Storage",
            dependencies: [
                "Database", "LibAV", "Transfer",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "XMLCoder", package: "XMLCoder"),
            ],
            swiftSettings: house),
        .target(
            name: "Telemetry",
            dependencies: [
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: house),
        .target(
            name: "Worker",
            dependencies: [
                "Database", "GraphDSL", "LibAV", "MediaProcess", "Runner", "Storage", "Transfer",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: house),
        .target(
            name: "PlatformSettings",
            dependencies: [
                "Database", "MediaChannel", "Storage", "Transfer",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: house),
        .target(
            name: "PlatformAPI",
            dependencies: [
                "Database", "GraphDSL", "LibAV", "MediaChannel", "MediaProcess", "Runner", "Scheduling", "Storage",
                "Transfer",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.embedInCode("OpenAPI/openapi.json")], swiftSettings: house),
        .executableTarget(
            name: "cortina-api",
            dependencies: [
                "Database", "GraphDSL", "MediaProcess", "PlatformAPI", "PlatformSettings", "Storage", "Telemetry",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: house),
        .executableTarget(
            name: "cortina-worker",
            dependencies: [
                "Database", "MediaProcess", "PlatformSettings", "Runner", "Storage", "Telemetry", "Worker",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: house),
        .target(
            name: "StageTesting",
            dependencies: [
                "GraphDSL", "LibAV", "Runner",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: house),
        .target(
            name: "CortinaCommands",
            dependencies: [
                "GraphDSL", "LibAV", "MediaProcess", "Runner", "Transfer",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "FlyingFox", package: "FlyingFox"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: house),
        .executableTarget(name: "cortina", dependencies: ["CortinaCommands", "Pipelines"], swiftSettings: house),
        .target(
            name: "TestSupport",
            dependencies: ["GraphDSL", "LibAV", "Runner", .product(name: "Logging", package: "swift-log")],
            path: "Tests/Support",
            swiftSettings: house),
        .testTarget(name: "GraphDSLTests", dependencies: ["GraphDSL"], swiftSettings: house),
        .testTarget(
            name: "LibAVTests", dependencies: ["CLibAV", "LibAV", "GraphDSL", "TestSupport"], swiftSettings: house),
        .testTarget(
            name: "StagesTests",
            dependencies: ["GraphDSL", "Stages", "StageTesting", "LibAV", "Runner", "TestSupport"],
            swiftSettings: house),
        .testTarget(name: "SchedulingTests", dependencies: ["Scheduling"], swiftSettings: house),
        .testTarget(
            name: "RunnerTests",
            dependencies: ["GraphDSL", "Stages", "Pipelines", "LibAV", "Runner", "TestSupport"],
            swiftSettings: house),
        .testTarget(
            name: "PipelinesTests", dependencies: ["GraphDSL", "Stages", "Pipelines", "Runner", "TestSupport"],
            swiftSettings: house),
        .testTarget(
            name: "TutorialTests", dependencies: ["GraphDSL", "Stages", "Runner", "StageTesting", "TestSupport"],
            swiftSettings: house),
        .testTarget(
            name: "TransferTests", dependencies: ["LibAV", "Transfer", "Runner", "TestSupport"],
            exclude: ["botocore_signatures.py"], swiftSettings: house),
        .executableTarget(
            name: "hostile-media", dependencies: ["MediaChannel", "MediaServer", "Runner"], path: "Tests/HostileMedia",
            swiftSettings: house),
        .testTarget(
            name: "MediaProcessTests",
            dependencies: [
                "cortina-media", "hostile-media", "GraphDSL", "LibAV", "MediaChannel", "MediaProcess", "Pipelines",
                "Runner",
                "Stages",
                "TestSupport", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: house),
        .target(
            name: "PlatformSupport", dependencies: ["Database", "LibAV", "TestSupport", "Transfer"],
            path: "Tests/PlatformSupport",
            swiftSettings: house),
        .testTarget(
            name: "DatabaseTests", dependencies: ["Database", "PlatformSupport", "TestSupport"], swiftSettings: house),
        .testTarget(
            name: "StorageTests",
            dependencies: [
                "LibAV", "PlatformSupport", "Storage", "TestSupport", "Transfer",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: house),
        .testTarget(
            name: "WorkerTests",
            dependencies: [
                "cortina-media", "Database", "GraphDSL", "hostile-media", "LibAV", "MediaProcess", "PlatformSupport",
                "Runner",
                "Stages",
                "Storage", "TestSupport", "Telemetry", "Worker",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: house),
        .testTarget(
            name: "TelemetryTests",
            dependencies: [
                "Telemetry", "TestSupport",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: house),
        .testTarget(
            name: "PlatformAPITests",
            dependencies: [
                "cortina-api", "cortina-media", "cortina-worker", "Database", "GraphDSL", "LibAV", "MediaProcess",
                "PlatformAPI", "PlatformSupport", "Storage", "Telemetry", "TestSupport", "Transfer",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
            ],
            exclude: ["README.md", "schemathesis.toml"], swiftSettings: house),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "cortina", "cortina-media", "CortinaCommands", "GraphDSL", "Runner", "Stages", "TestSupport",
            ],
            exclude: ["Snapshots"], swiftSettings: house),
    ]
)

// What makes the documentation is fetched and built for that alone (`make docs`).
if Context.environment["CORTINA_DOCS"] != nil {
    package.dependencies.append(.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"))
}

// The fuzzer is built by the sanitizer's own flags only (`make fuzz`).
if Context.environment["CORTINA_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "cortina-fuzz",
            dependencies: [
                "GraphDSL", "Stages", "LibAV", "Runner", .product(name: "Logging", package: "swift-log"),
            ], path: "fuzz/target",
            swiftSettings: house + [.unsafeFlags(["-parse-as-library"])]))
}
