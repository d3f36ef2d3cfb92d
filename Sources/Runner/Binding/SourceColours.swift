import GraphDSL

/// What is taken for a picture's colours; names are libavutil's.
struct SourceColours {
    /// The YUV matrix; nil for RGB.
    let matrix: String?
    /// The primaries, where they are others than BT.709's; nil where they are the same or not said.
    let primaries: String?
    /// The transfer characteristics.
    let transfer: String
    /// Whether black is 0 and white 255.
    let isFullRange: Bool
    /// Whether it is PQ or HLG.
    let isHDR: Bool

    /// The matrix by the name or number (ITU-T H.273, table 4) that the `zscale` filter has for it.
    var zimgMatrix: String { matrix.map { $0 == "smpte240m" ? "7" : $0 } ?? "gbr" }

    private static let matrices: Set<String> = [
        "bt709", "smpte170m", "bt470bg", "fcc", "smpte240m", "bt2020nc", "bt2020c",
    ]

    /// The primaries that are far enough from BT.709's to show: wide gamuts, and the two of BT.601.
    private static let otherPrimaries: Set<String> = [
        "bt2020", "smpte431", "smpte432", "smpte170m", "smpte240m", "bt470bg", "bt470m", "film",
    ]

    /// What a picture says of its colours, and what players take where it says nothing.
    init(_ video: MediaInfo.Video) {
        let colour = video.colour
        isFullRange = colour.isFullRange
        isHDR = colour.isHDR
        transfer = colour.transfer ?? "bt709"
        // By the format alone: YUV that is tagged as RGB is mistagged.
        let isRGB =
            ["rgb", "bgr", "gbr", "pal8", "argb", "abgr"].contains { video.pixelFormat.contains($0) }
        if isRGB {
            matrix = nil
        } else if let said = colour.matrix, Self.matrices.contains(said) {
            matrix = said
        } else if colour.isHDR || colour.primaries == "bt2020" {
            matrix = "bt2020nc"
        } else {
            // A stream that does not say is taken as players take it: BT.709 from 1280 or 577 lines on, BT.601 below.
            matrix = video.codedSize.width >= 1280 || video.codedSize.height > 576 ? "bt709" : "smpte170m"
        }
        let said = colour.primaries ?? (colour.isHDR ? "bt2020" : nil)
        primaries = said.flatMap { Self.otherPrimaries.contains($0) ? $0 : nil }
    }
}
