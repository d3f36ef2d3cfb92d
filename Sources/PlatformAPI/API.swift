public import Database
import FoundationEssentials
public import Hummingbird
public import Storage

/// The platform's HTTP interface.
public struct API: Sendable {
    /// What it needs to be told.
    public struct Settings: Sendable {
        /// Keys that tokens are signed with, by name: the first one signs, all are believed.
        public var tokenKeys: [(name: String, secret: [UInt8])]
        /// How long a token is of use, in seconds.
        public var tokenLifetime: Int

        public init(tokenKeys: [(name: String, secret: [UInt8])], tokenLifetime: Int = 3600) {
            self.tokenKeys = tokenKeys
            self.tokenLifetime = tokenLifetime
        }
    }

    private let pool: ConnectionPool
    private let store: any ObjectStore
    private let tokens: AccessTokens

    /// - Throws: ``SetupError``.
    public init(_ settings: Settings, database pool: ConnectionPool, store: any ObjectStore) async throws {
        self.pool = pool
        self.store = store
        tokens = try await AccessTokens(
            settings.tokenKeys.map { AccessTokens.Key(name: $0.name, secret: $0.secret) },
            lifetime: settings.tokenLifetime)
    }

    /// The routes, each with what it needs.
    public func router() -> Router<APIContext> {
        let router = Router(context: APIContext.self)
        router.addMiddleware {
            SecurityHeaders()
            ErrorMiddleware()
        }
        let revoked = TokenRepository(pool)
        let authenticator = Authenticator(tokens: tokens, revoked: revoked)
        let limits = RateLimits(AttemptRepository(pool))
        let videos = VideoRepository(pool)
        let api = router.group("api")
        Health(pool: pool, store: store).add(to: api)
        AccountRoutes(
            users: UserRepository(pool), revoked: revoked, passwords: Passwords(), tokens: tokens,
            authenticator: authenticator, limits: limits
        ).add(to: api.group("auth"))
        VideoRoutes(videos: videos, store: store, authenticator: authenticator).add(to: api.group("videos"))
        let everybody = api.group("public")
        PublicVideoRoutes(
            videos: videos, votes: VoteRepository(pool), store: store, authenticator: authenticator, limits: limits
        ).add(to: everybody)
        RankingRoutes(rankings: RankingRepository(pool)).add(to: everybody)
        // Other stores answer for themselves.
        if let store = store as? LocalObjectStore { StoreRoutes(store: store).add(to: router.group("store")) }
        return router
    }
}
