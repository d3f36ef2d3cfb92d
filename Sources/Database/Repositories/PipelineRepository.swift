/// What an operator has said of pipelines.
public struct PipelineRepository: Sendable {
    private let pool: ConnectionPool

    public init(_ pool: ConnectionPool) { self.pool = pool }

    /// A version that is tried out with some people.
    public struct Canary: Hashable, Sendable {
        public var version: Int
        /// With how many of a hundred.
        public var percent: Int

        public init(version: Int, percent: Int) {
            self.version = version
            self.percent = percent
        }
    }

    /// What was said of a pipeline.
    public struct Rule: Hashable, Sendable {
        public var name: String
        /// What its bare name stands for; nil for the newest version.
        public var version: Int?
        public var canary: Canary?
        /// Whether only those may use it who are named.
        public var isRestricted: Bool
        /// Whether who was asked for may use it.
        public var isAllowed: Bool

        init(_ row: Row) throws(DatabaseError) {
            name = try row["name"]
            version = try row["default_version"]
            isRestricted = try row["is_restricted"]
            isAllowed = try row["is_allowed"]
            let (other, percent): (Int?, Int) = (try row["canary_version"], try row["canary_percent"])
            canary = other.map { Canary(version: $0, percent: percent) }
        }
    }

    /// All that was said.
    ///
    /// - Parameter user: who wants to use them; nil for somebody who is not known.
    /// - Returns: by name.
    public func rules(for user: UserID? = nil) async throws -> [String: Rule] {
        let rules = try await pool.query(
            Statement(
                """
                SELECT pipelines.*, NOT is_restricted OR EXISTS (
                    SELECT FROM pipeline_users WHERE pipeline_users.name = pipelines.name AND user_id = $1
                ) AS is_allowed
                FROM pipelines
                """, user)
        ).map(Rule.init)
        return Dictionary(rules.map { ($0.name, $0) }) { first, _ in first }
    }

    /// The addresses of those who are named, by the pipeline.
    public func allowed() async throws -> [String: [String]] {
        let rows = try await pool.query(
            Statement(
                """
                SELECT name, email FROM pipeline_users JOIN users ON users.id = user_id ORDER BY name, email
                """))
        let pairs: [(String, String)] = try rows.map { row throws(DatabaseError) in (try row["name"], try row["email"])
        }
        return Dictionary(grouping: pairs, by: \.0).mapValues { $0.map(\.1) }
    }

    /// Says what a bare name stands for, and ends what was tried out.
    public func setDefault(_ name: String, version: Int) async throws {
        _ = try await pool.query(
            Statement(
                """
                INSERT INTO pipelines (name, default_version) VALUES ($1, $2)
                ON CONFLICT (name) DO UPDATE SET default_version = $2, canary_version = NULL, canary_percent = 0
                """, name, version))
    }

    /// Says what a bare name stands for with some people.
    ///
    /// - Parameter version: what it stands for with the others, where nothing was said of that yet.
    public func setCanary(_ name: String, _ canary: Canary, otherwise version: Int) async throws {
        _ = try await pool.query(
            Statement(
                """
                INSERT INTO pipelines (name, default_version, canary_version, canary_percent) VALUES ($1, $2, $3, $4)
                ON CONFLICT (name) DO UPDATE SET default_version = coalesce(pipelines.default_version, $2),
                    canary_version = $3, canary_percent = $4
                """, name, version, canary.version, canary.percent))
    }

    /// Says whether only those may use a pipeline who are named.
    public func restrict(_ name: String, _ isRestricted: Bool) async throws {
        _ = try await pool.query(
            Statement(
                """
                INSERT INTO pipelines (name, is_restricted) VALUES ($1, $2)
                ON CONFLICT (name) DO UPDATE SET is_restricted = $2
                """, name, isRestricted))
    }

    /// Names somebody who may use a pipeline, or takes that back.
    public func allow(_ name: String, _ user: UserID, _ isAllowed: Bool) async throws {
        let statements = [
            Statement("INSERT INTO pipelines (name) VALUES ($1) ON CONFLICT DO NOTHING", name),
            isAllowed
                ? Statement(
                    "INSERT INTO pipeline_users (name, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", name, user)
                : Statement("DELETE FROM pipeline_users WHERE name = $1 AND user_id = $2", name, user),
        ]
        _ = try await pool.withConnection { try await $0.query(statements) }
    }
}
