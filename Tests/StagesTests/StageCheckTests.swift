import GraphDSL
import StageTesting
import Stages
import TestSupport
import Testing

/// The kit for plugin authors: the built-in stages pass it, and what it is there to find it finds.
@Suite(.serialized)
struct StageCheckTests {
    @Test("the built-in stages pass")
    func builtIn() async throws {
        try await StageCheck(Trim(to: .seconds(0.6))).run()
        try await StageCheck(Crop(to: .ratio(16, 9))).run()
        try await StageCheck(Scale(to: .hd720)).run()
        try await StageCheck(Pad(to: .hd720)).run()
        try await StageCheck(
            Watermark(.asset("brand/watermark.png"), at: .top), after: [Scale(to: .hd720)], assets: Checkout.assets
        ).run()
        try await StageCheck(
            Bumper(.opening, .asset("brand/intro.mp4")), after: [Scale(to: .hd720)], assets: Checkout.assets
        ).run()
        try await StageCheck(StripAudio()).run()
        try await StageCheck(Fade(in: 0.2, out: 0.2)).run()
        try await StageCheck(Loudness()).run()
        try await StageCheck(Speed(2)).run()
        try await StageCheck(Title("Ana"), text: { Title(.literal($0)) }).run()
        try await StageCheck(
            Title(.parameter("player")), parameters: [Parameter("player", .text(max: 60))], values: ["player": "Ana"]
        ).run()
        try await StageCheck(RawFilter("hue", ["s": 0.5])).run()
    }

    /// A stage with a descriptor that lies, and other faults.
    private struct Faulty: Stage {
        var strength: Double = 1

        static let descriptor = StageDescriptor(
            "Faulty Stage", "Does something.", example: "Faulty(power: 2)"
        ) {
            ParameterDescriptor("strength", \Faulty.strength, "how much")
            ParameterDescriptor("rate", \Speed.rate, "of another stage")
        }

        func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
            var clip = clip
            clip.audio = graph.filter(
                Filter("volume", ["volume": .number(strength)], outputs: [.audio]), on: try graph.audio(of: clip))
            return clip
        }
    }

    @Test("a descriptor that lies is found out")
    func descriptor() async throws {
        let findings = try await StageCheck(Faulty()).findings()
        for text in [
            "its name 'Faulty Stage'", "its summary is not one line", "the parameter 'rate' is not read from Faulty",
            "its example names 'power'", "it needs sound, but its descriptor's 'needs' does not say so",
        ] {
            #expect(findings.contains { $0.contains(text) }, "\(text): \(findings)")
        }
        await #expect(throws: StageCheckFailure.self) { try await StageCheck(Faulty()).run() }
    }

    /// A stage that lets text decide what runs.
    private struct Careless: Stage {
        var text: String

        static let descriptor = StageDescriptor("careless", "Runs what it is told", example: "Careless()")

        func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
            var clip = clip
            clip.video = graph.filter(
                Filter("drawtext", ["text": .text(text), "expansion": "normal"], outputs: [.video]), on: clip.video)
            if text.contains(";") { clip.video = graph.filter(Filter("negate", outputs: [.video]), on: clip.video) }
            return clip
        }
    }

    @Test("text that changes which filters run, or that a filter expands, is found out")
    func hostileText() async throws {
        let findings = try await StageCheck(Careless(text: "x"), text: { Careless(text: $0) }).findings()
        #expect(findings.contains { $0.contains("a:b,c;d") && $0.contains("changes which filters run") }, "\(findings)")
    }

    /// A stage that asks for a size that the encoder does not take.
    private struct Odd: Stage {
        static let descriptor = StageDescriptor("odd", "Makes odd sizes", example: "Odd()")

        func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
            var clip = clip
            clip.video = graph.filter(.scale(width: 101, height: 55), on: clip.video)
            return clip
        }
    }

    @Test("sizes that cannot be encoded are found out")
    func sizes() async throws {
        let findings = try await StageCheck(Odd()).findings()
        #expect(findings.contains { $0.hasPrefix("a clip of 321x241") }, "\(findings)")
    }

    @Test("another picture than the known one is found out, and the digest is said")
    func golden() async throws {
        let findings = try await StageCheck(RawFilter("negate"), golden: "0000").findings()
        let digest = try #require(findings.first?.split(separator: " ").first { $0.count == 17 }?.dropLast())
        try await StageCheck(RawFilter("negate"), golden: String(digest)).run()
        #expect(try await StageCheck(RawFilter("hflip"), golden: String(digest)).findings().count == 1)
    }
}
