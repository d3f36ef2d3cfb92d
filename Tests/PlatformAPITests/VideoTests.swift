import Database
import Foundation
import PlatformSupport
import Storage
import Testing

@testable import PlatformAPI

@Suite(.postgres)
struct VideoTests {
    @Test("one's own videos, and nobody else's")
    func own() async throws {
        try await Platform.run { platform in
            let (anna, berta) = (try await platform.client.join("anna"), try await platform.client.join("berta"))
            let video = try await platform.video(by: anna.id, "Mine")
            let list = try await platform.client.send("GET", "/api/videos", as: anna.token)
            let first = try #require((list.body as? [[String: Any]])?.first)
            #expect(list.status == 200 && first["title"] as? String == "Mine")
            #expect((first["original_url"] as? String)?.hasPrefix("/store/uploaded/") == true)
            #expect((first["processed_url"] as? String)?.hasPrefix("/store/processed/") == true)
            #expect((first["pipeline"] as? [String: Any])?["version"] as? Int == 3)
            let one = try await platform.client.send("GET", "/api/videos/\(video)", as: anna.token)
            #expect(one.status == 200 && one["video_id"] == video.rawValue && one["failure.code"] == String?.none)
            #expect(
                (try await platform.client.send("GET", "/api/videos", as: berta.token).body as? [Any])?.isEmpty == true)
            for (method, body) in [("GET", nil), ("PATCH", ["title": "Theirs"]), ("DELETE", nil)]
                as [(String, [String: String]?)]
            {
                let path = "/api/videos/\(video)"
                #expect(try await platform.client.send(method, path, body, as: berta.token).status == 403, "\(method)")
                #expect(try await platform.client.send(method, path, body).status == 401, "\(method)")
                #expect(
                    try await platform.client.send(method, "/api/videos/999", body, as: anna.token).status == 404,
                    "\(method)")
            }
            #expect(try await platform.client.send("GET", "/api/videos").status == 401)
        }
    }

    @Test("a title and who may see it change; anything else is refused")
    func changes() async throws {
        try await Platform.run { platform in
            let anna = try await platform.client.join("anna")
            let path = "/api/videos/\(try await platform.video(by: anna.id))"
            let changed = try await platform.client.send(
                "PATCH", path, ["title": "  New  ", "is_public": false], as: anna.token)
            #expect(changed.status == 200 && changed["title"] == "New" && changed["is_public"] == false)
            for body in [
                [:], ["title": ""], ["title": String(repeating: "x", count: 201)], ["is_public": "yes"], ["title": 5],
            ]
                as [[String: Any]]
            {
                #expect(
                    try await platform.client.send("PATCH", path, body, as: anna.token).status == 400, "\(body.keys)")
            }
            #expect(try await platform.client.send("GET", path, as: anna.token)["title"] == "New")
        }
    }

    @Test("a private video is deleted with its files, a public one is not")
    func deletion() async throws {
        try await Platform.run { platform in
            let anna = try await platform.client.join("anna")
            let path = "/api/videos/\(try await platform.video(by: anna.id))"
            let refused = try await platform.client.send("DELETE", path, as: anna.token)
            #expect(refused.status == 403 && refused["code"] == "public")
            _ = try await platform.client.send("PATCH", path, ["is_public": false], as: anna.token)
            #expect(try await platform.client.send("DELETE", path, as: anna.token).status == 204)
            for folder in ObjectKey.Folder.allCases {
                #expect(try await platform.store.list(folder, after: nil).isEmpty, "\(folder)")
            }
            #expect(try await platform.client.send("GET", path, as: anna.token).status == 404)
            #expect(try await platform.client.send("DELETE", path, as: anna.token).status == 404)
        }
    }
}
