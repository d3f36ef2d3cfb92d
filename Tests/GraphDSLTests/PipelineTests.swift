import Foundation
@testable import GraphDSL
import Testing

/// A stage that needs sound.
private struct Listen: Stage {
    static let descriptor = StageDescriptor("listen", "Needs sound", example: "Listen()")

    func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        var clip = clip
        clip.audio = graph.filter(Filter("volume", ["volume": "0.5"], outputs: [.audio]), on: try graph.audio(of: clip))
        return clip
    }
}

private struct Mute: Stage {
    static let descriptor = StageDescriptor("mute", "Removes sound", example: "Mute()")

    func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        var clip = clip
        clip.audio = nil
        return clip
    }
}

private struct Resize: Stage {
    var width: Int
    static let descriptor = StageDescriptor("resize", "Resizes", example: "Resize(width: 10)") {
        ParameterDescriptor("width", \Resize.width, in: .between(2, 4096), "pixels")
    }

    func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        var clip = clip
        clip.video = graph.filter(.scale(width: .integer(width), height: -2), on: clip.video)
        return clip
    }
}

private struct Caption: Stage {
    static let descriptor = StageDescriptor("caption", "Writes", example: "Caption()")

    func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        var clip = clip
        clip.video = graph.filter(
            Filter("drawtext", ["text": .parameter("nmae"), "x": "%\n'\\:,;[]👩‍🚀"], outputs: [.video]), on: clip.video)
        return clip
    }
}

private struct Both: CompositeStage {
    static let descriptor = StageDescriptor("both", "Resizes and listens", example: "Both()")

    var body: [PlacedStage] {
        Resize(width: 100)
        Listen()
    }
}

private func pipeline(
    parameters: [Parameter] = [], @StageBuilder _ stages: () -> [PlacedStage]
) -> Pipeline {
    Pipeline("test", version: 1, summary: "A test", parameters: parameters, stages: stages) { MP4(frameRate: 30) }
}

struct PipelineTests {
    @Test("the builder takes if, else, for and optionals, and keeps the order")
    func builder() {
        let condition = true
        let absent: Resize? = nil
        let built = pipeline {
            if condition { Resize(width: 2) }
            if !condition { Resize(width: 4) } else { Resize(width: 6) }
            for width in [8, 10] { Resize(width: width) }
            absent
            Optional(Resize(width: 12))
        }
        #expect(built.stages.compactMap { ($0.stage as? Resize)?.width } == [2, 6, 8, 10, 12])
    }

    @Test("all that is wrong is reported at once, each at its own line")
    func diagnostics() throws {
        let first = #line + 2
        let wrong = pipeline {
            Resize(width: 1)
            Mute()
            Listen()
            Both()
            Caption()
        }
        let error = try #require(throws: CompilationError.self) { try wrong.compile(assets: AssetCatalog()) }
        let lines = error.diagnostics.map(\.description)
        try #require(lines.count == 4)
        #expect(lines[0] == "PipelineTests.swift:\(first): error: Resize: width is 1, but must be from 2 to 4096")
        #expect(
            lines[1].hasPrefix(
                "PipelineTests.swift:\(first + 2): error: Listen needs an audio stream, but Mute (line \(first + 1)) removed it"
            ))
        #expect(lines[2].hasPrefix("PipelineTests.swift:\(first + 3): error: Listen needs an audio stream"))
        #expect(lines[2].contains(": note: in Listen"))
        #expect(lines[1].contains("PipelineTests.swift:\(first + 1): note: Mute removes the sound"))
        #expect(lines[1].contains("PipelineTests.swift:\(first + 2): fix: move it before"))
        #expect(lines[3].contains(":\(first + 4): error: Caption uses the parameter 'nmae'"))
    }

    @Test("a misspelt parameter is told from the declared one, and the unused one is a warning")
    func parameters() throws {
        let error = try #require(throws: CompilationError.self) {
            try pipeline(parameters: [Parameter("name", .text(max: 10))]) { Caption() }.compile(assets: AssetCatalog())
        }
        #expect(error.diagnostics.map(\.severity) == [.error, .warning])
        #expect(error.diagnostics[0].message.contains("did you mean 'name'?"))
    }

    @Test("names, versions and output settings out of range are errors")
    func definition() throws {
        let wrong = Pipeline("Not A Name", version: 0, summary: "") {
        } output: {
            MP4(video: .h264(crf: 99), frameRate: 0)
        }
        let error = try #require(throws: CompilationError.self) { try wrong.compile(assets: AssetCatalog()) }
        #expect(error.diagnostics.count == 4)
    }

    @Test("an asset that is not there is an error with the near one's name")
    func assets() throws {
        struct Show: Stage {
            static let descriptor = StageDescriptor("show", "Shows", example: "Show()")
            func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
                _ = graph.source(.asset("brand/wtaermark.png"), .image)
                _ = graph.source(.asset("../secret"), .image)
                return clip
            }
        }
        let path = try #require(AssetPath("brand/watermark.png"))
        let error = try #require(throws: CompilationError.self) {
            try pipeline { Show() }.compile(assets: AssetCatalog([path: ContentDigest(of: Data())]))
        }
        #expect(error.diagnostics.contains { $0.message.contains("did you mean 'brand/watermark.png'?") })
        #expect(error.diagnostics.contains { $0.message.contains("'../secret' cannot be an asset's path") })
    }
}

struct ManifestTests {
    private func manifest() throws -> Manifest {
        try pipeline(parameters: [
            Parameter("nmae", .text(max: 10), default: "x", "who"),
            Parameter("a", .number(.greaterThan(0.5)), default: "1"),
            Parameter("b", .choice(["x", "y"]), default: "y"),
        ]) {
            Resize(width: 100)
            Caption()
            Listen()
        }.compile(assets: AssetCatalog()).manifest
    }

    @Test("the same definition gives the same bytes, and they read back without loss")
    func canonical() throws {
        let manifest = try manifest()
        #expect(try self.manifest().canonicalJSON == manifest.canonicalJSON)
        let again = try Manifest(json: manifest.canonicalJSON)
        #expect(again == manifest)
        #expect(again.canonicalJSON == manifest.canonicalJSON)
        #expect(manifest.canonicalJSON.last == UInt8(ascii: "\n"))
    }

    @Test("the digest is the SHA-256 of the bytes")
    func digest() throws {
        let manifest = try manifest()
        #expect(manifest.digest == ContentDigest(of: manifest.canonicalJSON))
        #expect(
            ContentDigest(of: Data("abc".utf8)).description
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test("a manifest of a newer schema is refused with its number")
    func newer() throws {
        let text = String(decoding: try manifest().canonicalJSON, as: UTF8.self)
            .replacingOccurrences(of: "\"schema\" : 1", with: "\"schema\" : 2")
        let error = #expect(throws: ManifestError.self) { try Manifest(json: Data(text.utf8)) }
        #expect(error == .newerSchema(2, newest: 1))
        #expect(error?.description.contains("update the program") == true)
    }

    @Test(
        "what is no manifest is refused with the place",
        arguments: ["", "[]", "{}", #"{"schema":1}"#, #"{"schema":0}"#, #"{"schema":1,"name":3}"#])
    func unreadable(text: String) {
        #expect(throws: ManifestError.self) { try Manifest(json: Data(text.utf8)) }
    }

    @Test("a graph that reads from nowhere, or an asset that is not listed, is refused")
    func dangling() throws {
        let text = String(decoding: try manifest().canonicalJSON, as: UTF8.self)
        let dangling = text.replacingOccurrences(of: "\"node\" : 0", with: "\"node\" : 77")
        #expect(throws: ManifestError.self) { try Manifest(json: Data(dangling.utf8)) }
        let foreign = text.replacingOccurrences(
            of: "\"content\" : \"video\"", with: "\"asset\" : \"a.mp4\", \"content\" : \"video\"")
        #expect(throws: ManifestError.self) { try Manifest(json: Data(foreign.utf8)) }
    }
}

struct ParameterTests {
    @Test("a value out of range names the parameter, the value and the range")
    func outOfRange() throws {
        let name = Parameter("player", .text(max: 3))
        let error = #expect(throws: ParameterError.self) { try name.value(from: "Anna") }
        #expect(
            error?.description
                == "the parameter 'player' cannot be 'Anna'; it must be text of at most 3 characters, without control characters"
        )
        let strength = Parameter("s", .number(.between(0, 1)))
        for text in ["2", "nan", "inf", "", "0,5"] {
            #expect(throws: ParameterError.self) { try strength.value(from: text) }
        }
        #expect(throws: ParameterError.self) { try Parameter("c", .choice(["a"])).value(from: "b") }
        #expect(throws: ParameterError.self) { try name.value(from: "\u{1b}[") }
        #expect(try name.value(from: "a\nb") == .text("a\nb"))
    }
}
