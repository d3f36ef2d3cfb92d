/// What of a file is asked for (RFC 9110, section 14.1.2): one range of bytes.
enum ByteRange: Hashable, Sendable {
    /// All of it: nothing was asked for, or what a server need not understand.
    case whole
    case part(Range<Int64>)
    /// Nothing that there is.
    case beyond

    /// Reads a `Range` field for a file of a size.
    init(_ field: String?, size: Int64) {
        guard let field, field.hasPrefix("bytes=") else {
            self = .whole
            return
        }
        let sides = field.dropFirst(6).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2, sides.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }) else {
            self = .whole
            return
        }
        switch (Int64(sides[0]), Int64(sides[1])) {
        case (let first?, let last?) where last < first: self = .whole
        case (let first?, let last): self = Self.part(from: first, to: last.map { min($0, size - 1) } ?? size - 1)
        case (nil, let count?) where sides[0].isEmpty: self = Self.part(from: max(0, size - count), to: size - 1)
        default: self = .whole
        }
    }

    private static func part(from first: Int64, to last: Int64) -> ByteRange {
        first <= last ? .part(first..<(last + 1)) : .beyond
    }
}
