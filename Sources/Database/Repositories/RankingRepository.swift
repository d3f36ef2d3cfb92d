public import struct FoundationEssentials.Date

/// A player's place.
public struct Ranking: Hashable, Sendable {
    public var user: UserID
    public var firstName: String
    public var lastName: String
    public var city: String
    public var country: String
    public var votes: Int
    /// From 1.
    public var place: Int
    /// When the places were counted.
    public var updatedAt: Date

    init(_ row: Row) throws(DatabaseError) {
        user = try row["user_id"]
        firstName = try row["first_name"]
        lastName = try row["last_name"]
        city = try row["city"]
        country = try row["country"]
        votes = try row["total_votes"]
        place = try row["ranking"]
        updatedAt = try row["last_updated"]
    }
}

/// Players by their votes, as they were counted last.
public struct RankingRepository: Sendable {
    private let pool: ConnectionPool

    public init(_ pool: ConnectionPool) { self.pool = pool }

    /// What the list is narrowed down to; places stay those among all.
    public struct Filter: Hashable, Sendable {
        /// In whatever case.
        public var city: String?
        /// In whatever case.
        public var country: String?
        public var minVotes: Int?
        public var maxVotes: Int?

        public init(city: String? = nil, country: String? = nil, minVotes: Int? = nil, maxVotes: Int? = nil) {
            self.city = city
            self.country = country
            self.minVotes = minVotes
            self.maxVotes = maxVotes
        }
    }

    /// A page of the list.
    public func rankings(_ page: PageRequest, _ filter: Filter = Filter()) async throws -> Page<Ranking> {
        let statements = [Self.list(page, filter), Self.count(filter)]
        let rows = try await pool.withConnection { try await $0.query(statements) }
        return Page(elements: try rows[0].map(Ranking.init), total: try rows[1][0]["total"])
    }

    static func count(_ filter: Filter) -> Statement {
        // The last place is how many there are.
        if filter == Filter() { return Statement("SELECT coalesce(max(ranking), 0) AS total FROM player_rankings") }
        return Statement(
            """
            SELECT count(*) AS total FROM player_rankings
            WHERE ($1::text IS NULL OR lower(city) = lower($1)) AND ($2::text IS NULL OR lower(country) = lower($2))
                AND ($3::bigint IS NULL OR total_votes >= $3) AND ($4::bigint IS NULL OR total_votes <= $4)
            """, filter.city, filter.country, filter.minVotes, filter.maxVotes)
    }

    static func list(_ page: PageRequest, _ filter: Filter) -> Statement {
        Statement(
            """
            SELECT * FROM player_rankings
            WHERE ($3::text IS NULL OR lower(city) = lower($3)) AND ($4::text IS NULL OR lower(country) = lower($4))
                AND ($5::bigint IS NULL OR total_votes >= $5) AND ($6::bigint IS NULL OR total_votes <= $6)
            ORDER BY ranking LIMIT $1 OFFSET $2
            """, page.size, page.offset, filter.city, filter.country, filter.minVotes, filter.maxVotes)
    }

    /// A number that is another one when votes were given or taken back, or videos changed, a second ago or longer.
    public func changes() async throws -> Int {
        try await pool.query(
            Statement(
                """
                SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint AS changes
                FROM pg_stat_user_tables WHERE relname IN ('votes', 'videos')
                """))[0]["changes"]
    }

    /// Counts anew, without anybody having to wait who reads.
    ///
    /// - Parameter age: only where the last time was longer ago, whoever did it.
    /// - Returns: whether it was done.
    public func refresh(olderThan age: Duration) async throws -> Bool {
        let fresh = try await pool.query(
            Statement(
                "SELECT 1 AS one FROM player_rankings WHERE last_updated > now() - make_interval(secs => $1) LIMIT 1",
                age.seconds))
        guard fresh.isEmpty else { return false }
        _ = try await pool.query(Statement("REFRESH MATERIALIZED VIEW CONCURRENTLY player_rankings"))
        return true
    }
}
