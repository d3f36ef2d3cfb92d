import Foundation
import GraphDSL
import Runner
import Stages
import TestSupport
import Testing

@testable import CortinaCommands

/// What a dry run says of filters and options that libavfilter does not know.
struct FindingTests {
    @Test("a wrong option of a raw filter is told with the line that wrote it, and the near names")
    func places() async throws {
        let line = #line + 2
        let wrong = Pipeline("wrong", version: 1, summary: "A test") {
            RawFilter("gblur", ["sigmma": 2])
            RawFilter("unsharp", ["la": "much"])
        } output: {
            MP4(frameRate: 30)
        }
        let program = CortinaCommands.Program(
            "test", abstract: "", catalog: Catalog(stages: builtInStages, pipelines: [wrong]))
        let failure = try await CortinaCommands.Program.$current.withValue(program) {
            let project = try Project(home: Checkout.root.path, assets: nil)
            let manifest = try project.manifest("wrong")
            return project.failure(manifest, try await testRunner().findings(of: manifest))
        }
        #expect(failure.status == .unusableInput)
        let lines = failure.description.split(separator: "\n")
        #expect(lines.first == "wrong@1 cannot run here: 2 errors")
        #expect(
            lines.dropFirst().first
                == "FindingTests.swift:\(line): error: the filter 'gblur' has no option 'sigmma'; did you mean 'sigma' or 'sigmaV'?"
        )
        #expect(
            lines.last?.hasPrefix(
                "FindingTests.swift:\(line + 1): error: the filter 'unsharp' does not take 'much' for its option 'la'")
                == true)
    }

    @Test("of a manifest without a definition, the stage is named")
    func manifest() async throws {
        let elsewhere = Pipeline("elsewhere", version: 1, summary: "A test") {
            RawFilter("gblurr")
        } output: {
            MP4(video: .h264(options: ["me_metod": "dia"]), frameRate: 30)
        }
        let manifest = try elsewhere.compile(assets: AssetCatalog()).manifest
        let program = CortinaCommands.Program("test", abstract: "", catalog: Catalog(stages: [], pipelines: []))
        let failure = try await CortinaCommands.Program.$current.withValue(program) {
            let findings = try await testRunner().findings(of: manifest)
            return try Project(home: Checkout.root.path, assets: nil).failure(manifest, findings)
        }
        #expect(failure.description.contains("\n  RawFilter: libavfilter has no filter 'gblurr'; did you mean 'gblur'"))
        #expect(
            failure.description.hasSuffix(
                "\n  output: the encoder 'libx264' has no option 'me_metod'; did you mean 'me_method'?"))
    }
}
