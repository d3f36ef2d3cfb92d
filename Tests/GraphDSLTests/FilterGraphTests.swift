@testable import GraphDSL
import Testing

struct FilterGraphTests {
    private func text(_ graph: FilterGraph) -> String? {
        graph.text(sourceLabel: { "0:\($0)" }, sinkLabel: { "out\($0)" })
    }

    @Test("a chain is written with commas, its ends with labels")
    func chain() {
        var graph = FilterGraph()
        let source = graph.add(.init(.source(.init(asset: nil, content: .video))))
        let scaled = graph.add(.init(.filter(.scale(width: 640, height: -2)), inputs: [source]))
        let cropped = graph.add(.init(.filter(Filter("hflip", outputs: [.video])), inputs: [scaled]))
        graph.add(.init(.sink(.video), inputs: [cropped]))
        #expect(text(graph) == "[0:0]scale=flags=bicubic:h=-2:w=640,hflip[out0]")
    }

    @Test("a link that two filters read goes through a split")
    func split() {
        var graph = FilterGraph()
        let source = graph.add(.init(.source(.init(asset: nil, content: .video))))
        let blurred = graph.add(.init(.filter(Filter("gblur", outputs: [.video])), inputs: [source]))
        let laid = graph.add(.init(.filter(.overlay(x: "0", y: "0")), inputs: [blurred, source]))
        graph.add(.init(.sink(.video), inputs: [laid]))
        #expect(
            text(graph.splitting())
                == "[0:0]split=outputs=2[n1][n1_1];[n1]gblur[n2];[n2][n1_1]overlay=eof_action=repeat:format=yuv420:x=0:y=0[out0]"
        )
    }

    @Test("a pad that nobody reads ends in a null sink, and a filter that leads nowhere is left out")
    func unread() {
        var graph = FilterGraph()
        let source = graph.add(.init(.source(.init(asset: nil, content: .video))))
        let copies = graph.addAll(.init(.filter(.split(.video, count: 2)), inputs: [source]))
        graph.add(.init(.filter(Filter("hflip", outputs: [.video])), inputs: [copies[1]]))
        graph.add(.init(.sink(.video), inputs: [copies[0]]))
        #expect(text(graph.pruned()) == "[0:0]split=outputs=2[out0][n1_1];[n1_1]nullsink")
    }

    @Test("an option without a value yet makes no text")
    func parameter() {
        var graph = FilterGraph()
        let source = graph.add(.init(.source(.init(asset: nil, content: .video))))
        graph.add(.init(.filter(Filter("hue", ["s": .parameter("s")], outputs: [.video])), inputs: [source]))
        #expect(text(graph) == nil)
        #expect(graph.parameters == ["s"])
    }
}

struct FormatInferenceTests {
    private func video(_ size: PictureSize, seconds: Seconds) -> LinkFormat {
        .video(
            VideoFormat(
                size: .known(size), sampleAspect: .known(1), frameRate: .known(30), pixelFormat: .known("yuv420p"),
                duration: .exactly(seconds)))
    }

    private func infer(_ filter: Filter, _ input: LinkFormat) -> VideoFormat? {
        FormatInference.outputs(of: filter, inputs: [input]).first?.video
    }

    @Test("sizes follow scale's rules: -2 keeps the shape, fitting stays inside, both even")
    func sizes() {
        let input = video(PictureSize(width: 854, height: 480), seconds: 10)
        #expect(infer(.scale(width: 1280, height: -2), input)?.size.value == PictureSize(width: 1280, height: 720))
        #expect(infer(.scale(fittingIn: 1280, 720), input)?.size.value == PictureSize(width: 1280, height: 718))
        #expect(
            infer(.crop(width: 100, height: 50, x: 0, y: 0), input)?.size.value == PictureSize(width: 100, height: 50))
    }

    @Test("stretching a picture is seen in the shape of its pixels")
    func aspect() {
        let input = video(PictureSize(width: 100, height: 100), seconds: 1)
        #expect(infer(.scale(width: 200, height: 100), input)?.sampleAspect.value == Rational(1, 2))
    }

    @Test("durations follow trims, stretches and joins")
    func durations() {
        let input = video(.hd720, seconds: 10)
        #expect(infer(.trim(to: 4), input)?.duration == .exactly(4))
        #expect(infer(.trim(from: 2, to: 40), input)?.duration == .exactly(8))
        #expect(infer(.trim(from: 20, to: 40), input)?.duration == .exactly(0))
        #expect(infer(.setPTS("PTS/2"), input)?.duration == .exactly(5))
        #expect(infer(.setPTS("PTS+random(0)"), input)?.duration == .unknown)
        let joined = FormatInference.outputs(
            of: .concat(count: 2, audio: false), inputs: [input, video(.hd720, seconds: 3)])
        #expect(joined.first?.duration == .exactly(13))
        let unknown = LinkFormat.video(.unknown)
        #expect(infer(.trim(to: 4), unknown)?.duration == .atMost(4))
    }

    @Test("after a filter that is not known, nothing is taken for granted")
    func unknown() {
        #expect(infer(Filter("zoompan", outputs: [.video]), video(.hd720, seconds: 1)) == .unknown)
        #expect(infer(Filter("hue", outputs: [.video]), video(.hd720, seconds: 1))?.size.value == .hd720)
    }
}
