import CLibAV

/// How a decoded picture must be turned to stand upright: the eight ways of a display matrix.
///
/// Source: ISO/IEC 14496-12, section 8.3.2 (track header box); libavutil/display.h.
public enum Orientation: String, CaseIterable, Codable, Sendable {
    /// As it is.
    case upright
    /// Left and right swapped.
    case mirrored
    /// Turned by 180 degrees.
    case upsideDown
    /// Top and bottom swapped.
    case flipped
    /// Turned clockwise by 90 degrees.
    case clockwise
    /// Turned counter-clockwise by 90 degrees.
    case counterclockwise
    /// Mirrored along the diagonal from top left to bottom right.
    case transposed
    /// Mirrored along the diagonal from top right to bottom left.
    case antitransposed

    /// Whether upright it is as wide as it is high when decoded.
    public var swapsSides: Bool {
        switch self {
        case .upright, .mirrored, .upsideDown, .flipped: false
        case .clockwise, .counterclockwise, .transposed, .antitransposed: true
        }
    }

    /// The way nearest to a display matrix: x' = a·x + c·y, y' = b·x + d·y.
    init(matrix: UnsafePointer<Int32>) {
        let (a, b, c, d) = (Int64(matrix[0]), Int64(matrix[1]), Int64(matrix[3]), Int64(matrix[4]))
        if abs(a) + abs(d) >= abs(b) + abs(c) {
            self = d < 0 ? (a < 0 ? .upsideDown : .flipped) : (a < 0 ? .mirrored : .upright)
        } else {
            self = b < 0 ? (c < 0 ? .antitransposed : .counterclockwise) : (c < 0 ? .clockwise : .transposed)
        }
    }
}
