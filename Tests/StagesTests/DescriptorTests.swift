import Foundation
import GraphDSL
import Runner
import Stages
import TestSupport
import Testing

struct DescriptorTests {
    /// Whether a stage has a file of tests of its own, as `new stage` writes one; its example is checked there.
    private static func hasOwnTest(_ stage: any Stage.Type) -> Bool {
        FileManager.default.fileExists(
            atPath: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "\(stage)Tests.swift").path)
    }

    @Test("names are unique and lower case, summaries are one line, examples name the stage")
    func wellFormed() {
        let descriptors = builtInStages.map { ($0.descriptor, "\($0)") }
        #expect(Set(descriptors.map(\.0.name)).count == builtInStages.count)
        for (descriptor, type) in descriptors {
            #expect(descriptor.name == descriptor.name.lowercased())
            #expect(!descriptor.summary.hasSuffix(".") && !descriptor.summary.contains("\n"))
            #expect(descriptor.example.hasPrefix("\(type)("))
        }
    }

    @Test("every example compiles, in Swift and to a graph, as it is written")
    func examples() throws {
        let pipeline = Pipeline(
            "examples", version: 1, summary: "A test", parameters: [Parameter("player", .text(max: 60))]
        ) {
            Trim(to: .seconds(30))
            Crop(to: .ratio(16, 9), gravity: .top)
            Scale(to: .hd720)
            Pad(to: .hd720, colour: .black)
            Watermark(.asset("brand/watermark.png"), at: .topTrailing, inset: 10, width: 150)
            Bumper(.opening, .asset("brand/intro.mp4"))
            Fade(in: 0.5, out: 1)
            Loudness(target: -16)
            Speed(0.5)
            Title(.parameter("player"), at: .bottomLeading)
            RawFilter("hue", ["s": 0.5])
            StripAudio()
        } output: {
            MP4(frameRate: 30)
        }
        _ = try pipeline.compile(assets: Checkout.assets.catalog())
        let source = try String(contentsOfFile: #filePath, encoding: .utf8).split(separator: "\n")
            .map { $0.drop { $0 == " " } }
        for stage in builtInStages where !Self.hasOwnTest(stage) {
            #expect(source.contains(Substring(stage.descriptor.example)), "\(stage.descriptor.example)")
        }
    }

    @Test("the defaults that descriptors tell are the ones that the initialisers have")
    func defaults() {
        let stages: [any Stage] = [
            Trim(to: 1), Crop(to: .ratio(1, 1)), Scale(to: .hd720), Pad(to: .hd720), Watermark(.asset("a"), at: .top),
            Bumper(.opening, .asset("a")), StripAudio(), Fade(), Loudness(), Speed(1), Title("x"), RawFilter("null"),
        ]
        for stage in stages {
            for parameter in type(of: stage).descriptor.parameters {
                guard let stated = parameter.defaultValue else { continue }
                #expect(parameter.value(of: stage) == stated, "\(type(of: stage)).\(parameter.name)")
            }
        }
        #expect(stages.count == builtInStages.filter { !Self.hasOwnTest($0) }.count)
    }

    @Test("a value out of its range is an error that names stage, parameter, value and range")
    func ranges() throws {
        let pipeline = Pipeline("test", version: 1, summary: "A test") {
            Trim(to: 0)
            Crop(to: .ratio(0, 9))
            Scale(to: .size(PictureSize(width: 101, height: 50)))
            Watermark(.asset("a.png"), at: .top, opacity: 1.5)
            Watermark(.asset("a.png"), at: .top, width: .share(2))
            Speed(0)
            Loudness(target: 3)
            Fade(in: -1)
        } output: {
            MP4(frameRate: 30)
        }
        let error = try #require(throws: CompilationError.self) { try pipeline.compile(assets: AssetCatalog()) }
        let messages = error.diagnostics.map(\.message)
        #expect(messages.count == 8)
        #expect(messages.contains("Trim: to is 0, but must be greater than 0"))
        #expect(messages.contains("Watermark: opacity is 1.5, but must be from 0 to 1"))
        #expect(messages.contains("Scale: to is .size(101x50), but both sides must be even and from 2 to 16384 pixels"))
    }
}
