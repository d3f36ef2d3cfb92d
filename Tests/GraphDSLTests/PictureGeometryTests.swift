import Testing

@testable import GraphDSL

struct PictureGeometryTests {
    private let source = PictureSize(width: 1920, height: 1080)

    @Test(
        "a corner is found again through each turn",
        arguments: [
            ("hflip", nil, (1664, 0)), ("vflip", nil, (0, 936)), ("transpose", "clock", (0, 824)),
            ("transpose", "cclock", (1776, 0)), ("transpose", "cclock_flip", (0, 0)),
            ("transpose", "clock_flip", (1776, 824)),
        ] as [(String, String?, (Int, Int))])
    func turns(name: String, direction: String?, corner: (Int, Int)) throws {
        var geometry = PictureGeometry(source)
        let filter = Filter(name, direction.map { ["dir": .text($0)] } ?? [:], outputs: [.video])
        let isTurn = geometry.orient(filter)
        #expect(isTurn)
        // The upper left 256x144 of the turned picture.
        geometry.crop(to: .init(x: 0, y: 0, width: 256, height: 144))
        let window = try #require(geometry.window(step: 2, tolerance: 0))
        #expect((window.source.x, window.source.y) == corner)
        let turned = name == "transpose"
        #expect(geometry.isTurned == turned)
        #expect((window.source.width, window.source.height) == (turned ? (144, 256) : (256, 144)))
    }

    @Test("crops behind resizings lie where they show, to a fraction of a pixel in the middle")
    func fractions() throws {
        // 640x640 with pixels of 4:3 is 853.3x640 wide; 16:9 of it begins at line 80.
        for place in [80, 81, 133, 147] {
            var geometry = PictureGeometry(PictureSize(width: 640, height: 640))
            geometry.resize(to: PictureSize(width: 854, height: 640))
            geometry.crop(to: .init(x: place, y: place, width: 640, height: 360))
            geometry.resize(to: PictureSize(width: 1280, height: 720))
            let window = try #require(geometry.window(step: 2, tolerance: 0.0045))
            #expect(window.kept.width == 1280 && window.kept.height == 720)
            #expect(window.kept.x.isMultiple(of: 2) && window.kept.y.isMultiple(of: 2))
            let scale = Double(window.resized.width) / Double(window.source.width)
            let left = (Double(place) / 854 * 640 - Double(window.source.x)) * scale - Double(window.kept.x)
            #expect(abs(left) < 0.5, "\(left)")
            #expect(window.resized.width <= 2 * 1280 && window.resized.height <= 2 * 720)
        }
    }

    @Test("what cannot be had without a visible shift is refused")
    func refused() {
        var geometry = PictureGeometry(PictureSize(width: 16, height: 16))
        geometry.resize(to: PictureSize(width: 20, height: 16))
        geometry.crop(to: .init(x: 1, y: 0, width: 18, height: 16))
        #expect(geometry.window(step: 2, tolerance: 0.0045) == nil)
    }
}
