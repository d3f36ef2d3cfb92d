import Foundation

/// The one form of names, titles and addresses of e-mail that is kept and compared.
public enum CanonicalText {
    /// A name or title: composed (NFC), without space around it, and with one space between words.
    static func name(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ").precomposedStringWithCanonicalMapping
    }

    /// What two addresses have in common that are one account's: NFKC, lower case, NFKC. As RFC 8265, section 3.3, has user names compared,
    /// but for compatible letters, which count as equal.
    public static func emailKey(_ address: String) -> String {
        address.precomposedStringWithCompatibilityMapping.lowercased().precomposedStringWithCompatibilityMapping
    }

    /// Whether a text has a character that cannot be seen or changes how others are shown: controls, marks of direction, and
    /// fillers. Joiners and variation selectors between others belong to scripts and emoji.
    static func hasHidden(_ text: String) -> Bool {
        text.unicodeScalars.contains { scalar in
            if joining.contains(scalar) { return false }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                // Flags of regions end with tags (UTS #51, ED-14a).
                return !tags.contains(scalar)
            default: return scalar.properties.isDefaultIgnorableCodePoint || scalar == blank
            }
        }
    }

    /// Whether there is anything to see.
    static func isVisible(_ text: String) -> Bool {
        text.unicodeScalars.contains { scalar in
            !scalar.properties.isWhitespace && !scalar.properties.isDefaultIgnorableCodePoint && scalar != blank
                && scalar.properties.generalCategory != .control && scalar.properties.generalCategory != .format
        }
    }

    /// Zero-width joiner and non-joiner; the selectors of text and emoji.
    private static let joining: Set<Unicode.Scalar> = ["\u{200C}", "\u{200D}", "\u{FE0E}", "\u{FE0F}"]
    private static let tags: ClosedRange<Unicode.Scalar> = "\u{E0020}"..."\u{E007F}"
    /// Braille without a dot.
    private static let blank: Unicode.Scalar = "\u{2800}"
}
