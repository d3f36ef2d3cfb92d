import Foundation
import GraphDSL
import Runner
import TestSupport
import Testing

/// The code of the tutorials is this target's own: what they show compiles and does what they say.
struct TutorialTests {
    private static let catalog = Checkout.root.appending(path: "Sources/GraphDSL/GraphDSL.docc")

    private func lines(_ file: URL) throws -> [Substring] {
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    }

    @Test(
        "each step's code is the finished file without some of its lines",
        arguments: ["HighlightV1.swift", "Slate.swift"])
    func steps(name: String) throws {
        let resources = Self.catalog.appending(path: "Resources")
        let finished = try lines(Checkout.root.appending(path: "Tests/TutorialTests/\(name)"))
        #expect(try lines(resources.appending(path: name)) == finished)
        let prefix = name == "Slate.swift" ? "first-stage-" : "first-pipeline-"
        for number in 1...2 {
            let step = try lines(resources.appending(path: "\(prefix)\(number).swift"))
            let difference = step.difference(from: finished)
            #expect(difference.insertions.isEmpty && !difference.removals.isEmpty, "\(prefix)\(number)")
        }
    }

    @Test("the test that the tutorial shows is the one that runs here")
    func shownTest() throws {
        let shown = try lines(Self.catalog.appending(path: "Resources/SlateTests.swift"))
        #expect(try lines(Checkout.root.appending(path: "Tests/TutorialTests/SlateTests.swift")) == shown)
    }

    @Test("the tutorial's pipeline runs as the tutorial says")
    func highlight() async throws {
        let scratch = try Scratch()
        let clip = try TestClip.plain(in: scratch, seconds: 1, size: "240x320")
        let report = try await make(.highlightV1, of: clip, to: scratch.path("out.mp4"))
        #expect(report.frames == 30)
        #expect(
            try await testRunner().probe(scratch.path("out.mp4")).video?.codedSize
                == PictureSize(width: 1280, height: 720))
    }

    @Test("the landing page's pipeline is the tutorial's")
    func landing() throws {
        let page = try String(contentsOf: Self.catalog.appending(path: "GraphDSL.md"), encoding: .utf8)
        let block = try #require(page.split(separator: "```").dropFirst().first)
        let finished = try lines(Checkout.root.appending(path: "Tests/TutorialTests/HighlightV1.swift"))
            .map { $0.drop { $0 == " " } }
        for line in block.split(separator: "\n").dropFirst(2) {
            #expect(finished.contains(line.drop { $0 == " " }), "\(line)")
        }
    }
}
