import Database
import Foundation
import Glibc
import GraphDSL
import Logging
import PlatformSupport
import Storage
import TestSupport
import Testing

@testable import PlatformAPI

@Suite(.postgres)
struct MaintenanceTests {
    @Test("places are counted anew when votes have changed, and only then; what is past is forgotten")
    func turns() async throws {
        try await Platform.run { platform in
            let anna = try await platform.client.join("anna")
            let video = try await platform.video(by: anna.id)
            let rankings = RankingRepository(platform.pool)
            func places() async throws -> [Ranking] { try await rankings.rankings(.init(number: 1, size: 9)).elements }
            let eager = Maintenance(
                database: platform.pool, store: platform.store, rankingAge: .zero, logger: Logger(label: "test"))
            var changes = try await eager.count(after: nil)
            let first = try await places()
            #expect(first.map(\.votes) == [0])
            _ = try await platform.client.send("POST", "/api/public/videos/\(video)/vote", as: anna.token)
            // PostgreSQL counts what a connection has done when it is idle for a while.
            while try await places().map(\.votes) != [1] {
                changes = try await eager.count(after: changes)
                try await Task.sleep(for: .milliseconds(100))
            }
            let counted = try await places()
            // Nothing has changed; or it has, and the last time was not long ago.
            changes = try await eager.count(after: try await rankings.changes())
            let patient = Maintenance(
                database: platform.pool, store: platform.store, rankingAge: .seconds(3600),
                logger: Logger(label: "test"))
            let waiting = try await patient.count(after: nil)
            let after = try await places()
            #expect(after == counted && changes != nil && waiting == nil)
            try await patient.sweep()
            let tokens = TokenRepository(platform.pool)
            try await tokens.revoke(UUID(), expiring: Date() - 1)
            try await tokens.revoke(UUID(), expiring: Date() + 60)
            let swept = try await tokens.sweep()
            #expect(swept == 1)
        }
    }

    @Test("what nothing refers to is removed from the store, and an upload that never came is deleted")
    func store() async throws {
        try await Platform.run { platform in
            let anna = try await platform.client.join("anna")
            _ = try await platform.video(by: anna.id)
            let videos = VideoRepository(platform.pool)
            let kept = Set(try await platform.store.list(.processed, after: nil).map(\.key))
            let scratch = try Scratch()
            try Data("nobody's".utf8).write(to: URL(filePath: scratch.path("file")))
            for folder in [ObjectKey.Folder.uploaded, .processed] {
                try await platform.store.put(scratch.path("file"), as: .random(in: folder, .mp4))
            }
            let key = ObjectKey.random(in: .uploaded, .mp4)
            let begun = try await videos.add(
                by: UserID(rawValue: anna.id), title: "Never came", isPublic: false,
                .init(key: key.description, fileName: "clip.mp4", contentType: "video/mp4", bytes: 8),
                with: PinnedPipeline(name: "showcase", version: 3, digest: ContentDigest(of: Data())))
            try await platform.store.put(scratch.path("file"), as: key)
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            // What is young may be on its way.
            let patient = StoreSweep(videos, platform.store, age: .seconds(3600), logger: logger)
            let nothing = try await patient.sweep(at: Date())
            #expect(nothing == (0, 0))
            let swept = try await StoreSweep(videos, platform.store, age: .zero, logger: logger).sweep(at: Date() + 10)
            #expect(swept == (1, 2))
            let gone = try await videos.video(begun.id)
            let uploads = try await platform.store.list(.uploaded, after: nil)
            let results = Set(try await platform.store.list(.processed, after: nil).map(\.key))
            #expect(gone == nil && uploads.count == 1 && results == kept)
        }
    }
}
