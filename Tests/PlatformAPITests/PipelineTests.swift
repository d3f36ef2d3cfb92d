import Database
import PlatformSupport
import TestSupport
import Testing

@testable import PlatformAPI

/// Which pipeline an upload gets.
@Suite(.postgres)
struct PipelineTests {
    private func begin(_ platform: Platform, _ pipeline: String?, as token: String) async throws -> Client.Answer {
        var body: [String: Any] = [
            "title": "A rally", "file_name": "a.mp4", "size_bytes": 10, "content_type": "video/mp4", "is_public": true,
        ]
        body["pipeline"] = pipeline
        return try await platform.client.send("POST", "/api/videos/uploads", body, as: token)
    }

    private func version(_ platform: Platform, _ pipeline: String?, as token: String) async throws -> Int? {
        try await begin(platform, pipeline, as: token)["pipeline.version"]
    }

    @Test("a bare name, and none at all, stand for what the operator said from then on; a version stays what it is")
    func defaults() async throws {
        try await Platform.run { platform in
            let token = try await platform.client.join("anna").token
            let rules = PipelineRepository(platform.pool)
            #expect(try await version(platform, nil, as: token) == 3)
            try await rules.setDefault("showcase", version: 1)
            #expect(try await version(platform, nil, as: token) == 1)
            #expect(try await version(platform, "showcase", as: token) == 1)
            #expect(try await version(platform, "showcase@2", as: token) == 2)
            let list = try await platform.client.send("GET", "/api/pipelines")
            let defaults = (list.body as? [[String: Any]])?.filter { $0["is_default"] as? Bool == true }
                .map { "\($0["name"] ?? "")@\($0["version"] ?? "")" }
            #expect(defaults == ["interview@1", "showcase@1", "showcase-fit@1"])
            // Not on this server yet: it takes the newest that it has.
            try await rules.setDefault("showcase", version: 99)
            #expect(try await version(platform, nil, as: token) == 3)
        }
    }

    @Test(
        "a version that is tried out is given to its share of people, always the same ones, and ends with a new default"
    )
    func canary() async throws {
        let people = (1...1000).map { UserID(rawValue: $0) }
        func share(_ percent: Int) -> Set<UserID> {
            let canary = PipelineRepository.Canary(version: 3, percent: percent)
            return Set(people.filter { canary.includes($0, of: "showcase") })
        }
        #expect((70...130).contains(share(10).count) && share(10).isSubset(of: share(50)) && share(100).count == 1000)
        let other = PipelineRepository.Canary(version: 4, percent: 10)
        #expect(Set(people.filter { other.includes($0, of: "showcase") }) != share(10))

        try await Platform.run { platform in
            let rules = PipelineRepository(platform.pool)
            try await rules.setCanary("showcase", .init(version: 3, percent: 50), otherwise: 2)
            let canary = PipelineRepository.Canary(version: 3, percent: 50)
            var given: Set<Int> = []
            for number in 0..<8 {
                let somebody = try await platform.client.join("somebody\(number)")
                let expected = canary.includes(UserID(rawValue: somebody.id), of: "showcase") ? 3 : 2
                #expect(try await version(platform, nil, as: somebody.token) == expected)
                given.insert(expected)
            }
            #expect(given == [2, 3])
            // Others are shown what it stands for with the others.
            let list = try await platform.client.send("GET", "/api/pipelines")
            let showcase = (list.body as? [[String: Any]])?.filter { $0["name"] as? String == "showcase" }
            #expect(showcase?.map { $0["is_default"] as? Bool } == [false, true, false])
            try await rules.setDefault("showcase", version: 3)
            #expect(try await rules.rules()["showcase"]?.canary == nil)
        }
    }

    @Test("a pipeline that is for some is not for others, and is not shown to them")
    func restricted() async throws {
        try await Platform.run { platform in
            let (anna, berta) = (try await platform.client.join("anna"), try await platform.client.join("berta"))
            let rules = PipelineRepository(platform.pool)
            try await rules.restrict("interview", true)
            try await rules.allow("interview", UserID(rawValue: anna.id), true)
            func isShown(_ token: String?) async throws -> Bool {
                let list = try await platform.client.send("GET", "/api/pipelines", as: token)
                return (list.body as? [[String: Any]])?.contains { $0["name"] as? String == "interview" } == true
            }
            #expect(try await version(platform, "interview", as: anna.token) == 1)
            for name in ["interview", "interview@1"] {
                let refused = try await begin(platform, name, as: berta.token)
                #expect(refused.status == 400 && refused["fields.pipeline"] == "is not for everybody")
            }
            #expect(try await isShown(anna.token))
            #expect(try await !isShown(berta.token))
            #expect(try await !isShown(nil))
            for path in ["/api/pipelines/interview/1", "/api/pipelines/interview/1/graph.svg"] {
                for (token, status) in [(anna.token, 200), (berta.token, 404), (nil, 404)] {
                    let headers = token.map { ["Authorization": "Bearer \($0)"] } ?? [:]
                    let answer = try await platform.client.exchange("GET", path, headers: headers)
                    #expect(answer.status == status, "\(path)")
                    #expect(status == 404 || answer.headers["cache-control"]?.hasPrefix("private") == true)
                }
            }
            let unknown = try await platform.client.send("GET", "/api/pipelines", as: "no token")
            #expect(unknown.status == 401)
            let video = try await platform.video(by: berta.id)
            let again = ["pipeline": "interview"]
            let refused = try await platform.client.send(
                "POST", "/api/videos/\(video)/reprocess", again, as: berta.token)
            #expect(refused.status == 400)
            try await rules.allow("interview", UserID(rawValue: anna.id), false)
            #expect(try await begin(platform, "interview", as: anna.token).status == 400)
            try await rules.restrict("interview", false)
            #expect(try await version(platform, "interview", as: berta.token) == 1)
        }
    }
}
