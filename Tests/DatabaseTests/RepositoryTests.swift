import Foundation
import PlatformSupport
import Testing

@testable import Database

@Suite(.postgres)
struct RepositoryTests {
    @Test("a canonical address belongs to one account")
    func users() async throws {
        let platform = try await Platform()
        let anna = try await platform.user("anna")
        let other = UserRepository.New(
            firstName: "A", lastName: "B", email: "ANNA@example.com", emailKey: "anna@example.com",
            passwordHash: "-", city: "C", country: "D")
        #expect(try await platform.users.add(other) == nil)
        let found = try #require(try await platform.users.credentials(for: "anna@example.com"))
        #expect(found.user == anna && found.passwordHash == "hash of anna" && anna.email == "anna@example.com")
        #expect(try await platform.users.user(anna.id) == anna)
        #expect(try await platform.users.user(UserID(rawValue: 99)) == nil)
        #expect(try await platform.users.credentials(for: "nobody@example.com") == nil)
    }

    @Test("a video and its job are written together, once")
    func accepting() async throws {
        let platform = try await Platform()
        let video = try await platform.upload(by: try await platform.user("anna"))
        #expect(video.status == .pendingUpload && video.uploadedAt == nil && video.pipeline == Platform.pipeline())
        let jobs = try await withThrowingTaskGroup(of: JobID?.self) { group in
            for _ in 0..<8 { group.addTask { try await platform.videos.accept(video.id, bytes: 77) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(jobs.compactMap(\.self).count == 1)
        let accepted = try #require(try await platform.videos.video(video.id))
        #expect(accepted.status == .uploaded && accepted.original.bytes == 77 && accepted.uploadedAt != nil)
        #expect(try await platform.videos.states(of: [video.id]).map(\.progress) == [0])
        #expect(try await platform.videos.accept(VideoID(rawValue: 99), bytes: 1) == nil)
    }

    @Test("only what is public and made is seen, newest first or by votes, narrowed down, page by page")
    func publicVideos() async throws {
        let platform = try await Platform()
        let (anna, berta) = (try await platform.user("anna"), try await platform.user("berta", city: "Oslo"))
        var made: [Video] = []
        for title in ["100% serve", "A rally", "A serve_r"] { made.append(try await platform.video(by: anna, title)) }
        made.append(try await platform.video(by: berta, "Northern serve"))
        _ = try await platform.video(by: anna, "Mine alone", isPublic: false)
        _ = try await platform.upload(by: anna, "Not there yet")
        for voter in [anna, berta] { _ = try await platform.votes.vote(voter.id, for: made[1].id) }
        func titles(
            _ page: PageRequest = .init(number: 1, size: 10), _ order: VideoRepository.Order = .recent,
            city: String? = nil, title: String? = nil
        ) async throws -> [String] {
            let filter = VideoRepository.Filter(city: city, title: title)
            let videos = try await platform.videos.publicVideos(page, order, filter)
            #expect(try await platform.videos.publicVideoCount(filter) >= videos.count)
            return videos.map(\.video.title)
        }
        #expect(try await titles() == ["Northern serve", "A serve_r", "A rally", "100% serve"])
        #expect(try await titles(.init(number: 1, size: 10), .votes).first == "A rally")
        #expect(try await titles(city: "OSLO") == ["Northern serve"])
        #expect(try await titles(title: "SERVE").count == 3)
        // What stands for anything in a pattern stands for itself in a title.
        #expect(try await titles(title: "%") == ["100% serve"])
        #expect(try await titles(title: "_") == ["A serve_r"])
        #expect(try await titles(.init(number: 2, size: 3)) == ["100% serve"])
        #expect(try await titles(.init(number: Int.max, size: 100)).isEmpty)
        let first = try await platform.videos.publicVideos(.init(number: 1, size: 1))
        #expect(first.map(\.player) == [.init(firstName: "berta", lastName: "Test", city: "Oslo")])
        #expect(try await platform.videos.publicVideoCount() == 4)
        #expect(try await platform.videos.videos(of: anna.id, .init(number: 2, size: 3)).elements.count == 2)
        #expect(try await platform.videos.videos(of: anna.id, .init(number: 1, size: 3)).total == 5)
    }

    @Test("a title and who may see it change; what is public is not deleted, what is deleted is gone with its job")
    func changing() async throws {
        let platform = try await Platform()
        let anna = try await platform.user("anna")
        let video = try await platform.video(by: anna)
        #expect(try await platform.videos.delete(video.id) == nil)
        #expect(try await platform.videos.change(video.id, title: "New", isPublic: nil)?.title == "New")
        #expect(try await platform.videos.publicVideo(video.id)?.title == "New")
        #expect(try await platform.videos.change(video.id, title: nil, isPublic: false)?.isPublic == false)
        #expect(try await platform.videos.publicVideo(video.id) == nil)
        #expect(try await platform.videos.reprocess(video.id, with: Platform.pipeline(2)) != nil)
        let job = try #require(try await platform.jobs.claim(for: .seconds(3600)))
        let keys = try await platform.videos.delete(video.id)
        #expect(keys == [video.original.key, "processed/\(video.id)"])
        #expect(try await platform.videos.video(video.id) == nil)
        #expect(try await platform.videos.delete(video.id) == nil)
        #expect(try await platform.videos.change(video.id, title: "Back", isPublic: true) == nil)
        #expect(try await platform.jobs.finish(job, with: .init(processedKey: "late", posterKey: nil)) == nil)
    }

    @Test("two hundred votes at once by one person count once, and the count is right whoever votes and takes back")
    func votes() async throws {
        let platform = try await Platform()
        let (anna, berta) = (try await platform.user("anna"), try await platform.user("berta"))
        let video = try await platform.video(by: anna)
        let outcomes = try await withThrowingTaskGroup(of: VoteRepository.Outcome.self) { group in
            for _ in 0..<200 { group.addTask { try await platform.votes.vote(berta.id, for: video.id) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 == .already }.count == 199)
        guard case .counted(_, votes: 2) = try await platform.votes.vote(anna.id, for: video.id) else {
            Issue.record("the second person's vote")
            return
        }
        #expect(try await platform.votes.takeBack(berta.id, from: video.id) == 1)
        #expect(try await platform.votes.takeBack(berta.id, from: video.id) == nil)
        #expect(try await platform.videos.video(video.id)?.votes == 1)
        let hidden = try await platform.video(by: anna, isPublic: false)
        #expect(try await platform.votes.vote(berta.id, for: hidden.id) == .noVideo)
        #expect(try await platform.votes.vote(berta.id, for: VideoID(rawValue: 999)) == .noVideo)
    }

    @Test("places are those of the last count, and narrowing the list down does not change them")
    func rankings() async throws {
        let platform = try await Platform()
        var players: [User] = []
        for (name, city) in [("anna", "Lima"), ("berta", "Oslo"), ("clara", "Lima")] {
            players.append(try await platform.user(name, city: city, country: city == "Oslo" ? "Norway" : "Peru"))
        }
        var videos: [Video] = []
        for player in players { videos.append(try await platform.video(by: player)) }
        for (voter, video) in [(0, 2), (1, 2), (2, 2), (0, 1)] {
            _ = try await platform.votes.vote(players[voter].id, for: videos[video].id)
        }
        let page = PageRequest(number: 1, size: 10)
        #expect(try await platform.rankings.rankings(page).elements.isEmpty)
        _ = try await platform.rankings.refresh(olderThan: .zero)
        let all = try await platform.rankings.rankings(page)
        #expect(all.total == 3 && all.elements.map(\.firstName) == ["clara", "berta", "anna"])
        #expect(all.elements.map(\.place) == [1, 2, 3] && all.elements.map(\.votes) == [3, 1, 0])
        let lima = try await platform.rankings.rankings(page, .init(city: "lima", country: "PERU"))
        #expect(lima.elements.map(\.place) == [1, 3] && lima.total == 2)
        let some = try await platform.rankings.rankings(page, .init(minVotes: 1, maxVotes: 2))
        #expect(some.elements.map(\.firstName) == ["berta"])
        #expect(try await platform.rankings.rankings(.init(number: 2, size: 2)).elements.map(\.place) == [3])
    }

    @Test("a quota is kept by however many ask at once, and says which it is")
    func quotas() async throws {
        let platform = try await Platform()
        let anna = try await platform.user("anna")
        var quota = Quota.none
        func begin(_ bytes: Int = 1000) async throws -> Video {
            try await platform.videos.add(
                by: anna.id, title: "T", isPublic: false,
                .init(key: "k\(Int.random(in: 0...Int.max))", fileName: "f", contentType: "video/mp4", bytes: bytes),
                with: Platform.pipeline(), within: quota)
        }
        quota.openUploads = 5
        let begun = await withTaskGroup(of: Video?.self) { group in
            for _ in 0..<20 {
                group.addTask { [quota] in
                    try? await platform.videos.add(
                        by: anna.id, title: "T", isPublic: false,
                        .init(key: "k\(Int.random(in: 0...Int.max))", fileName: "f", contentType: "v", bytes: 1000),
                        with: Platform.pipeline(), within: quota)
                }
            }
            return await group.reduce(into: []) { $0.append($1) }.compactMap(\.self)
        }
        #expect(begun.count == 5)
        await #expect(throws: Quota.Exceeded.openUploads(5)) { try await begin() }
        quota.openUploads = .max
        quota.videos = 6
        let last = try await begin()
        await #expect(throws: Quota.Exceeded.videos(6)) { try await begin() }
        // What is deleted counts for its bytes alone.
        _ = try await platform.videos.delete(last.id)
        quota.bytesPerDay = 6000
        do {
            _ = try await begin()
            Issue.record("more bytes than a day's were begun")
        } catch Quota.Exceeded.bytesPerDay(let limit, let left) {
            #expect(limit == 6000 && (86300...86400).contains(left))
        }
        #expect(try await platform.videos.videos(of: anna.id, .init(number: 1, size: 10)).total == 5)
        // Somebody else has a quota of their own.
        _ = try await platform.videos.add(
            by: try await platform.user("berta").id, title: "T", isPublic: false,
            .init(key: "k", fileName: "f", contentType: "v", bytes: 6000), with: Platform.pipeline(), within: quota)

        quota = .none
        quota.repeatsPerHour = 2
        for name in ["clara", "dora"] {
            let user = try await platform.user(name)
            for round in 1...3 {
                let video = try await platform.video(by: user)
                let again = {
                    try await platform.videos.reprocess(
                        video.id, of: user.id, with: Platform.pipeline(2), within: quota)
                }
                if round < 3 {
                    let job = try #require(try await again())
                    if round == 1 { #expect(try await again() == nil) }
                    _ = try #require(try await platform.jobs.claim(job, for: .seconds(60)))
                } else {
                    await #expect(throws: Quota.Exceeded.self) { try await again() }
                }
            }
        }
    }

    @Test("a search reads an index and not the titles, for rare texts, common ones, and those too short for it")
    func searches() async throws {
        let platform = try await large()
        var settings = platform.settings
        settings.plansEachTime = true
        let connection = try await Connection.open(settings)
        for title in ["T9999", "T1", "zzzzzz", "9", "%"] {
            let filter = VideoRepository.Filter(title: title)
            for statement in [VideoRepository.count(filter)]
                + VideoRepository.Order.allCases.map({ VideoRepository.list($0, .init(number: 1, size: 20), filter) })
            {
                let plan = try await connection.query(statement.explained).map { row in
                    try row["QUERY PLAN"] as String
                }.joined(separator: "\n")
                #expect(!plan.contains("Seq Scan on videos"), "\(title): \(plan)")
            }
            #expect(try await platform.videos.publicVideoCount(filter) <= VideoRepository.countedMatches)
        }
    }

    /// A database as large as one that is in use.
    private func large() async throws -> Platform {
        let platform = try await Platform(connections: 1)
        try await platform.pool.withConnection { connection in
            try await connection.script(
                """
                INSERT INTO users (first_name, last_name, email, password_hash, city, country)
                SELECT 'F' || i, 'L', i || '@example.com', '-', 'City ' || i % 50, 'Country ' || i % 9
                FROM generate_series(1, 1000) AS i;
                INSERT INTO videos (user_id, title, is_public, status, original_key, processed_key, file_name, content_type,
                    size_bytes, pipeline_name, pipeline_version, pipeline_digest, uploaded_at, processed_at, vote_count)
                SELECT 1 + i % 1000, 'T' || i, i % 5 > 0, 'processed', 'o' || i, 'p' || i, 'f', 'video/mp4', 1, 's', 1,
                    repeat('0', 64), now(), now(), i % 37
                FROM generate_series(1, 10000) AS i;
                ALTER TABLE votes DISABLE TRIGGER votes_are_counted;
                INSERT INTO votes (user_id, video_id)
                SELECT 1 + i % 1000, 1 + (i / 1000 * 7919 + i % 1000 * 31) % 10000 FROM generate_series(0, 199999) AS i
                ON CONFLICT DO NOTHING;
                ALTER TABLE votes ENABLE TRIGGER votes_are_counted;
                INSERT INTO jobs (video_id, pipeline_name, pipeline_version, pipeline_digest, state, finished_at)
                SELECT i, 's', 1, repeat('0', 64), 'done', now() FROM generate_series(1, 10000) AS i;
                INSERT INTO revoked_tokens (id, expires_at)
                SELECT gen_random_uuid(), now() + interval '1 hour' FROM generate_series(1, 10000);
                INSERT INTO attempts (subject, period, count)
                SELECT 'vote ' || i, now(), 1 FROM generate_series(1, 10000) AS i;
                REFRESH MATERIALIZED VIEW player_rankings;
                """)
        }
        _ = try await platform.pool.query(Statement("VACUUM ANALYZE"))
        return platform
    }

    @Test("the statements of lists read indexes where the tables are large", arguments: VideoRepository.Order.allCases)
    func plans(order: VideoRepository.Order) async throws {
        let platform = try await large()
        try await platform.pool.withConnection { connection in
            let page = PageRequest(number: 1, size: 20)
            for (statement, index) in [
                (
                    VideoRepository.list(order, page, .init()),
                    order == .recent ? "videos_public" : "videos_public_by_votes"
                ),
                (VideoRepository.count(.init()), "videos_public"),
                (RankingRepository.list(page, .init()), "player_rankings_place"),
                (RankingRepository.count(.init()), "player_rankings_place"),
            ] {
                let plan = try await connection.query(statement.explained).map { row in
                    try row["QUERY PLAN"] as String
                }.joined(separator: "\n")
                #expect(plan.contains("using \(index)") && !plan.contains("Seq Scan"), "\(plan)")
            }
        }
    }

    @Test("whatever requests, watchers and workers ask for often reads indexes where the tables are large")
    func scans() async throws {
        let platform = try await large()
        let (user, video) = (UserID(rawValue: 7), VideoID(rawValue: 1001))
        let tokens = TokenRepository(platform.pool)
        let attempts = AttemptRepository(platform.pool)
        let asked: [(String, () async throws -> Void)] = [
            ("who it is", { _ = try await tokens.user(user, with: UUID()) }),
            ("log in", { _ = try await platform.users.credentials(for: "7@example.com") }),
            ("count an attempt", { _ = try await attempts.count("vote 7", per: .seconds(60)) }),
            ("vote", { _ = try await platform.votes.vote(user, for: video) }),
            ("take back", { _ = try await platform.votes.takeBack(user, from: video) }),
            ("stream", { _ = try await platform.videos.publicVideo(video) }),
            ("own video", { _ = try await platform.videos.video(video) }),
            ("own videos", { _ = try await platform.videos.videos(of: user, .init(number: 1, size: 100)) }),
            ("watch", { _ = try await platform.videos.states(of: [video]) }),
            ("claim", { _ = try await platform.jobs.claim(for: .seconds(60)) }),
            ("backlog", { _ = try await platform.jobs.backlog() }),
            ("announce", { _ = try await platform.jobs.announce(again: .seconds(60)) { Set($0.indices) } }),
            ("public videos", { _ = try await platform.videos.publicVideos(.init(number: 3, size: 20), .votes) }),
            ("how many", { _ = try await platform.videos.publicVideoCount() }),
            ("rankings", { _ = try await platform.rankings.rankings(.init(number: 3, size: 10)) }),
        ]
        for (name, ask) in asked {
            // Plans that are made once and for all, and not for these values, are chosen from the sixth time on.
            for _ in 0..<8 {
                let before = try await scans(platform)
                try await ask()
                #expect(try await scans(platform) == before, "\(name)")
            }
        }
        let before = try await scans(platform)
        _ = try await platform.videos.publicVideoCount(.init(title: "1"))
        _ = try await platform.pool.query(Statement("SELECT sum(size_bytes) FROM videos"))
        #expect(try await scans(platform) > before)
    }

    /// How often tables were read from end to end.
    private func scans(_ platform: Platform) async throws -> Int {
        try await platform.pool.withConnection { connection in
            _ = try await connection.query(Statement("SELECT pg_stat_force_next_flush()"))
            return try await connection.query(
                Statement("SELECT sum(seq_scan)::bigint AS scans FROM pg_stat_user_tables"))[0]["scans"]
        }
    }
}

extension Statement {
    fileprivate var explained: Statement {
        var explained = self
        explained.sql = "EXPLAIN \(sql)"
        return explained
    }
}
