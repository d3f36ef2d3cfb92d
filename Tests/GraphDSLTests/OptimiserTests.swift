@testable import GraphDSL
import Testing

/// A picture of a size, 10 s long.
private func picture(_ width: Int, _ height: Int) -> LinkFormat {
    .video(
        VideoFormat(
            size: .known(PictureSize(width: width, height: height)), sampleAspect: .known(1), frameRate: .known(30),
            pixelFormat: .known("yuv420p"), duration: .exactly(10)))
}

/// The upload through some filters to the output.
private func chain(_ filters: Filter...) -> FilterGraph {
    var graph = FilterGraph()
    var end = graph.add(.init(.source(.init(asset: nil, content: .video))))
    for filter in filters { end = graph.add(.init(.filter(filter), inputs: [end], stage: "Stage")) }
    graph.add(.init(.sink(.video), inputs: [end]))
    return graph
}

private func rewrite(_ pass: some OptimiserPass, _ graph: FilterGraph, of source: LinkFormat) -> FilterRewrite {
    pass.rewrite(graph, formats: FormatInference.formats(of: graph) { _ in source })
}

private func text(_ graph: FilterGraph) -> String? { graph.text(sourceLabel: { _ in "in" }, sinkLabel: { _ in "out" }) }

struct OptimiserTests {
    @Test("passes have names, and run in their order")
    func names() {
        #expect(
            Optimiser.passes.map(\.name)
                == [
                    "remove-no-ops", "resample-once", "fuse-crop-and-scale", "resize-with-zimg",
                    "remove-redundant-formats", "remove-unread", "seek-to-trims",
                ])
        let steps = Optimiser.run(
            on: chain(.scale(width: 1280, height: 720), .sampleAspect(1), .pixelFormat("yuv420p"))
        ) { _ in picture(1280, 720) }
        #expect(steps.last.flatMap { text($0.result.graph) } == "")
        #expect(steps.map { $0.result.changes.count } == [2, 0, 0, 0, 1, 0, 0])
    }

    @Test(
        "what changes nothing is left out",
        arguments: [
            Filter.crop(width: 1920, height: 1080, x: 0, y: 0), .scale(width: 1920, height: 1080),
            .scale(fittingIn: 1920, 1080), .sampleAspect(1), .trim(to: 30), Filter("null", outputs: [.video]),
            .pad(width: 1920, height: 1080, x: 0, y: 0, colour: .black),
        ])
    func noOps(filter: Filter) {
        let result = rewrite(RemoveNoOps(), chain(filter), of: picture(1920, 1080))
        #expect(result.graph.nodes.count == 2 && result.changes.count == 1)
        #expect(result.changes.first?.hasPrefix("\(filter.name) of Stage is left out: ") == true)
    }

    @Test(
        "what changes something stays",
        arguments: [
            Filter.crop(width: 1080, height: 1080, x: 0, y: 0), .scale(width: 1280, height: 720),
            .scale(fittingIn: 1280, 1280), .sampleAspect(Rational(4, 3)), .trim(to: 10), .trim(from: 1, to: 30),
            // It converts, though it does not resize.
            Filter("scale", ["w": 1920, "h": 1080, "out_range": "pc"], outputs: [.video]),
        ])
    func changes(filter: Filter) {
        let graph = chain(filter)
        #expect(rewrite(RemoveNoOps(), graph, of: picture(1920, 1080)) == FilterRewrite(graph, changes: []))
    }

    @Test("of a picture that is not known, everything stays")
    func unknown() {
        let graph = chain(.crop(width: 2, height: 2, x: 0, y: 0), .scale(width: 4, height: 4), .sampleAspect(1))
        for pass in Optimiser.passes {
            #expect(
                pass.rewrite(graph, formats: FormatInference.formats(of: graph) { .unknown($0.kind) }).graph == graph)
        }
    }

    @Test("a filter that is left out leaves the reference to its link in place")
    func reference() {
        var graph = FilterGraph()
        let source = graph.add(.init(.source(.init(asset: nil, content: .video))))
        let same = graph.add(.init(.filter(.sampleAspect(1)), inputs: [source]))
        let scaled = graph.add(.init(.filter(.scale(width: 320, height: 180)), inputs: [same], reference: same))
        graph.add(.init(.sink(.video), inputs: [scaled]))
        let result = rewrite(RemoveNoOps(), graph, of: picture(640, 360)).graph
        #expect(result.nodes[1].reference == source && result.nodes[1].inputs == [source])
    }

    @Test("two scales are one, with the second's size and the first's colours")
    func scales() {
        let first = Filter("scale", ["w": 1440, "h": 1080, "out_range": "tv", "flags": "bicubic"], outputs: [.video])
        let result = rewrite(
            FuseCropAndScale(), chain(first, .sampleAspect(1), .scale(width: 640, height: 480), .sampleAspect(1)),
            of: picture(1440, 1080))
        #expect(text(result.graph) == "[in]setsar=sar=1,scale=flags=bicubic:h=480:out_range=tv:w=640,setsar=sar=1[out]")
    }

    @Test("a picture that is made small and large again stays coarse")
    func coarse() {
        let graph = chain(.scale(width: 64, height: 36), .scale(width: 1280, height: 720))
        #expect(rewrite(FuseCropAndScale(), graph, of: picture(1920, 1080)).graph == graph)
    }

    @Test("the shape of pixels counts: two scales with a shape between them and none behind stay two")
    func shape() {
        let graph = chain(.scale(width: 960, height: 540), .sampleAspect(1), .scale(width: 640, height: 480))
        #expect(rewrite(FuseCropAndScale(), graph, of: picture(1920, 1080)).graph == graph)
    }

    @Test("a crop behind a scale comes before it, where the same part is there in whole pixels")
    func crop() {
        let centred = Filter.crop(
            width: 720, height: 720, x: .expression("(iw-ow)*1/2"), y: .expression("(ih-oh)*1/2"))
        let result = rewrite(
            FuseCropAndScale(), chain(.scale(width: 1280, height: 720), centred, .scale(width: 360, height: 360)),
            of: picture(3840, 2160))
        #expect(text(result.graph) == "[in]crop=h=2160:w=2160:x=840:y=0,scale=flags=bicubic:h=360:w=360[out]")
        #expect(result.changes.count == 2)
        // 1000 of 1280 are 1500 of 1920, but 333 of 720 are 499.5 of 1080.
        let odd = chain(.scale(width: 1280, height: 720), .crop(width: 1000, height: 333, x: 0, y: 0))
        #expect(rewrite(FuseCropAndScale(), odd, of: picture(1920, 1080)).graph == odd)
    }

    private static let zimg = "zscale=f=bicubic:h=720:param_a=0:param_b=0.6:threads=1:w=1280,format=pix_fmts=yuv420p"

    @Test(
        "a plain picture is resized by zimg, which gives the format that it got",
        arguments: [
            Filter.scale(width: 1280, height: 720), .scale(fittingIn: 1280, 1280), .scale(width: 1280, height: -2),
        ])
    func zimg(scale: Filter) {
        let result = rewrite(ResizeWithZimg(), chain(scale, .sampleAspect(1)), of: picture(1920, 1080))
        #expect(text(result.graph) == "[in]\(Self.zimg),setsar=sar=1[out]")
        #expect(result.changes == ["scale of Stage is done by zimg"])
        #expect(result.graph.nodes.filter { $0.stage == "Stage" }.count == 3)
        let formats = FormatInference.formats(of: result.graph) { _ in picture(1920, 1080) }
        #expect(formats[3].first?.video?.size.value == .hd720 && formats[3].first?.video?.sampleAspect.value == 1)
    }

    @Test("behind zimg the sink's conversion is not needed; where there is no zimg, swscale stays")
    func zimgAmongOthers() {
        let steps = Optimiser.run(on: chain(.scale(width: 1280, height: 720), .pixelFormat("yuv420p"))) { _ in
            picture(1920, 1080)
        }
        #expect(steps.last.flatMap { text($0.result.graph) } == "[in]\(Self.zimg)[out]")
        let without = Optimiser.run(on: chain(.scale(width: 1280, height: 720)), hasFilter: { $0 != "zscale" }) { _ in
            picture(1920, 1080)
        }
        #expect(without.last.flatMap { text($0.result.graph) } == "[in]scale=flags=bicubic:h=720:w=1280[out]")
        #expect(without[3].result.changes == ["this libavfilter has no zscale"])
    }

    @Test(
        "what zimg would have to be told of the colours, or cannot do, is left to swscale",
        arguments: [
            chain(Filter("scale", ["w": 1280, "h": 720, "out_range": "tv", "flags": "bicubic"], outputs: [.video])),
            chain(Filter("scale", ["w": 1280, "h": 720, "flags": "neighbor"], outputs: [.video])),
            chain(.scale(width: 1281, height: 720)), chain(.pixelFormat("yuv444p"), .scale(width: 1280, height: 720)),
            chain(.crop(width: 1919, height: 1080, x: 0, y: 0), .scale(width: 1280, height: 720)),
            // Its pictures are RGB, whatever goes in.
            chain(Filter("curves", outputs: [.video]), .scale(width: 1280, height: 720)),
        ])
    func notZimg(graph: FilterGraph) {
        #expect(rewrite(ResizeWithZimg(), graph, of: picture(1920, 1080)) == FilterRewrite(graph, changes: []))
    }

    @Test("a scale that others read too stays")
    func shared() {
        var graph = FilterGraph()
        let source = graph.add(.init(.source(.init(asset: nil, content: .video))))
        let first = graph.add(.init(.filter(.scale(width: 960, height: 540)), inputs: [source]))
        let second = graph.add(.init(.filter(.scale(width: 320, height: 180)), inputs: [first]))
        let laid = graph.add(.init(.filter(.overlay(x: "0", y: "0")), inputs: [first, second]))
        graph.add(.init(.sink(.video), inputs: [laid]))
        #expect(rewrite(FuseCropAndScale(), graph, of: picture(1920, 1080)).graph == graph)
    }

    @Test("a source that no output reads is gone, and named")
    func unread() {
        var graph = chain(.scale(width: 320, height: 180))
        graph.add(.init(.source(.init(asset: nil, content: .audio))))
        let result = rewrite(RemoveUnread(), graph, of: picture(640, 360))
        #expect(result.graph.sources.count == 1 && result.changes == ["the audio of the clip is not read"])
    }
}

struct TimelineTests {
    private let opening = AssetPath("opening.mp4")
    private let closing = AssetPath("closing.mp4")

    private func cut(_ graph: FilterGraph) -> Timeline? {
        Timeline(
            cutting: graph,
            formats: FormatInference.formats(of: graph) { source in
                source.content == .audio
                    ? .audio(
                        AudioFormat(sampleRate: .known(48_000), channelLayout: .known("stereo"), duration: .exactly(10))
                    )
                    : picture(1280, 720)
            })
    }

    /// Bumpers around the upload, with sound or without.
    private func bumpers(sound: Bool, then last: Filter? = nil) -> FilterGraph {
        var graph = FilterGraph()
        func piece(_ asset: AssetPath?) -> [FilterGraph.Endpoint] {
            let video = graph.add(.init(.source(.init(asset: asset, content: .video))))
            guard sound else { return [video] }
            return [video, graph.add(.init(.source(.init(asset: asset, content: .audio))))]
        }
        let body = piece(nil)
        let first = graph.addAll(.init(.filter(.concat(count: 2, audio: sound)), inputs: piece(opening) + body))
        var ends = graph.addAll(.init(.filter(.concat(count: 2, audio: sound)), inputs: first + piece(closing)))
        if let last { ends[0] = graph.add(.init(.filter(last), inputs: [ends[0]])) }
        graph.add(.init(.sink(.video), inputs: [ends[0]]))
        if sound { graph.add(.init(.sink(.audio), inputs: [ends[1]])) }
        return graph
    }

    @Test("bumpers are cut off, and the body is what is left")
    func silent() throws {
        let timeline = try #require(cut(bumpers(sound: false, then: .pixelFormat("yuv420p"))))
        #expect(timeline.leading.map(\.duration) == [10] && timeline.trailing.map(\.duration) == [10])
        #expect(timeline.leading[0].graph.sources.map(\.source.asset) == [opening])
        #expect(timeline.trailing[0].graph.sources.map(\.source.asset) == [closing])
        #expect(timeline.bodyDuration == 10)
        for graph in [timeline.leading[0].graph, timeline.body] {
            #expect(text(graph) == "[in]format=pix_fmts=yuv420p[out]")
        }
    }

    @Test("the sound stays in one piece, each part as long as its picture")
    func sound() throws {
        let timeline = try #require(cut(bumpers(sound: true)))
        #expect(timeline.leading[0].graph.sinks == [.video] && timeline.body.sinks == [.video, .audio])
        let filters = timeline.body.nodes.compactMap { node in
            if case .filter(let filter) = node.operation { filter.text } else { nil }
        }
        #expect(filters.count { $0 == "concat=a=1:n=2:v=0" } == 2)
        #expect(filters.contains("apad=whole_dur=10") && filters.contains("atrim=end=20"))
        // The picture keeps its last frame up to where the sound goes on.
        #expect(filters.contains("tpad=stop=-1:stop_mode=clone") && filters.contains("trim=end=10"))
        #expect(timeline.body.sources.map(\.source.content) == [.video, .audio, .audio, .audio])
    }

    @Test("what is laid over the whole keeps it in one piece")
    func overlaid() {
        #expect(cut(bumpers(sound: false, then: .fadeOut(over: 1))) == nil)
    }

    @Test("without a constant piece, or with nothing else, there is nothing to cut")
    func nothing() {
        #expect(cut(chain(.scale(width: 640, height: 360))) == nil)
        var graph = FilterGraph()
        let pieces = [opening, closing].map { graph.add(.init(.source(.init(asset: $0, content: .video)))) }
        let joined = graph.add(.init(.filter(.concat(count: 2, audio: false)), inputs: pieces))
        graph.add(.init(.sink(.video), inputs: [joined]))
        #expect(cut(graph) == nil)
    }

    @Test("a piece between two uses of the clip is part of the body")
    func between() throws {
        var graph = FilterGraph()
        let clip = graph.add(.init(.source(.init(asset: nil, content: .video))))
        let middle = graph.add(.init(.source(.init(asset: opening, content: .video))))
        let end = graph.add(.init(.source(.init(asset: closing, content: .video))))
        let joined = graph.add(
            .init(.filter(.concat(count: 4, audio: false)), inputs: [clip, middle, clip, end]))
        graph.add(.init(.sink(.video), inputs: [joined]))
        let timeline = try #require(cut(graph))
        #expect(timeline.leading.isEmpty && timeline.trailing.count == 1 && timeline.bodyDuration == 30)
        #expect(timeline.body.sources.count == 2)
    }

    @Test("what a trim cuts off is not read: its rate begins a frame before, at a time that it had")
    func seeks() {
        let result = rewrite(
            SeekToTrims(),
            chain(.pixelFormat("yuv420p"), .frameRate(30), .trim(from: 12.34, to: 20), .setPTS("PTS-STARTPTS")),
            of: picture(1920, 1080))
        #expect(result.graph.sources.first?.source.from == Seconds(12.3))
        #expect(
            text(result.graph)?.contains("start_time=12.3:") == true
                || text(result.graph)?.contains("start_time=12.3,") == true)
        #expect(result.changes == ["the clip's video is read from 12.3 s on: nothing before is shown"])
    }

    @Test(
        "what may show something of before, or begins soon, is read whole",
        arguments: [
            [Filter.frameRate(30), .setPTS("PTS/2"), .trim(from: 5, to: 9)], [.frameRate(30), .trim(to: 9)],
            [.frameRate(30), .trim(from: 0.5, to: 9)], [.trim(from: 5, to: 9), .frameRate(30)],
            [Filter("bwdif", outputs: [.video]), .frameRate(30), .trim(from: 5, to: 9)],
            // It moves by the frame's number.
            [.frameRate(30), Filter("crop", ["w": 100, "x": "n/2"], outputs: [.video]), .trim(from: 5, to: 9)],
        ])
    func wholes(filters: [Filter]) {
        var graph = FilterGraph()
        var end = graph.add(.init(.source(.init(asset: nil, content: .video))))
        for filter in filters { end = graph.add(.init(.filter(filter), inputs: [end])) }
        graph.add(.init(.sink(.video), inputs: [end]))
        let result = rewrite(SeekToTrims(), graph, of: picture(1920, 1080))
        #expect(result.graph == graph && result.changes.isEmpty)
    }

    @Test("a picture that is read twice is read whole")
    func twice() {
        var graph = FilterGraph()
        let source = graph.add(.init(.source(.init(asset: nil, content: .video))))
        let rate = graph.add(.init(.filter(.frameRate(30)), inputs: [source]))
        let pieces = [Seconds(2), 6].map { graph.add(.init(.filter(.trim(from: $0, to: 9)), inputs: [rate])) }
        let joined = graph.add(.init(.filter(.concat(count: 2, audio: false)), inputs: pieces))
        graph.add(.init(.sink(.video), inputs: [joined]))
        #expect(rewrite(SeekToTrims(), graph, of: picture(1920, 1080)).graph == graph)
    }
}
