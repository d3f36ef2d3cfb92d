import GraphDSL
import LibAV
import Runner
import Stages
import TestSupport
import Testing

/// HDR is tone-mapped at the size that the pipeline shows, where nothing before counts pixels.
struct ReductionTests {
    /// What a 4K HLG clip would be.
    private func upload(_ width: Int, _ height: Int, turned: Bool = false) async throws -> MediaInfo {
        var info = try await testRunner().probe(Checkout.fixture("hlg.mp4"))
        info.video?.codedSize = PictureSize(width: width, height: height)
        if turned { info.video?.orientation = .clockwise }
        return info
    }

    /// The size that the picture is brought to before tone mapping, and that of the output.
    private func sizes(
        of info: MediaInfo, @StageBuilder _ stages: () -> [PlacedStage]
    ) throws -> (toneMapped: [OptionValue?], output: PictureSize?) {
        let pipeline = Pipeline("test", version: 1, summary: "A test", stages: stages) { MP4(frameRate: 30) }
        let plan = try Binder.bind(
            pipeline.compile(assets: AssetCatalog()).manifest, to: info, named: "clip.mp4", assets: [:])
        let filters = plan.graph.nodes.compactMap { node -> Filter? in
            if case .filter(let filter) = node.operation, filter.name == "zscale" { filter } else { nil }
        }
        let first = try #require(filters.first)
        return ([first.options["w"], first.options["h"]], plan.size)
    }

    @Test("a trim, a crop to a shape and a scale: the scale's size, as far as a whole number goes")
    func showcase() async throws {
        let found = try sizes(of: try await upload(3840, 2160)) {
            Trim(to: 30)
            Crop(to: .ratio(16, 9))
            Scale(to: .hd720)
        }
        #expect(found.toneMapped == [1280, 720] && found.output == .hd720)
        // 4032x3024 is cropped to 4032x2268, 3.15 times 720p.
        let photo = try sizes(of: try await upload(4032, 3024)) {
            Crop(to: .ratio(16, 9))
            Scale(to: .hd720)
        }
        #expect(photo.toneMapped == [1344, 1008] && photo.output == .hd720)
        let fitted = try sizes(of: try await upload(2160, 3840, turned: true)) { Pad(to: .hd720) }
        #expect(fitted.toneMapped == [720, 1280] && fitted.output == .hd720)
    }

    @Test("what counts pixels before the scale, or has no scale behind it, keeps the size")
    func kept() async throws {
        let info = try await upload(3840, 2160)
        let rectangle = try sizes(of: info) {
            Crop(to: .rectangle(x: 0, y: 0, width: 1280, height: 720))
            Scale(to: .size(PictureSize(width: 640, height: 360)))
        }
        #expect(rectangle.toneMapped == [nil, nil])
        let titled = try sizes(of: info) {
            Title("x", size: 40)
            Scale(to: .hd720)
        }
        #expect(titled.toneMapped == [nil, nil])
        let whole = try sizes(of: info) { Trim(to: 1) }
        #expect(whole.toneMapped == [nil, nil] && whole.output == .uhd2160)
    }

    @Test("8K is halved whatever comes, for memory's sake")
    func huge() async throws {
        let found = try sizes(of: try await upload(7680, 4320)) { Trim(to: 1) }
        #expect(found.toneMapped == [3840, 2160] && found.output == .uhd2160)
    }
}
