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

    /// True if `text` has characters that are not shown: control, format (bidi controls too) or default-ignorable ones, or U+2800. Joiners,
    /// emoji selectors and tags are allowed where scripts and emoji need them.
    static func hasHidden(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        return scalars.indices.contains { index in
            isHidden(scalars[index])
                && !isNeeded(
                    scalars[index], after: index > 0 ? scalars[index - 1] : nil,
                    before: index + 1 < scalars.count ? scalars[index + 1] : nil)
        }
    }

    /// True if `text` has any character that is not shown, or that has no meaning (private use, unassigned): no e-mail address needs one.
    static func hasAnyHidden(_ text: String) -> Bool {
        text.unicodeScalars.contains { scalar in
            isHidden(scalar) || [.privateUse, .unassigned].contains(scalar.properties.generalCategory)
        }
    }

    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: scalar.properties.isDefaultIgnorableCodePoint || scalar == blank
        }
    }

    /// True for a joiner in a script or emoji that is written with it (RFC 5892, appendices A.1 and A.2; UTS #51), an emoji's selector, and a
    /// tag of a flag.
    private static func isNeeded(
        _ scalar: Unicode.Scalar, after last: Unicode.Scalar?, before next: Unicode.Scalar?
    ) -> Bool {
        guard let last else { return false }
        switch scalar {
        case "\u{200C}", "\u{200D}":
            // After a virama.
            if last.properties.canonicalCombiningClass.rawValue == 9 { return true }
            guard let next else { return false }
            if cursive.contains(where: { $0.contains(last) }) { return cursive.contains { $0.contains(next) } }
            return scalar == "\u{200D}" && isEmoji(last) && isEmoji(next)
        case "\u{FE0E}", "\u{FE0F}": return isEmoji(last) || last.properties.isEmoji && next == "\u{20E3}"
        case "\u{E0020}"..."\u{E007F}":
            return last == "\u{1F3F4}" || ("\u{E0020}"..."\u{E007E}").contains(last)
        default: return false
        }
    }

    /// True for an emoji or what stands at the end of one; digits are none.
    private static func isEmoji(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.isASCII && (scalar.properties.isEmoji || scalar == "\u{FE0F}")
    }

    /// Scripts whose letters are joined: Arabic, Syriac, N'Ko, Mandaic, Mongolian.
    private static let cursive: [ClosedRange<Unicode.Scalar>] = [
        "\u{600}"..."\u{7FF}", "\u{840}"..."\u{8FF}", "\u{1800}"..."\u{18AF}",
    ]

    /// True if `text` has a visible character.
    static func isVisible(_ text: String) -> Bool {
        text.unicodeScalars.contains { scalar in
            !scalar.properties.isWhitespace && !scalar.properties.isDefaultIgnorableCodePoint && scalar != blank
                && scalar.properties.generalCategory != .control && scalar.properties.generalCategory != .format
        }
    }

    /// Braille without a dot.
    private static let blank: Unicode.Scalar = "\u{2800}"
}
