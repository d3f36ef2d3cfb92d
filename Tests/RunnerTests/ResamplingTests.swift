import GraphDSL
import LibAV
import Runner
import Stages
import TestSupport
import Testing

/// A clip's picture is resampled once, and HDR is tone-mapped at the smaller of its size and the one that is shown.
struct ResamplingTests {
    /// What an upload would be.
    private func upload(
        _ fixture: String, _ width: Int, _ height: Int, change: (inout MediaInfo.Video) -> Void = { _ in }
    )
        async throws -> MediaInfo
    {
        var info = try await testRunner().probe(Checkout.fixture(fixture))
        info.video?.codedSize = PictureSize(width: width, height: height)
        if var video = info.video {
            change(&video)
            info.video = video
        }
        return info
    }

    /// The filters on the way of the upload's picture that compute it anew, and the plan's size.
    private func plan(
        of info: MediaInfo, @StageBuilder _ stages: () -> [PlacedStage]
    ) throws -> (filters: [Filter], scalers: [Filter], size: PictureSize?) {
        let pipeline = Pipeline("test", version: 1, summary: "A test", stages: stages) { MP4(frameRate: 30) }
        let plan = try Binder.bind(
            pipeline.compile(assets: AssetCatalog()).manifest, to: info, named: "clip.mp4", assets: [:])
        let filters = plan.graph.nodes.compactMap { node -> Filter? in
            if case .filter(let filter) = node.operation, filter.outputs == [.video] { filter } else { nil }
        }
        return (filters, filters.filter { ["scale", "zscale"].contains($0.name) }, plan.size)
    }

    @StageBuilder private func showcase() -> [PlacedStage] {
        Trim(to: 30)
        Crop(to: .ratio(16, 9))
        Scale(to: .hd720)
    }

    @Test("HDR is resized on the way to linear light, what is cut away is not computed")
    func toneMapping() async throws {
        let found = try plan(of: try await upload("hlg.mp4", 3840, 2160), showcase)
        #expect(found.scalers.count == 2 && found.size == .hd720)
        #expect(found.scalers[0].options["w"] == 1280 && found.scalers[0].options["h"] == 720)
        #expect(found.scalers[1].options["w"] == nil && found.scalers[1].options["t"] == "bt709")
        // 4032x3024 is cropped to 4032x2268.
        let photo = try plan(of: try await upload("hlg.mp4", 4032, 3024), showcase)
        #expect(photo.filters[0].name == "crop" && photo.filters[0].options["h"] == 2268 && photo.scalers.count == 2)
        // A turned picture is resized as it lies.
        let turned = try plan(of: try await upload("hlg.mp4", 2160, 3840) { $0.orientation = .clockwise }) {
            Pad(to: .hd720)
        }
        #expect(turned.scalers[0].options["w"] == 720 && turned.scalers[0].options["h"] == 1280)
    }

    @Test("HDR that is enlarged is tone-mapped before")
    func enlarging() async throws {
        let found = try plan(of: try await upload("pq.mp4", 640, 360), showcase)
        #expect(found.scalers[0].options["w"] == nil && found.scalers[1].options["w"] == 1280)
    }

    @Test("what has no scale behind it keeps its size, pictures above UHD are halved")
    func unscaled() async throws {
        let kept = try plan(of: try await upload("hlg.mp4", 3840, 2160)) { StripAudio() }
        #expect(kept.scalers.count == 2 && kept.scalers.allSatisfy { $0.options["w"] == nil })
        let halved = try plan(of: try await upload("hlg.mp4", 7680, 4320)) { StripAudio() }
        #expect(halved.scalers[0].options["w"] == 3840 && halved.scalers[0].options["h"] == 2160)
    }

    @Test("crop, shape, matrix, range and size are one zscale")
    func once() async throws {
        let found = try plan(
            of: try await upload("full-range.mp4", 1440, 1080) {
                $0.sampleAspect = Rational(4, 3)
                $0.colour.matrix = "smpte170m"
                $0.orientation = .upsideDown
            }, showcase)
        let scaler = try #require(found.scalers.first)
        #expect(found.scalers.count == 1 && scaler.name == "zscale")
        #expect(scaler.options["w"] == 1280 && scaler.options["h"] == 720 && scaler.options["rin"] == "full")
        #expect(scaler.options["min"] == "smpte170m" && scaler.options["m"] == "bt709")
        // Turned at the size that is shown.
        let names = found.filters.map(\.name)
        let place = try #require(names.firstIndex(of: "zscale"))
        #expect(try place < #require(names.firstIndex(of: "hflip")) && place < #require(names.firstIndex(of: "vflip")))
    }

    @Test("a picture that keeps its size while its pixels become square is told so")
    func aspect() async throws {
        let found = try plan(
            of: try await upload("bt601.mp4", 1440, 1080) { $0.sampleAspect = Rational(4, 3) }
        ) { Scale(to: .size(PictureSize(width: 1440, height: 1080))) }
        #expect(
            found.scalers.count == 1
                && found.filters.contains { $0.name == "setsar" && $0.options["sar"] == .rational(1) })
    }

    @Test("a picture that is made small and large again stays coarse")
    func coarse() async throws {
        let found = try plan(of: try await upload("bt601.mp4", 640, 360)) {
            Scale(to: .size(PictureSize(width: 64, height: 36)))
            Scale(to: .size(PictureSize(width: 640, height: 360)))
        }
        #expect(found.scalers.count == 2 && found.scalers[0].options["w"] == 64)
    }

    @Test(
        "pixels within 1 % of square are square, others are not",
        arguments: [
            (1281, 1280, true), (4739, 4740, true), (13359, 13333, true), (100, 101, true), (64, 63, false),
            (4, 3, false),
        ])
    func nearlySquare(width: Int, height: Int, isSquare: Bool) async throws {
        let scratch = try Scratch()
        let clip = try TestClip.make(
            "clip.mp4", in: scratch,
            "-f lavfi -i testsrc2=s=640x360:r=30:d=0.2 -vf scale=out_color_matrix=bt709:out_range=tv,setsar=\(width)/\(height):max=20000 "
                + "-pix_fmt yuv420p -c:v libx264 -color_range tv -colorspace bt709 -color_primaries bt709 -color_trc bt709"
        )
        let info = try await testRunner().probe(clip)
        #expect((info.video?.sampleAspect == 1) == isSquare)
        #expect((info.video?.displaySize == PictureSize(width: 640, height: 360)) == isSquare)
        let found = try plan(of: info) { StripAudio() }
        #expect(found.scalers.isEmpty == isSquare)
    }
}
