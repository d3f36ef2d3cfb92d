/// What a file is (RFC 2046), and how names of such files end.
public enum MediaType: String, Hashable, Sendable, CaseIterable {
    case mp4 = "video/mp4"
    case m4v = "video/x-m4v"
    case quickTime = "video/quicktime"
    case threeGP = "video/3gpp"
    case webM = "video/webm"
    case matroska = "video/x-matroska"
    case jpeg = "image/jpeg"
    case png = "image/png"
    case json = "application/json"
    case other = "application/octet-stream"

    /// Without its dot.
    public var suffix: String {
        switch self {
        case .mp4: "mp4"
        case .m4v: "m4v"
        case .quickTime: "mov"
        case .threeGP: "3gp"
        case .webM: "webm"
        case .matroska: "mkv"
        case .jpeg: "jpg"
        case .png: "png"
        case .json: "json"
        case .other: "bin"
        }
    }
}
