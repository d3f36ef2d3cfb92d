/// The width and height of a picture, in pixels.
public struct PictureSize: Hashable, Codable, Sendable {
    /// Pixels from left to right.
    public var width: Int
    /// Pixels from top to bottom.
    public var height: Int

    /// A picture of `width` by `height` pixels.
    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// 1280x720, SMPTE ST 296.
    public static let hd720 = PictureSize(width: 1280, height: 720)
    /// 1920x1080, SMPTE ST 274.
    public static let hd1080 = PictureSize(width: 1920, height: 1080)
    /// 3840x2160, SMPTE ST 2036-1 (UHDTV1).
    public static let uhd2160 = PictureSize(width: 3840, height: 2160)
}

extension PictureSize: LosslessStringConvertible {
    /// Reads `1280x720`; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "x", omittingEmptySubsequences: false)
        guard parts.count == 2, let width = Int(parts[0]), let height = Int(parts[1]) else { return nil }
        self.init(width: width, height: height)
    }

    public var description: String { "\(width)x\(height)" }
}
