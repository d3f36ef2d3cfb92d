import Foundation

/// The canonical form of names, titles and e-mail addresses, in which they are stored and compared.
public enum CanonicalText {
    /// A name or title: composed (NFC), without space around it, and with one space between words.
    static func name(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ").precomposedStringWithCanonicalMapping
    }

    /// The key of an e-mail address: two addresses with the same key belong to one account. NFKC, then lower case, then NFKC; RFC 8265,
    /// section 3.3, does the same for user names, with NFC.
    public static func emailKey(_ address: String) -> String {
        address.precomposedStringWithCompatibilityMapping.lowercased().precomposedStringWithCompatibilityMapping
    }

    /// Whether a text contains control, format (bidi controls too) or default-ignorable characters. Joiners and variation selectors are
    /// allowed: scripts and emoji need them.
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

    /// Whether a text has a visible character.
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
