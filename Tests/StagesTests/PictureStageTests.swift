import Foundation
import GraphDSL
import LibAV
import Runner
import Stages
import TestSupport
import Testing

/// Runs one stage on a clip and decodes what comes out.
func result(
    of clip: String, in scratch: Scratch, assets: AssetFolder = Checkout.assets, parameters: [String: String] = [:],
    declaring declared: [Parameter] = [], frameRate: Rational = 30, keeping keep: @escaping (Int) -> Bool = { $0 == 5 },
    @StageBuilder _ stages: () -> [PlacedStage]
) async throws -> DecodedClip {
    let pipeline = Pipeline("test", version: 1, summary: "A test", parameters: declared, stages: stages) {
        MP4(video: .h264(preset: .ultrafast, crf: 4), frameRate: frameRate)
    }
    let output = scratch.path("out.mp4")
    try await make(pipeline, of: clip, to: output, assets: assets, parameters: parameters)
    let decoded = try DecodedClip(output, keeping: keep)
    #expect(decoded.errors == 0)
    return decoded
}

struct PictureStageTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Four colours: red top left, green top right, blue bottom left, white bottom right.
    private func quarters() throws -> String {
        try TestClip.make(
            "quarters.mp4", in: scratch,
            "-f lavfi -i color=red:s=320x180:d=1:r=30 -f lavfi -i color=lime:s=320x180:d=1:r=30 "
                + "-f lavfi -i color=blue:s=320x180:d=1:r=30 -f lavfi -i color=white:s=320x180:d=1:r=30 "
                + "-filter_complex [0][1]hstack[a];[2][3]hstack[b];[a][b]vstack,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p "
                + "-c:v libx264 -preset ultrafast -crf 2 -color_range tv -colorspace bt709 -color_primaries bt709 -color_trc bt709"
        )
    }

    /// BT.709 limited-range luma (Rec. ITU-R BT.709-6, item 3): 16 + 219 (0.2126 R + 0.7152 G + 0.0722 B).
    private static let luma = (red: 62.6, green: 172.6, blue: 31.8, white: 235.0, black: 16.0)

    @Test("a ratio keeps the largest part of that shape, from the side that gravity names")
    func cropRatio() async throws {
        let clip = try quarters()
        let square = try await result(of: clip, in: scratch) { Crop(to: .ratio(1, 1), gravity: .leading) }
        let left = try #require(square.pictures[5])
        #expect((left.width, left.height) == (360, 360))
        #expect(abs(left.mean(x: 0...0.8, y: 0...0.4) - Self.luma.red) < 4)
        #expect(abs(left.mean(x: 0.95...1, y: 0...0.4) - Self.luma.green) < 4)
        let right = try await result(of: clip, in: scratch) { Crop(to: .ratio(1, 1), gravity: .trailing) }
        #expect(abs(try #require(right.pictures[5]).mean(x: 0...0.02, y: 0...0.4) - Self.luma.red) < 4)
        #expect(abs(try #require(right.pictures[5]).mean(x: 0.2...1, y: 0...0.4) - Self.luma.green) < 4)
    }

    @Test("a rectangle is cut from its own place")
    func cropRectangle() async throws {
        let cut = try await result(of: try quarters(), in: scratch) {
            Crop(to: .rectangle(x: 330, y: 190, width: 100, height: 60))
        }
        let picture = try #require(cut.pictures[5])
        #expect((picture.width, picture.height) == (100, 60))
        #expect(abs(picture.mean() - Self.luma.white) < 3)
    }

    @Test("a crop larger than the clip's picture is refused with both sizes")
    func cropTooLarge() async throws {
        let error = await #expect(throws: RunError.self) {
            _ = try await result(of: try quarters(), in: scratch) { Crop(to: .size(.hd1080)) }
        }
        #expect(error?.description.contains("1920x1080") == true && error?.description.contains("640x360") == true)
        #expect(error?.blame == .input)
    }

    @Test("padding shows the whole picture, in its shape, with the colour around it")
    func pad() async throws {
        let padded = try await result(of: try quarters(), in: scratch) {
            Pad(to: .size(PictureSize(width: 640, height: 640)), colour: .white)
        }
        let picture = try #require(padded.pictures[5])
        #expect((picture.width, picture.height) == (640, 640))
        #expect(abs(picture.mean(x: 0...1, y: 0...0.2) - Self.luma.white) < 2)
        #expect(abs(picture.mean(x: 0...0.49, y: 0.23...0.49) - Self.luma.red) < 4)
        let ratio = try await result(of: try quarters(), in: scratch) { Pad(to: .ratio(2, 1), gravity: .trailing) }
        #expect((ratio.video?.width, ratio.video?.height) == (720, 360))
        #expect(abs(try #require(ratio.pictures[5]).mean(x: 0...0.1) - Self.luma.black) < 2)
    }

    @Test("scaling to a width or a height keeps the shape; to a size gives it, with square pixels")
    func scale() async throws {
        let clip = try quarters()
        let wide = try await result(of: clip, in: scratch) { Scale(to: .width(320)) }
        #expect((wide.video?.width, wide.video?.height) == (320, 180))
        let high = try await result(of: clip, in: scratch) { Scale(to: .height(720)) }
        #expect((high.video?.width, high.video?.height) == (1280, 720))
        let stretched = try await result(of: clip, in: scratch) {
            Scale(to: .size(PictureSize(width: 100, height: 100)))
        }
        #expect((stretched.video?.width, stretched.video?.height) == (100, 100))
        #expect(stretched.video?.sampleAspect.numerator == stretched.video?.sampleAspect.denominator)
    }

    @Test("the watermark lies at each of nine places, in its width and inset", arguments: Position.allCases)
    func watermark(position: Position) async throws {
        let assets = AssetFolder(path: scratch.folder.path)
        try TestClip.make("mark.png", in: scratch, "-f lavfi -i color=white:s=100x50 -frames:v 1 -pix_fmt rgba")
        let clip = try TestClip.colour("black", "black.mp4", in: scratch)
        let marked = try await result(of: clip, in: scratch, assets: assets) {
            Watermark(.asset("mark.png"), at: position, inset: 10, width: .share(0.25))
        }
        let picture = try #require(marked.pictures[5])
        // 80x40 of 320x180 pixels.
        let x = [0: 10, 1: 230][position.horizontal] ?? 120
        let y = [0: 10, 1: 130][position.vertical] ?? 70
        func mean(_ x: Int, _ y: Int, _ w: Int, _ h: Int) -> Double {
            picture.mean(x: Double(x) / 320...Double(x + w) / 320, y: Double(y) / 180...Double(y + h) / 180)
        }
        #expect(mean(x + 2, y + 2, 76, 36) > 225)
        for (dx, dy) in [(-4, 10), (82, 10), (30, -4), (30, 42)] {
            #expect(mean(x + dx, y + dy, 2, 2) < 30, "\(dx), \(dy)")
        }
    }

    @Test("half the opacity gives half the light, and transparency is kept")
    func opacity() async throws {
        let assets = AssetFolder(path: scratch.folder.path)
        try TestClip.make(
            "mark.png", in: scratch,
            "-f lavfi -i color=white:s=64x64,format=rgba,geq=r=255:g=255:b=255:a='255*lt(X\\,32)' -frames:v 1")
        let clip = try TestClip.colour("black", "black.mp4", in: scratch)
        let marked = try await result(of: clip, in: scratch, assets: assets) {
            Watermark(.asset("mark.png"), at: .topLeading, opacity: 0.5)
        }
        let picture = try #require(marked.pictures[5])
        #expect(abs(picture.mean(x: 0.02...0.08, y: 0.02...0.3) - 125.5) < 4)
        #expect(picture.mean(x: 0.12...0.19, y: 0.02...0.3) < 18)
    }

    @Test("a title is drawn where it is asked for, while it is asked for")
    func title() async throws {
        let clip = try TestClip.colour("black", "black.mp4", in: scratch, seconds: 2)
        let titled = try await result(of: clip, in: scratch, keeping: { [10, 45].contains($0) }) {
            Title("CORTINA", at: .bottom, size: .share(0.2), inset: 10, from: 1, for: 0.9)
        }
        #expect(try #require(titled.pictures[10]).mean() < 17)
        let picture = try #require(titled.pictures[45])
        #expect(picture.mean(x: 0.2...0.8, y: 0.72...0.95) > 40)
        #expect(picture.mean(y: 0...0.5) < 17)
    }

    @Test(
        "text from a run is drawn as it is, never read as syntax",
        arguments: [
            "Ana", "O'Neill: 100% [sic], a;b\\c", "':x=0:text=', drawbox[out]", "%{localtime} %{pts}", "王秀英 👩‍🚀",
            "two\nlines", "",
            String(repeating: "W", count: 60),
        ])
    func hostileTitle(text: String) async throws {
        let clip = try TestClip.colour("black", "black.mp4", in: scratch, size: "640x360")
        let titled = try await result(
            of: clip, in: scratch, parameters: ["player": text], declaring: [Parameter("player", .text(max: 60))]
        ) { Title(.parameter("player"), at: .center) }
        let picture = try #require(titled.pictures[5])
        // A font without a glyph draws a thin box for it.
        #expect((picture.mean(x: 0...1, y: 0.35...0.65) > 16.2) == !text.isEmpty)
        // However long, it stays inside the picture.
        #expect(picture.mean(x: 0...0.01) < 17 && picture.mean(x: 0.99...1) < 17)
    }

    @Test(
        "colours keep their place whatever matrix and range they came in",
        arguments: [
            ("bt601", "tv", "-colorspace smpte170m"), ("bt601", "tv", ""),
            ("bt601", "pc", "-colorspace bt470bg -color_range pc"),
            ("bt709", "pc", "-colorspace bt709 -color_range pc"),
        ])
    func colours(matrix: String, range: String, tags: String) async throws {
        let clip = try TestClip.make(
            "red.mp4", in: scratch,
            "-f lavfi -i color=red:s=320x180:d=1:r=30 -vf scale=out_color_matrix=\(matrix):out_range=\(range),format=yuv420p "
                + "-c:v libx264 -preset ultrafast -crf 2 \(tags)")
        let picture = try #require(try await result(of: clip, in: scratch) {}.pictures[5])
        #expect(abs(picture.mean() - Self.luma.red) < 2)
        // Rec. ITU-R BT.709-6, item 3: 128 + 224 (R - Y) / 1.5748.
        #expect(abs(picture.mean(of: \.cr) - 240) < 2)
    }

    @Test("a filter that works on RGB alone: what is behind it has the output's colours again")
    func recolouring() async throws {
        let lit = try await result(of: try quarters(), in: scratch) {
            RawFilter("curves", ["all": "0/1 1/1"])
            Scale(to: .hd720)
        }
        let picture = try #require(lit.pictures[5])
        #expect((picture.width, picture.height) == (1280, 720))
        #expect(abs(picture.mean() - Self.luma.white) < 2 && abs(picture.mean(of: \.cr) - 128) < 2)
        // The other way round: zimg is not asked to know the colours.
        let late = try await result(of: try quarters(), in: scratch) {
            Scale(to: .hd720)
            RawFilter("curves", ["all": "0/1 1/1"])
        }
        #expect(abs(try #require(late.pictures[5]).mean() - Self.luma.white) < 2)
    }

    @Test("a raw filter does what libavfilter does; one that is not there is an error that names it")
    func raw() async throws {
        let grey = try await result(of: try quarters(), in: scratch) { RawFilter("hue", ["s": 0]) }
        let picture = try #require(grey.pictures[5])
        #expect(abs(picture.mean(x: 0...0.4, y: 0...0.4, of: \.cr) - 128) < 2)
        await #expect(throws: RunError.self) {
            _ = try await result(of: try quarters(), in: scratch) { RawFilter("hueue") }
        }
        await #expect(throws: CompilationError.self) {
            _ = try await result(of: try quarters(), in: scratch) { RawFilter("hue=s=0,movie=/etc/passwd") }
        }
    }
}
