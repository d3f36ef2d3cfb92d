/// Public videos: lists and searches.
extension VideoRepository {
    /// A video that everybody may see.
    public func publicVideo(_ id: VideoID) async throws -> Video? {
        try await pool.query(
            Statement(
                """
                SELECT * FROM videos
                WHERE id = $1 AND is_public AND status = 'processed' AND deleted_at IS NULL
                """, id)
        ).first.map(Video.init)
    }

    /// Filter of public videos.
    public struct Filter: Hashable, Sendable {
        /// The player's city, without regard to case.
        public var city: String?
        /// Part of the title, without regard to case.
        public var title: String?

        public init(city: String? = nil, title: String? = nil) {
            self.city = city
            self.title = title
        }

        /// True if nothing is filtered.
        public var isEmpty: Bool { city == nil && title == nil }

        /// The number of newest videos that are searched; nil for all.
        var scope: Int? {
            guard let title else { return nil }
            let words = title.unicodeScalars.split { !$0.properties.isAlphabetic && $0.properties.numericType == nil }
            return words.contains { $0.count >= 3 } ? nil : VideoRepository.searchedWithoutIndex
        }

        /// `ILIKE` pattern with wildcards escaped.
        var pattern: String? {
            title.map { title in
                "%" + title.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_") + "%"
            }
        }
    }

    /// Sort order of public videos.
    public enum Order: String, Hashable, Sendable, CaseIterable {
        /// Newest first.
        case recent
        /// Most votes first.
        case votes
    }

    /// A page of public videos.
    public func publicVideos(
        _ page: PageRequest, _ order: Order = .recent, _ filter: Filter = Filter()
    ) async throws -> [PublicVideo] {
        try await pool.query(Self.list(order, page, filter)).map(PublicVideo.init)
    }

    /// Number of matching public videos; at most ``countedMatches`` for a search by title.
    public func publicVideoCount(_ filter: Filter = Filter()) async throws -> Int {
        try await pool.query(Self.count(filter))[0]["total"]
    }

    /// Maximum number of matches that are counted.
    public static let countedMatches = 1000
    /// The number of newest videos that are searched for a text without three letters in a row, for which the index has no trigram.
    static let searchedWithoutIndex = 5000

    static func count(_ filter: Filter) -> Statement {
        if filter.isEmpty {
            return Statement(
                "SELECT count(*) AS total FROM videos WHERE is_public AND status = 'processed' AND deleted_at IS NULL")
        }
        return Statement(
            """
            SELECT count(*) AS total FROM (
                SELECT FROM found_videos($1, $2, $4) LIMIT $3
            ) AS found
            """, filter.pattern, filter.city, filter.title == nil ? nil : Self.countedMatches, filter.scope)
    }

    // Rows and players are looked up for the page alone, not for all those before it.
    static func list(_ order: Order, _ page: PageRequest, _ filter: Filter) -> Statement {
        switch order {
        case .recent:
            Statement(
                """
                SELECT videos.*, users.first_name, users.last_name, users.city FROM (
                    SELECT id FROM found_videos($3, $4, $5) ORDER BY id DESC LIMIT $1 OFFSET $2
                ) AS page JOIN videos ON videos.id = page.id JOIN users ON users.id = videos.user_id
                ORDER BY videos.id DESC
                """, page.size, page.offset, filter.pattern, filter.city, filter.scope)
        case .votes:
            Statement(
                """
                SELECT videos.*, users.first_name, users.last_name, users.city FROM (
                    SELECT id FROM found_videos($3, $4, $5) ORDER BY vote_count DESC, id DESC LIMIT $1 OFFSET $2
                ) AS page JOIN videos ON videos.id = page.id JOIN users ON users.id = videos.user_id
                ORDER BY videos.vote_count DESC, videos.id DESC
                """, page.size, page.offset, filter.pattern, filter.city, filter.scope)
        }
    }
}
