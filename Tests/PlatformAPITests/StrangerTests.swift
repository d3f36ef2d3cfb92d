import Database
import Foundation
import GraphDSL
import PlatformSupport
import Storage
import TestSupport
import Testing

@testable import PlatformAPI

/// What a stranger tries who wants to hurt others, against a platform in this process.
@Suite(.postgres)
struct StrangerTests {
    /// In a period that does not end while a test runs.
    private static func limit(_ count: Int) -> RateLimits.Limit { .init(count: count, period: .seconds(1 << 30)) }

    private static func request(
        _ line: String, _ fields: [String] = ["Host: x"], body: String = ""
    ) -> String {
        ([line + " HTTP/1.1"] + fields).joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    @Test("malformed HTTP is answered with 400")
    func framing() async throws {
        try await Platform.run { platform in
            let json = "Content-Type: application/json"
            for (name, request, status) in [
                (
                    "chunks",
                    Self.request(
                        "POST /api/auth/login", ["Host: x", json, "Transfer-Encoding: chunked"],
                        body: "zz\r\n{}\r\n0\r\n\r\n"), 400
                ),
                ("two hosts", Self.request("GET /api/public/videos", ["Host: a", "Host: b"]), 400),
                ("no host", Self.request("GET /api/public/videos", []), 400),
                (
                    "length twice",
                    Self.request("POST /api/auth/login", ["Host: x", "Content-Length: 2", "Content-Length: 3"]), 400
                ),
                ("no method", "NOTHING\r\n\r\n", 400),
            ] {
                let connection = try RawConnection(platform.url)
                connection.send(request)
                let answer = await connection.receive(until: "\r\n\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(name): \(answer)")
            }
            let polite = try RawConnection(platform.url)
            polite.send(
                Self.request(
                    "POST /api/auth/login", ["Host: x", json, "Expect: 100-continue", "Content-Length: 2"]))
            #expect(await polite.receive(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            polite.send("{}")
            let last = await polite.receive(until: "\r\n\r\n")
            #expect(last.hasPrefix("HTTP/1.1 400 "))
            for fields in [
                ["Host: x", "X-Long: " + String(repeating: "a", count: 20_000)],
                ["Host: x"] + (0..<200).map { "X-\($0): 1" },
            ] {
                let connection = try RawConnection(platform.url)
                connection.send(Self.request("GET /api/health", fields))
                let answer = await connection.receive(until: "\r\n\r\n")
                #expect(!answer.hasPrefix("HTTP/1.1 2"), "\(answer)")
            }
        }
    }

    @Test("HEAD is GET without its body, for what is there and what is not")
    func head() async throws {
        try await Platform.run { platform in
            for path in [
                "/api/public/videos", "/api/openapi.json", "/api/nothing", "/api/videos", "/api/public/videos/9/stream",
            ] {
                let get = try await platform.client.exchange("GET", path)
                // The answer to the next request would begin with a body's bytes.
                let connection = try RawConnection(platform.url)
                connection.send(
                    Self.request("HEAD \(path)")
                        + Self.request("GET /api/openapi.json", ["Host: x", "Connection: close"]))
                let answer = await connection.receive()
                let parts = answer.components(separatedBy: "\r\n\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 \(get.status) ") && parts[1].hasPrefix("HTTP/1.1 200 "), "\(path)")
                #expect(parts[0].lowercased().contains("content-length: \(get.bytes.count)"), "\(path): \(parts[0])")
            }
            #expect(try await platform.client.exchange("PUT", "/api/public/videos").headers["allow"] == "GET, HEAD")
        }
    }

    @Test("a link's address holds nothing that ends it")
    func links() async throws {
        try await Platform.run { platform in
            let answer = try await platform.client.exchange(
                "GET", "/api/public/videos?q=a%3E;%20rel=%22x%22%3C&city=b%26page=7&page_size=5&page=2")
            let link = try #require(answer.headers["link"])
            #expect(
                link.contains("</api/public/videos?page=1&") && link.contains("q=a%3E%3B%20rel%3D%22x%22%3C")
                    && link.contains("city=b%26page%3D7"))
            #expect(link.filter { $0 == "<" }.count == link.components(separatedBy: ", ").count)
            let raw = try RawConnection(platform.url)
            raw.send(Self.request("GET /api/public/videos?q=a>;<\"", ["Host: x", "Connection: close"]))
            let text = await raw.receive()
            #expect(!text.contains("a>;<"), "\(text)")
        }
    }

    @Test("who sends a body after its answer, takes no answer, or holds connections, is closed; others are answered")
    func connections() async throws {
        var settings = Platform.settings
        settings.connections.perAddress = 5
        settings.connections.unreadBody = 1
        settings.connections.head = 10
        settings.connections.rate = 1 << 24
        try await Platform.run(settings) { platform in
            let drip = try RawConnection(platform.url)
            drip.send(Self.request("POST /api/videos/uploads", ["Host: x", "Transfer-Encoding: chunked"]))
            let dripper = Task { while drip.send("1\r\n{\r\n") { try await Task.sleep(for: .milliseconds(50)) } }
            let answer = await drip.receive()
            #expect(answer.hasPrefix("HTTP/1.1 401 "))
            try await dripper.value

            let file = try Scratch()
            _ = FileManager.default.createFile(atPath: file.path("large"), contents: Data(count: 64 << 20))
            let key = ObjectKey.random(in: .processed, .mp4)
            try await platform.store.put(file.path("large"), as: key)
            let address = try await platform.store.download(key, for: 3600, at: Date()).url
            let before = platform.connections.count
            let reader = try RawConnection(platform.url)
            reader.send(Self.request("GET \(address)"))
            while platform.connections.count <= before { try await Task.sleep(for: .milliseconds(10)) }
            // The end of the connection lies behind all that the reader does not take: only the server sees it.
            while platform.connections.count > before { try await Task.sleep(for: .milliseconds(10)) }
            withExtendedLifetime(reader) {}

            let held = try (0..<5).map { _ in try RawConnection(platform.url) }
            let last = held[4]
            last.send(Self.request("GET /api/openapi.json"))
            let isServed = await last.receive(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200 ")
            #expect(isServed)
            let further = try RawConnection(platform.url)
            further.send(Self.request("GET /api/openapi.json"))
            let isServedToo = await further.receive(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200 ")
            #expect(isServedToo)
            for connection in held { await connection.waitUntilClosed() }
            #expect(try await platform.client.send("GET", "/api/health").status == 200)
        }
    }

    @Test("behind a proxy each client has limits of its own, and a false address is not believed")
    func proxies() async throws {
        var settings = Platform.settings
        settings.proxies = try #require(Proxies("1"))
        settings.limits[.logIn] = Self.limit(3)
        try await Platform.run(settings) { platform in
            func status(_ forwarded: String) async throws -> Int {
                let body = Array(#"{"email": "\#(UUID().uuidString)@x.yz", "password": "wrong"}"#.utf8)
                let answer = try await platform.client.exchange(
                    "POST", "/api/auth/login", body: body, headers: ["X-Forwarded-For": forwarded])
                return answer.status
            }
            var statuses: [Int] = []
            for forwarded in [
                "198.51.100.1", "198.51.100.1", "198.51.100.1", "198.51.100.1", "203.0.113.77, 198.51.100.1",
                "198.51.100.2",
                "2001:db8::1", "2001:db8::2", "2001:db8::ffff:3", "2001:db8::9",
            ] { statuses.append(try await status(forwarded)) }
            #expect(statuses == [401, 401, 401, 429, 429, 401, 401, 401, 401, 429])
        }
    }

    @Test("strangers with wrong passwords do not lock an owner out, at a device or an address that is known")
    func lockingOut() async throws {
        var settings = Platform.settings
        settings.proxies = try #require(Proxies("1"))
        settings.limits[.logInAs] = Self.limit(4)
        try await Platform.run(settings) { platform in
            let client = platform.client
            // An owner logs in at the address of the sign-up, whoever guesses meanwhile.
            let berta = try JSONSerialization.data(withJSONObject: Client.person("berta"))
            let joined = try await client.exchange(
                "POST", "/api/auth/signup", body: Array(berta),
                headers: ["X-Forwarded-For": "192.0.2.1", "Content-Type": "application/json"])
            #expect(joined.status == 201 && joined.headers["set-cookie"]?.contains("cortina_device=") == true)
            for index in 0..<6 {
                let guess = Array(#"{"email": "berta@example.com", "password": "wrong"}"#.utf8)
                _ = try await client.exchange(
                    "POST", "/api/auth/login", body: guess, headers: ["X-Forwarded-For": "203.0.113.\(100 + index)"])
            }
            let right = Array(#"{"email": "berta@example.com", "password": "pass of berta"}"#.utf8)
            #expect(
                try await client.exchange(
                    "POST", "/api/auth/login", body: right, headers: ["X-Forwarded-For": "192.0.2.1"]
                ).status == 200)
            _ = try await client.send("POST", "/api/auth/signup", Client.person("anna"))
            func logIn(
                _ password: String, email: String = "anna@example.com", from address: String, cookie: String? = nil
            ) async throws -> (status: Int, headers: [String: String]) {
                let body = try JSONSerialization.data(withJSONObject: ["email": email, "password": password])
                var headers = ["X-Forwarded-For": address, "Content-Type": "application/json"]
                headers["Cookie"] = cookie
                let answer = try await client.exchange("POST", "/api/auth/login", body: Array(body), headers: headers)
                return (answer.status, answer.headers)
            }
            let first = try await logIn("pass of anna", from: "198.51.100.1")
            let cookie = try #require(first.headers["set-cookie"])
            #expect(first.status == 200 && cookie.contains("HttpOnly; Secure; SameSite=Strict"))
            let value = String(cookie.prefix { $0 != ";" })
            // All spellings of an address share one counter. The log-in above counts too.
            for index in 0..<8 {
                let email = ["anna@example.com", "ANNA@Example.com", "ａnna@example.com"][index % 3]
                let status = try await logIn("wrong", email: email, from: "203.0.113.\(index)").status
                #expect(status == (index < 3 ? 401 : 429), "\(index)")
            }
            #expect(try await logIn("pass of anna", from: "203.0.113.99").status == 429)
            #expect(try await logIn("pass of anna", from: "203.0.113.99", cookie: value).status == 200)
            #expect(try await logIn("pass of anna", from: "198.51.100.1").status == 200)
            // Nobody makes a cookie, and one of another account is none.
            for forged in [
                value + "A", value.replacing(".", with: ".x"), "cortina_device=1.2.3",
                value.replacing("=2.", with: "=1."),
            ] {
                #expect(
                    try await logIn("pass of anna", from: "203.0.113.98", cookie: forged).status == 429, "\(forged)")
            }
            // Who has the cookie may guess as little.
            for _ in 0..<3 { _ = try await logIn("wrong", from: "203.0.113.99", cookie: value) }
            #expect(try await logIn("pass of anna", from: "203.0.113.99", cookie: value).status == 429)
        }
    }

    @Test("a full hashing queue answers 503, and another address still logs in")
    func hashing() async throws {
        var settings = Platform.settings
        settings.proxies = try #require(Proxies("1"))
        settings.limits = [:]
        try await Platform.run(settings) { platform in
            _ = try await platform.client.join("anna")
            func logIn(_ email: String, _ password: String, from address: String) async throws -> (Int, String?) {
                let body = Array(#"{"email": "\#(email)", "password": "\#(password)"}"#.utf8)
                let answer = try await platform.client.exchange(
                    "POST", "/api/auth/login", body: body, headers: ["X-Forwarded-For": address])
                return (answer.status, answer.headers["retry-after"])
            }
            // Their clients go away at once: nothing is hashed for those who have not had a turn.
            for _ in 0..<200 {
                let gone = try RawConnection(platform.url)
                let body = #"{"email": "a@b.cd", "password": "wrong"}"#
                gone.send(
                    Self.request(
                        "POST /api/auth/login",
                        ["Host: x", "X-Forwarded-For: 198.51.100.7", "Content-Length: \(body.utf8.count)"],
                        body: body))
            }
            let answers = try await withThrowingTaskGroup { group in
                for index in 0..<15 {
                    group.addTask { try await logIn("nobody\(index)@b.cd", "wrong", from: "198.51.100.8") }
                }
                group.addTask { try await logIn("anna@example.com", "pass of anna", from: "198.51.100.9") }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.count(where: { $0.0 == 200 }) == 1, "\(answers)")
            #expect(answers.allSatisfy { [200, 401].contains($0.0) || ($0.0 == 503 && $0.1 != nil) }, "\(answers)")
        }
    }

    @Test("searches that hang hold up neither health nor those who log in, and an address has so many in a minute")
    func searches() async throws {
        var settings = Platform.settings
        settings.limits[.search] = Self.limit(30)
        try await Platform.run(settings) { platform in
            let anna = try await platform.client.join("anna")
            _ = try await platform.video(by: anna.id)
            try await platform.pool.withConnection { connection in
                try await connection.query(Statement("BEGIN"))
                try await connection.query(Statement("LOCK TABLE videos IN ACCESS EXCLUSIVE MODE"))
                try await withThrowingTaskGroup { group in
                    for index in 0..<12 {
                        group.addTask {
                            _ = try? await platform.client.send("GET", "/api/public/videos?q=rally\(index)")
                        }
                    }
                    #expect(try await platform.client.send("GET", "/api/health").status == 200)
                    let login = ["email": "anna@example.com", "password": "pass of anna"]
                    #expect(try await platform.client.send("POST", "/api/auth/login", login).status == 200)
                    try await connection.query(Statement("ROLLBACK"))
                    try await group.waitForAll()
                }
            }
            for path in ["q=rally", "city=Lima", "q=ra", "q=%25"] {
                let answer = try await platform.client.send("GET", "/api/public/videos?\(path)")
                #expect(
                    answer.status == 200 && answer.headers["x-total-count"] == (path == "q=%25" ? "0" : "1"), "\(path)")
            }
            var statuses: [Int] = []
            for _ in 0..<20 {
                statuses.append(try await platform.client.send("GET", "/api/public/videos?q=rally").status)
            }
            #expect(statuses.last == 429)
            #expect(try await platform.client.send("GET", "/api/public/videos").status == 200)
        }
    }

    @Test("what one person may have and do is bounded, each with its own code and sentence")
    func quotas() async throws {
        var settings = Platform.settings
        settings.quota = Quota(videos: 3, openUploads: 2, bytesPerDay: 10_000, repeatsPerHour: 1)
        settings.streams = 2
        try await Platform.run(settings) { platform in
            let (anna, berta) = (try await platform.client.join("anna"), try await platform.client.join("berta"))
            func begin(_ bytes: Int = 1000, as token: String) async throws -> Client.Answer {
                try await platform.client.send(
                    "POST", "/api/videos/uploads",
                    [
                        "title": "T", "file_name": "a.mp4", "size_bytes": bytes, "content_type": "video/mp4",
                        "pipeline": "showcase",
                    ],
                    as: token)
            }
            func refused(_ answer: Client.Answer, _ status: Int, _ code: String) {
                #expect(answer.status == status && answer["code"] == code, "\(answer)")
                #expect((answer.headers["retry-after"] != nil) == (status == 429))
                #expect((answer["error"] ?? "").count > 20)
            }
            refused(try await begin(11_000, as: anna.token), 429, "quota_bytes")
            for _ in 0..<2 { #expect(try await begin(as: anna.token).status == 201) }
            refused(try await begin(as: anna.token), 409, "quota_uploads")
            #expect(try await begin(as: berta.token).status == 201)
            for _ in 0..<3 { _ = try await platform.video(by: berta.id, isPublic: false) }
            refused(try await begin(as: berta.token), 409, "quota_videos")

            let list = try await platform.client.exchange(
                "GET", "/api/videos?page=2&page_size=3", headers: ["Authorization": "Bearer \(berta.token)"])
            #expect(list.headers["x-total-count"] == "4" && list.headers["link"]?.contains("rel=\"prev\"") == true)
            let whole = try await platform.client.send("GET", "/api/videos", as: berta.token)
            // A page without a size holds as many as the quota allows.
            #expect((whole.body as? [Any])?.count == 3 && whole.headers["x-total-count"] == "4")

            let clara = try await platform.client.join("clara")
            var statuses: [Client.Answer] = []
            for _ in 0..<2 {
                let video = try await platform.video(by: clara.id)
                statuses.append(
                    try await platform.client.send(
                        "POST", "/api/videos/\(video)/reprocess", ["pipeline": "showcase"], as: clara.token))
            }
            #expect(statuses[0].status == 202)
            refused(statuses[1], 429, "quota_reprocess")
        }
    }

    @Test("a person has so many event streams, and they end with their token")
    func streams() async throws {
        var settings = Platform.settings
        settings.streams = 2
        try await Platform.run(settings) { platform in
            let anna = try await platform.client.join("anna")
            let video = try await EventTests().upload(platform, by: anna.id).id
            func watch() async throws -> RawConnection {
                let connection = try RawConnection(platform.url)
                connection.send(
                    Self.request("GET /api/videos/\(video)/events", ["Host: x", "Authorization: Bearer \(anna.token)"]))
                return connection
            }
            let streams = [try await watch(), try await watch()]
            for stream in streams {
                let begun = await stream.receive(until: "event: status")
                #expect(begun.contains("200 OK"))
            }
            let third = try await watch()
            let refusal = await third.receive(until: "}")
            #expect(refusal.hasPrefix("HTTP/1.1 429 ") && refusal.contains("quota_streams"), "\(refusal)")
            _ = try await platform.client.send("POST", "/api/auth/logout", as: anna.token)
            for stream in streams {
                // The end of a chunked body.
                let end = await stream.receive(until: "0\r\n\r\n")
                #expect(end.hasSuffix("0\r\n\r\n"))
            }
            while !platform.events.open.tokens.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
        }
    }

    @Test("when all places for uploads are taken, another is told to come again")
    func uploads() async throws {
        var settings = Platform.settings
        settings.connections.uploads = 1
        try await Platform.run(settings) { platform in
            let anna = try await platform.client.join("anna")
            let fields = [
                "Host: x", "Authorization: Bearer \(anna.token)", "Content-Type: multipart/form-data; boundary=b",
                "Content-Length: 1000",
            ]
            let form = "--b\r\nContent-Disposition: form-data; name=\"video_file\"; filename=\"a.mp4\"\r\n\r\naaaa"
            let slow = try RawConnection(platform.url)
            slow.send(Self.request("POST /api/videos/upload", fields, body: form))
            var statuses: Set<String> = []
            while !statuses.contains("HTTP/1.1 503") {
                let other = try RawConnection(platform.url)
                let rest = String(repeating: "a", count: 1000 - form.utf8.count)
                other.send(Self.request("POST /api/videos/upload", fields, body: form + rest))
                statuses.insert(String(await other.receive(until: "\r\n\r\n").prefix(12)))
            }
            #expect(statuses.isSubset(of: ["HTTP/1.1 503", "HTTP/1.1 400"]), "\(statuses)")
        }
    }

    @Test("a form of field names without an end is refused before it fills the memory")
    func forms() async throws {
        try await Platform.run { platform in
            let anna = try await platform.client.join("anna")
            let fields = [
                "Host: x", "Authorization: Bearer \(anna.token)", "Content-Type: multipart/form-data; boundary=b",
                "Transfer-Encoding: chunked",
            ]
            let huge = try RawConnection(platform.url)
            huge.send(
                Self.request("POST /api/videos/upload", fields.dropLast() + ["Content-Length: 9223372036854775807"]))
            let tooLarge = await huge.receive(until: "}")
            #expect(tooLarge.hasPrefix("HTTP/1.1 413 "), "\(tooLarge)")
            for part in [
                "--b\r\nContent-Disposition: form-data; name=\"\(String(repeating: "n", count: 7000))\"\r\n\r\n\r\n",
                "--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n\r\n",
            ] {
                let connection = try RawConnection(platform.url)
                connection.send(Self.request("POST /api/videos/upload", fields))
                let chunk = "\(String(part.utf8.count, radix: 16))\r\n\(part)\r\n"
                var isOpen = true
                for _ in 0..<40 where isOpen { isOpen = connection.send(chunk) }
                let answer = await connection.receive(until: "}")
                #expect(answer.hasPrefix("HTTP/1.1 413 "), "\(answer)")
            }
        }
    }
}
