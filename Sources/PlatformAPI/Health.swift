import Database
import FoundationEssentials
import Hummingbird
import Storage

/// `/api/health`: whether what the platform stands on answers.
struct Health: Sendable {
    let pool: ConnectionPool
    let store: any ObjectStore
    /// What workers are told of jobs by; nil where the database tells them.
    let messages: SQSQueue?

    func add(to router: RouterGroup<APIContext>) { router.get("health", use: check) }

    private static let patience = Duration.seconds(5)

    private struct Body: Encodable {
        var status: String
        var services: [String: String]
    }

    private func check(_ request: Request, _ context: APIContext) async throws -> Response {
        async let database = answers { try await pool.check() }
        // Any key: what counts is that it is answered.
        async let files = answers { _ = try await store.info(ObjectKey.random(in: .assets, .other)) }
        // Jobs wait in the database.
        async let queue = answers { if let messages { _ = try await messages.depth() } else { try await pool.check() } }
        let services = ["database": await database, "store": await files, "queue": await queue]
        let isHealthy = services.values.allSatisfy(\.self)
        return try JSON.response(
            Body(
                status: isHealthy ? "healthy" : "unhealthy",
                services: services.mapValues { $0 ? "healthy" : "unhealthy" }),
            status: isHealthy ? .ok : .serviceUnavailable)
    }

    /// Whether something answers before those who ask would give up.
    private func answers(_ work: @escaping @Sendable () async throws -> Void) async -> Bool {
        await withTaskGroup { group in
            group.addTask { (try? await work()) != nil }
            group.addTask {
                try? await Task.sleep(for: Self.patience)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }
}
