import Transfer

/// What an object of the store is called: `uploaded/3f9c….mp4`.
///
/// Letters, digits and `-_.` in parts between slashes, none of which is empty or begins with a dot; 512 bytes at the most. So it
/// is a path below any folder, and nothing of it needs encoding in an address.
public struct ObjectKey: Hashable, Sendable {
    public let description: String

    /// What kinds of objects there are.
    public enum Folder: String, Hashable, Sendable, CaseIterable {
        /// Originals.
        case uploaded
        /// Results.
        case processed
        /// Bumpers and watermarks.
        case assets
    }

    /// A key that nobody guesses: 128 random bits.
    public static func random(in folder: Folder, _ type: MediaType) -> ObjectKey {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<16).map { _ in generator.next() as UInt8 }
        return ObjectKey(unchecked: "\(folder)/\(bytes.hexadecimal).\(type.suffix)")
    }

    private init(unchecked description: String) { self.description = description }

    /// What it is a file of, by how its name ends.
    public var type: MediaType {
        let suffix = description.split(separator: ".").last ?? ""
        return MediaType.allCases.first { $0.suffix == suffix } ?? .other
    }

    /// What kind of object it is; nil where it is in none of the folders.
    public var folder: Folder? { description.split(separator: "/").first.flatMap { Folder(rawValue: String($0)) } }
}

extension ObjectKey: LosslessStringConvertible {
    /// Reads a key; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let isClean = parts.allSatisfy { part in
            !part.isEmpty && part.first != "."
                && part.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                        true
                    default: false
                    }
                }
        }
        guard isClean, text.utf8.count <= 512 else { return nil }
        description = text
    }
}
