import Crypto
import Database
import Foundation
import PlatformSupport
import Testing

@testable import PlatformAPI

@Suite(.postgres)
struct AccountTests {
    @Test("signing up, logging in, asking who one is, logging out")
    func life() async throws {
        try await Platform.run { platform in
            let made = try await platform.client.send("POST", "/api/auth/signup", Client.person("anna"))
            #expect(made.status == 201)
            #expect(
                (made.body as? [String: Any])?.keys.sorted() == [
                    "city", "country", "email", "first_name", "id", "last_name",
                ])
            #expect(made["email"] == "anna@example.com" && made["city"] == "Lima")
            let login = ["email": "Anna@Example.com", "password": "pass of anna"]
            let known = try await platform.client.send("POST", "/api/auth/login/", login)
            #expect(known.status == 200 && known["token_type"] == "Bearer" && known["expires_in"] == 3600)
            let token: String = try #require(known["token"])
            #expect(known["access_token"] == token && known["user.id"] == made["id"] as Int?)
            let profile = try await platform.client.send("GET", "/api/auth/profile", as: token)
            #expect(profile.status == 200 && profile["first_name"] == "anna")
            let out = try await platform.client.send("POST", "/api/auth/logout", as: token)
            #expect(out.status == 200 && out["message"] != String?.none)
            let after = try await platform.client.send("GET", "/api/auth/profile", as: token)
            #expect(after.status == 401 && after["code"] == "unauthorized")
            #expect(after.headers["www-authenticate"] == "Bearer")
            #expect(try await platform.client.send("POST", "/api/auth/logout", as: token).status == 401)
        }
    }

    @Test("what is wrong with a sign-up is said of each field, and an address is taken once, in whatever case")
    func signingUp() async throws {
        try await Platform.run { platform in
            _ = try await platform.client.join("anna")
            var again = Client.person("anna")
            again["email"] = "ANNA@example.com"
            let taken = try await platform.client.send("POST", "/api/auth/signup", again)
            #expect(taken.status == 409 && taken["code"] == "email_taken" && taken["fields.email"] == "is taken")
            let empty = try await platform.client.send("POST", "/api/auth/signup", [String: String]())
            #expect(empty.status == 400 && empty["code"] == "invalid")
            let fields = (empty["fields"] as [String: String]?)?.keys.sorted()
            #expect(fields == ["city", "country", "email", "first_name", "last_name", "password1"])
            for (field, value, told) in [
                ("password1", "12345", "password1"), ("password2", "other", "password2"), ("email", "anna", "email"),
                ("email", "a b@example.com", "email"), ("email", "@example.com", "email"), ("email", "a@b", "email"),
                ("first_name", "  ", "first_name"), ("city", String(repeating: "x", count: 201), "city"),
                ("last_name", "a\u{0}b", "last_name"), ("password1", String(repeating: "x", count: 1025), "password1"),
            ] {
                var person = Client.person("berta")
                person[field] = value
                let refused = try await platform.client.send("POST", "/api/auth/signup", person)
                #expect(
                    refused.status == 400 && refused["fields.\(told)"] != String?.none, "\(field): \(value.prefix(20))")
            }
            let number = try await platform.client.send("POST", "/api/auth/signup", ["first_name": 5])
            #expect(number.status == 400 && number["fields.first_name"] == "has a wrong type")
            for raw in ["", "{", "[]", "\"text\"", "null"] {
                let refused = try await platform.client.send("POST", "/api/auth/signup", raw: raw)
                #expect(refused.status == 400 && refused["error"] != String?.none, "\(raw)")
            }
            let large = try await platform.client.send(
                "POST", "/api/auth/signup", raw: String(repeating: " ", count: 70_000))
            #expect(large.status == 413 && large["code"] == "too_large")
        }
    }

    @Test(
        "a wrong password and an unknown address are told the same, and too many tries are refused for everybody's sake"
    )
    func loggingIn() async throws {
        var settings = Platform.settings
        // A period that does not end while the test runs.
        settings.limits[.logInAs] = .init(count: 4, period: .seconds(1 << 31))
        try await Platform.run(settings) { platform in
            _ = try await platform.client.join("anna")
            let wrong = try await platform.client.send(
                "POST", "/api/auth/login", ["email": "anna@example.com", "password": "wrong!"])
            let unknown = try await platform.client.send(
                "POST", "/api/auth/login", ["email": "nobody@example.com", "password": "wrong!"])
            #expect(wrong.status == 401 && unknown.status == 401)
            #expect(wrong["error"] == unknown["error"] as String? && wrong["code"] == "wrong_credentials")
            let missing = try await platform.client.send("POST", "/api/auth/login", ["email": "anna@example.com"])
            #expect(missing.status == 400 && missing["fields.password"] == "is missing")
            var last = wrong
            for _ in 0..<4 where last.status == 401 {
                last = try await platform.client.send(
                    "POST", "/api/auth/login", ["email": "anna@example.com", "password": "wrong!"])
            }
            #expect(last.status == 429 && last["code"] == "too_many")
            let seconds = try #require(last.headers["retry-after"].flatMap { Int($0) })
            #expect(seconds > 0)
        }
    }

    /// A token as another program of ours might make it (RFC 7515, section 3.1).
    private static func token(
        for user: Int, notBefore begin: Date, key: (name: String, secret: [UInt8])
    ) throws -> String {
        func encoded(_ data: Data) -> String {
            data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        }
        let now = Int(Date().timeIntervalSince1970)
        let claims: [String: Any] = [
            "sub": "\(user)", "jti": UUID().uuidString, "iat": now, "exp": now + 3600,
            "nbf": Int(begin.timeIntervalSince1970),
        ]
        let parts = try [["alg": "HS256", "typ": "JWT", "kid": key.name], claims].map { part in
            encoded(try JSONSerialization.data(withJSONObject: part))
        }
        let text = parts.joined(separator: ".")
        let code = HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: key.secret))
        return "\(text).\(encoded(Data(code)))"
    }

    @Test("a token is believed while it is fresh, unchanged and signed with a key that is known")
    func tokens() async throws {
        let keys: [(name: String, secret: [UInt8])] = [
            ("new", Array(repeating: 1, count: 32)), ("old", Array(repeating: 2, count: 32)),
        ]
        try await Platform.run(.init(tokenKeys: keys)) { platform in
            let (id, token) = try await platform.client.join("anna")
            func status(_ token: String) async throws -> Int {
                try await platform.client.send("GET", "/api/auth/profile", as: token).status
            }
            func made(_ key: Int, for user: Int = id, at date: Date = Date()) async throws -> String {
                try await AccessTokens([.init(name: keys[key].name, secret: keys[key].secret)], lifetime: 3600)
                    .make(for: UserID(rawValue: user), at: date)
            }
            let header = try #require(Data(base64Encoded: String(token.prefix { $0 != "." }) + "=="))
            #expect(String(decoding: header, as: UTF8.self).contains("\"kid\":\"new\""))
            #expect(try await status(made(1)) == 200)
            #expect(try await status(made(0, at: Date() - 3601)) == 401)
            #expect(try await status(made(0, for: 999)) == 401)
            let stranger = try await AccessTokens(
                [.init(name: "new", secret: Array(repeating: 9, count: 32))], lifetime: 60
            )
            .make(for: UserID(rawValue: id), at: Date())
            for bad in [stranger, token + "x", String(token.dropLast(3)), "", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
                #expect(try await status(bad) == 401, "\(bad)")
            }
            #expect(try await platform.client.send("GET", "/api/auth/profile").status == 401)
            // RFC 7519, section 4.1.5.
            for (begin, expected) in [(Date() - 10, 200), (Date() + 600, 401)] {
                #expect(try await status(Self.token(for: id, notBefore: begin, key: keys[0])) == expected)
            }
        }
        await #expect(throws: SetupError.shortTokenKey("new")) {
            try await AccessTokens([.init(name: "new", secret: [1, 2, 3])], lifetime: 60)
        }
        await #expect(throws: SetupError.noTokenKey) { try await AccessTokens([], lifetime: 60) }
    }

    @Test("passwords are kept as scrypt with their parameters, each with a salt of its own")
    func passwords() async throws {
        let passwords = Passwords(.init(logRounds: 10))
        let (first, second) = (
            try await passwords.hash("a password", for: "x"), try await passwords.hash("a password", for: "x")
        )
        #expect(first != second && first.hasPrefix("scrypt$10$8$1$"))
        // One that was made at another cost is still good.
        #expect(try await Passwords().verify("a password", first, for: "x"))
        #expect(try await !Passwords().verify("another", first, for: "x"))
        #expect(try await !passwords.verify("a password", nil, for: "x"))
        #expect(try await !passwords.verify("a password", "no hash", for: "x"))
        // RFC 7914, section 12, the third vector.
        let key = "cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw=="
        #expect(try await passwords.verify("pleaseletmein", "scrypt$14$8$1$U29kaXVtQ2hsb3JpZGU=$\(key)", for: "x"))
    }
}
