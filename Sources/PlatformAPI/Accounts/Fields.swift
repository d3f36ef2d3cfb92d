/// Reads what people typed into fields, and collects what is wrong with all of them.
struct Fields {
    private var refusals: [String: String] = [:]

    /// How long a text may be, in Unicode scalars: what OpenAPI counts as characters.
    private static let most = 200

    /// Says what is wrong with a field.
    mutating func refuse(_ name: String, _ reason: String) { refusals[name] = reason }

    /// A text that is there, in its canonical form.
    mutating func text(_ name: String, _ value: String?, most: Int = most) -> String {
        let text = CanonicalText.name(value ?? "")
        if text.isEmpty {
            refuse(name, "is missing")
        } else if (value ?? "").unicodeScalars.count > most {
            refuse(name, "is longer than \(most) characters")
        } else if CanonicalText.hasHidden((value ?? "").trimmed) {
            refuse(name, "has characters that cannot be seen")
        } else if !CanonicalText.isVisible(text) {
            refuse(name, "has nothing to see")
        }
        return text
    }

    /// An address of e-mail: something, an at sign, a domain with a dot. Whether it is somebody's only a message can tell.
    mutating func email(_ name: String, _ value: String?) -> String {
        let text = text(name, value)
        guard !text.isEmpty else { return text }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        let domain = parts.last?.split(separator: ".", omittingEmptySubsequences: false) ?? []
        let isAddress =
            parts.count == 2 && !parts[0].isEmpty && domain.count >= 2 && domain.allSatisfy { !$0.isEmpty }
            && !text.contains(where: \.isWhitespace) && !CanonicalText.hasAnyHidden(text)
            // RFC 5321, section 4.1.2: a dot stands between atoms.
            && parts[0].split(separator: ".", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty }
        if !isAddress { refuse(name, "is not an address") }
        return text
    }

    /// A password, typed twice: at least 6 characters, and at most what is hashed in one piece.
    mutating func password(_ first: (name: String, value: String?), _ second: (name: String, value: String?)) -> String
    {
        let password = first.value ?? ""
        if password.isEmpty {
            refuse(first.name, "is missing")
        } else if password.count < 6 {
            refuse(first.name, "has fewer than 6 characters")
        } else if password.utf8.count > 1024 {
            refuse(first.name, "is too long")
        }
        if second.value != first.value { refuse(second.name, "is not the same") }
        return password
    }

    /// - Throws: ``APIError`` where something was refused.
    func check() throws(APIError) {
        if !refusals.isEmpty { throw .invalid(refusals) }
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
