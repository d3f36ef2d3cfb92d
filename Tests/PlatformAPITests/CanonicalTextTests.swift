import Database
import PlatformSupport
import Testing

@testable import PlatformAPI

@Suite(.postgres)
struct CanonicalTextTests {
    @Test("addresses that look the same are one account, and the database's own function agrees")
    func emails() async throws {
        let cases = [
            ("Anna@Example.com", "anna@example.com"), ("İnci@x.tr", "i\u{307}nci@x.tr"),
            ("i\u{307}nci@x.tr", "i\u{307}nci@x.tr"), ("Rene\u{301}@x.fr", "ren\u{e9}@x.fr"),
            ("RENÉ@x.fr", "ren\u{e9}@x.fr"), ("ａｎｎａ@x.jp", "anna@x.jp"), ("ΣΊΣΥΦΟΣ@x.gr", "σίσυφοσ@x.gr"),
        ]
        try await Platform.run { platform in
            for (written, key) in cases {
                #expect(CanonicalText.emailKey(written).utf8.elementsEqual(key.utf8), "\(written)")
                #expect(CanonicalText.emailKey(key).utf8.elementsEqual(key.utf8), "\(written)")
                let rows = try await platform.pool.withConnection {
                    try await $0.query(Statement("SELECT email_key($1) AS key", written))
                }
                #expect(try (rows[0]["key"] as String).utf8.elementsEqual(key.utf8), "\(written)")
            }
        }
    }

    @Test("names are kept composed and with single spaces; what cannot be seen is refused")
    func names() {
        #expect(CanonicalText.name("  Rene\u{301}  de\u{a0}la Cruz ").utf8.elementsEqual("Ren\u{e9} de la Cruz".utf8))
        for hidden in [
            "a\u{0}b", "a\u{202E}b", "a\u{2066}b", "a\u{200B}b", "a\u{FEFF}b", "a\u{AD}b", "a\u{2028}b", "\u{3164}",
            "\u{115F}", "\u{2800}", "a\u{1B}[2J", "An\u{200D}na", "anna\u{200C}", "anna\u{FE0F}", "A\u{E0061}nna",
        ] {
            #expect(CanonicalText.hasHidden(hidden), "\(hidden.unicodeScalars.map(\.value))")
        }
        for plain in [
            "Ana", "李小龍", "👩‍👩‍👧", "👩🏽‍🚀", "🏳️‍🌈", "1️⃣", "❤️", "क्‍ष", "می‌خواهم", "O'Brien-Ní",
            "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
        ] {
            #expect(!CanonicalText.hasHidden(plain) && CanonicalText.isVisible(plain), "\(plain)")
        }
        for address in [
            "an\u{200D}na@x.yz", "anna\u{E000}@x.yz", "anna\u{378}@x.yz", "anna\u{FFFF}@x.yz", ".anna@x.yz",
            "anna.@x.yz",
            "an..na@x.yz",
        ] {
            var fields = Fields()
            _ = fields.email("email", address)
            #expect(throws: APIError.self, "\(address)") { try fields.check() }
        }
        var fields = Fields()
        #expect(fields.email("email", "an.na+1@bücher.example") == "an.na+1@bücher.example")
        #expect(throws: Never.self) { try fields.check() }
        for empty in ["\u{200D}", "\u{FE0F}", " "] { #expect(!CanonicalText.isVisible(empty)) }
    }
}
