import Database
import Foundation
import Glibc
import Logging
import PlatformSupport
import TestSupport
import Testing

@testable import PlatformAPI
@testable import Telemetry

@Suite(.postgres)
struct MaintenanceTests {
    @Test("places are counted anew when votes have changed, and only then; what is past is forgotten")
    func turns() async throws {
        try await Platform.run { platform in
            let anna = try await platform.client.join("anna")
            let video = try await platform.video(by: anna.id)
            let rankings = RankingRepository(platform.pool)
            func places() async throws -> [Ranking] { try await rankings.rankings(.init(number: 1, size: 9)).elements }
            let eager = Maintenance(database: platform.pool, rankingAge: .zero, logger: Logger(label: "test"))
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
                database: platform.pool, rankingAge: .seconds(3600), logger: Logger(label: "test"))
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

    @Test("a log is lines of JSON, one an event, whatever stands in it")
    func log() throws {
        let scratch = try Scratch()
        let descriptor = open(scratch.path("log"), O_WRONLY | O_CREAT, 0o600)
        var handler = JSONLogHandler(label: "test", descriptor: descriptor)
        handler[metadataKey: "request"] = "7"
        var logger = Logger(label: "test") { [handler] _ in handler }
        logger[metadataKey: "video"] = "\"12\"\n"
        logger.warning("a \"quoted\"\nline", metadata: ["request": "8"])
        logger.debug("not this")
        close(descriptor)
        let text = try String(contentsOfFile: scratch.path("log"), encoding: .utf8)
        #expect(text.hasSuffix("\n") && text.split(separator: "\n").count == 1)
        let line = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String])
        #expect(line["message"] == "a \"quoted\"\nline" && line["request"] == "8" && line["video"] == "\"12\"\n")
        #expect(line["level"] == "warning" && line["logger"] == "test" && line["time"]?.hasSuffix("Z") == true)
    }
}
