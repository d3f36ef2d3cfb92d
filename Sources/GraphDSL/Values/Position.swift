/// One of nine places in a picture: the four corners, the middles of the four sides, and the centre.
///
/// `leading` is the left side and `trailing` the right: a picture has no reading direction.
public enum Position: String, CaseIterable, Codable, Sendable {
    case topLeading, top, topTrailing
    case leading, center, trailing
    case bottomLeading, bottom, bottomTrailing

    /// Where the place lies from left to right: 0, ½ or 1.
    public var horizontal: Rational {
        switch self {
        case .topLeading, .leading, .bottomLeading: 0
        case .top, .center, .bottom: Rational(1, 2)
        case .topTrailing, .trailing, .bottomTrailing: 1
        }
    }

    /// Where the place lies from top to bottom: 0, ½ or 1.
    public var vertical: Rational {
        switch self {
        case .topLeading, .top, .topTrailing: 0
        case .leading, .center, .trailing: Rational(1, 2)
        case .bottomLeading, .bottom, .bottomTrailing: 1
        }
    }
}
