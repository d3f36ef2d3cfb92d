/// A length in a picture: in pixels, or as a share of the picture's width or height.
public enum Length: Hashable, Sendable {
    /// So many pixels.
    case pixels(Int)
    /// A share of the picture's side: 0.1 is a tenth.
    case share(Double)
}

extension Length: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int) { self = .pixels(value) }
}

extension Length: ParameterValue {
    public static var typeName: String { "pixels, or a share of the picture" }

    public var argumentText: String {
        switch self {
        case .pixels(let count): "\(count)"
        case .share(let share): ".share(\(share.filterText))"
        }
    }

    public var measure: Double? {
        if case .pixels(let count) = self { Double(count) } else { nil }
    }

    public var problem: String? {
        if case .share(let share) = self, !ParameterRange.between(0, 1).contains(share) {
            "a share must be from 0 to 1"
        } else {
            nil
        }
    }
}
