import Database
import Foundation
import PlatformSupport
import Testing

@testable import PlatformAPI

@Suite(.postgres)
struct PublicTests {
    @Test("what is public is listed without what is its owner's, page by page, with the way to the others")
    func lists() async throws {
        try await Platform.run { platform in
            let (anna, berta) = (
                try await platform.client.join("anna"), try await platform.client.join("berta", city: "Oslo")
            )
            for title in ["A rally", "A serve", "An ace"] { _ = try await platform.video(by: anna.id, title) }
            let northern = try await platform.video(by: berta.id, "Northern")
            _ = try await platform.video(by: anna.id, "Mine alone", isPublic: false)
            func list(_ query: String) async throws -> (titles: [String], headers: [String: String]) {
                let answer = try await platform.client.send("GET", "/api/public/videos\(query)")
                #expect(answer.status == 200)
                let videos = try #require(answer.body as? [[String: Any]])
                return (videos.compactMap { $0["title"] as? String }, answer.headers)
            }
            let all = try await list("")
            #expect(all.titles == ["Northern", "An ace", "A serve", "A rally"] && all.headers["x-total-count"] == "4")
            let second = try await list("?page_size=2&page=2&sort=recent")
            #expect(second.titles == ["A serve", "A rally"])
            #expect(
                second.headers["link"]
                    == "</api/public/videos?page=1&page_size=2&sort=recent>; rel=\"first\", "
                    + "</api/public/videos?page=2&page_size=2&sort=recent>; rel=\"last\", "
                    + "</api/public/videos?page=1&page_size=2&sort=recent>; rel=\"prev\"")
            #expect(try await list("?city=oslo").titles == ["Northern"])
            #expect(try await list("?q=SERVE").titles == ["A serve"])
            #expect(try await list("?page=99").titles.isEmpty)
            _ = try await platform.client.send("POST", "/api/public/videos/\(northern)/vote", as: anna.token)
            #expect(try await list("?sort=votes").titles.first == "Northern")
            let answer = try await platform.client.send("GET", "/api/public/videos?page_size=1")
            let video = try #require((answer.body as? [[String: Any]])?.first)
            #expect(
                video.keys.sorted() == [
                    "is_public", "pipeline", "player", "poster_url", "processed_at", "processed_url", "status", "title",
                    "uploaded_at", "video_id", "votes",
                ])
            #expect(
                (video["player"] as? [String: String]) == ["first_name": "berta", "last_name": "Test", "city": "Oslo"])
            #expect(video["votes"] as? Int == 1 && video["status"] as? String == "processed")
            for query in [
                "page=0", "page=x", "page_size=0", "page_size=101", "sort=best",
                "city=\(String(repeating: "x", count: 201))",
            ] {
                let refused = try await platform.client.send("GET", "/api/public/videos?\(query)")
                let field = String(query.prefix { $0 != "=" })
                #expect(refused.status == 400 && refused["fields.\(field)"] != String?.none, "\(query.prefix(20))")
            }
        }
    }

    @Test("a stream leads to a signed address, while the video is public")
    func streams() async throws {
        try await Platform.run { platform in
            let anna = try await platform.client.join("anna")
            let video = try await platform.video(by: anna.id)
            for name in ["stream", "poster"] {
                let answer = try await platform.client.send("GET", "/api/public/videos/\(video)/\(name)")
                let location = try #require(answer.headers["location"])
                #expect(
                    answer.status == 302 && location.hasPrefix("/store/processed/") && location.contains("&signature="))
            }
            _ = try await platform.client.send("PATCH", "/api/videos/\(video)", ["is_public": false], as: anna.token)
            for path in ["\(video)/stream", "999/stream", "0/stream", "-1/stream", "x/stream", "\(video)/poster"] {
                #expect(try await platform.client.send("GET", "/api/public/videos/\(path)").status == 404, "\(path)")
            }
        }
    }

    @Test("one vote a person a video, taken back once")
    func votes() async throws {
        try await Platform.run { platform in
            let (anna, berta) = (try await platform.client.join("anna"), try await platform.client.join("berta"))
            let path = "/api/public/videos/\(try await platform.video(by: anna.id))/vote"
            #expect(try await platform.client.send("POST", path).status == 401)
            let first = try await platform.client.send("POST", path, as: berta.token)
            #expect(first.status == 201 && first["success"] == true && first["vote_count"] == 1)
            #expect(
                first["user_id"] == berta.id && first["voted_at"] != String?.none && first["message"] != String?.none)
            let again = try await platform.client.send("POST", path, as: berta.token)
            #expect(again.status == 409 && again["code"] == "already_voted")
            #expect(try await platform.client.send("POST", path, as: anna.token)["vote_count"] == 2)
            let back = try await platform.client.send("DELETE", path, as: berta.token)
            #expect(back.status == 200 && back["vote_count"] == 1 && back["voted_at"] == String?.none)
            #expect(try await platform.client.send("DELETE", path, as: berta.token).status == 404)
            #expect(try await platform.client.send("POST", "/api/public/videos/999/vote", as: anna.token).status == 404)
            #expect(try await platform.client.send("DELETE", path).status == 401)
        }
    }

    @Test("rankings have places, pages and filters, and no addresses")
    func rankings() async throws {
        try await Platform.run { platform in
            let (anna, berta) = (
                try await platform.client.join("anna"),
                try await platform.client.join("berta", city: "Oslo", country: "Norway")
            )
            let video = try await platform.video(by: berta.id)
            _ = try await platform.video(by: anna.id)
            _ = try await platform.client.send("POST", "/api/public/videos/\(video)/vote", as: anna.token)
            _ = try await RankingRepository(platform.pool).refresh(olderThan: .zero)
            let all = try await platform.client.send("GET", "/api/public/rankings")
            let places = try #require(all["rankings"] as [[String: Any]]?)
            #expect(all.status == 200 && places.count == 2)
            #expect(
                places[0].keys.sorted() == [
                    "city", "country", "first_name", "last_name", "last_updated", "ranking", "total_votes", "user_id",
                ])
            #expect(places[0]["user_id"] as? Int == berta.id && places[0]["ranking"] as? Int == 1)
            #expect(all["pagination.total_items"] == 2 && all["pagination.total_pages"] == 1)
            #expect(all["pagination.page_size"] == 10 && all["pagination.current_page"] == 1)
            let some = try await platform.client.send(
                "GET", "/api/public/rankings?country=peru&max_votes=0&page_size=1")
            #expect((some["rankings"] as [[String: Any]]?)?.first?["user_id"] as? Int == anna.id)
            #expect(
                try await platform.client.send("GET", "/api/public/rankings?min_votes=5")["pagination.total_items"] == 0
            )
            for query in ["page=0", "page_size=1000", "min_votes=-1", "max_votes=many", "page="] {
                #expect(
                    try await platform.client.send("GET", "/api/public/rankings?\(query)").status == 400, "\(query)")
            }
        }
    }

    @Test("health says what answers; where the database does not, what needs it is unavailable for the moment")
    func health() async throws {
        try await Platform.run { platform in
            let healthy = try await platform.client.send("GET", "/api/health")
            #expect(healthy.status == 200 && healthy["status"] == "healthy" && healthy["services.store"] == "healthy")
            #expect(healthy["services.database"] == "healthy" && healthy["services.queue"] == "healthy")
        }
        try await Platform.run(withoutDatabase: true) { platform in
            let sick = try await platform.client.send("GET", "/api/health/")
            #expect(sick.status == 503 && sick["status"] == "unhealthy" && sick["services.database"] == "unhealthy")
            #expect(sick["services.store"] == "healthy")
            let list = try await platform.client.send("GET", "/api/public/videos")
            #expect(list.status == 503 && list["code"] == "unavailable" && list.headers["retry-after"] == "1")
        }
    }

    @Test("every answer is what it says it is, and what is nowhere is told as everything else")
    func headers() async throws {
        try await Platform.run { platform in
            for (path, status) in [("/api/health", 200), ("/api/nothing", 404), ("/", 404)] {
                let answer = try await platform.client.send("GET", path)
                #expect(answer.status == status)
                #expect(
                    answer.headers["x-content-type-options"] == "nosniff"
                        && answer.headers["cache-control"] == "no-store")
                #expect(answer.headers["x-frame-options"] == "DENY" && answer.headers["content-security-policy"] != nil)
                if status == 404 { #expect(answer["code"] == "not_found" && answer["error"] != String?.none) }
            }
        }
    }
}
