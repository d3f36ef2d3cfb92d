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

    /// How long each is waited for.
    let patience: Duration

    private struct Body: Encodable {
        var status: String
        var services: [String: String]
    }

    private func check(_ request: Request, _ context: APIContext) async throws -> Response {
        async let database = answers { try await pool.check() }
        // Any key: what counts is that it is answered.
        async let files = answers { _ = try await store.info(ObjectKey.random(in: .assets, .other)) }
        async let told = answers { _ = try await messages?.depth() }
        // Jobs wait in the database where nothing else tells of them.
        let queue = messages == nil ? await database : await told
        let services = ["database": await database, "store": await files, "queue": queue]
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
                try? await Task.sleep(for: patience)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }
}
