import Database
import PlatformSupport
import Telemetry
import Testing

@testable import PlatformAPI

@Suite(.postgres)
struct MetricsTests {
    @Test("what is answered is counted by its route, whatever a client makes up, and has an id in the log")
    func requests() async throws {
        let registry = MetricRegistry()
        try await Platform.run(metrics: registry) { platform in
            var ids: Set<String?> = []
            for (method, path) in [
                ("GET", "/api/public/videos/7/stream"), ("GET", "/api/public/videos/8/stream"), ("GET", "/no/such/9"),
                ("PURGE", "/api/health"),
            ] {
                let answer = try await platform.client.send(method, path)
                ids.insert(answer.headers["x-request-id"])
            }
            #expect(ids.count == 4 && !ids.contains(nil))
            let counts = registry.prometheusText.split(separator: "\n").filter { $0.contains("duration_seconds_count") }
            #expect(counts.count == 3)
            let stream = counts.first { $0.contains("stream") }
            #expect(stream?.contains("/api/public/videos/{id}/stream") == true && stream?.hasSuffix(" 2") == true)
            #expect(!registry.prometheusText.contains("PURGE") && !registry.prometheusText.contains("no/such"))
            #expect(registry.prometheusText.contains("http_server_active_requests 0.0"))
        }
    }

    @Test("connections, and what waits for workers, are measured")
    func gauges() async throws {
        let registry = MetricRegistry()
        try await Platform.run { platform in
            let gauges = PlatformGauges(
                database: platform.pool, events: platform.events, metrics: registry, logger: platform.logger)
            await gauges.measure()
            #expect(registry.prometheusText.contains("queue_jobs{state=\"waiting\"} 0.0"))
            #expect(registry.prometheusText.contains("queue_age_seconds 0.0"))
            let anna = try await platform.client.join("anna")
            let job = try await EventTests().upload(platform, by: anna.id).job
            let begin = ContinuousClock.now
            _ = try await platform.pool.withConnection { connection in
                try await connection.script("UPDATE jobs SET due_at = now() - interval '100 seconds'")
            }
            await gauges.measure()
            // However long that took.
            let passed = begin.duration(to: .now) / .seconds(1)
            let text = registry.prometheusText
            #expect(text.contains("queue_jobs{state=\"waiting\"} 1.0"), "\(job)")
            let age = text.split(separator: "\n").first { $0.hasPrefix("queue_age_seconds ") }?.split(separator: " ")
                .last
            let seconds = try #require(age.flatMap { Double($0) })
            #expect(100 <= seconds && seconds <= 100 + passed, "\(seconds)")
            #expect(text.contains("database_connections{state=\"open\"}"))
        }
    }
}
