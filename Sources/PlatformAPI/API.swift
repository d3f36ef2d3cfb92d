public import CoreMetrics
public import Database
import FoundationEssentials
import Hummingbird
public import HummingbirdCore
public import Logging
public import MediaProcess
public import Storage

/// The platform's HTTP interface.
public struct API: Sendable {
    /// What it needs to be told.
    public struct Settings: Sendable {
        /// Keys that tokens are signed with, by name: the first one signs, all are believed.
        public var tokenKeys: [(name: String, secret: [UInt8])]
        /// How long a token is of use, in seconds.
        public var tokenLifetime: Int

        /// Which files are taken.
        public var policy = UploadPolicy()
        /// How often somebody may do what.
        public var limits = RateLimits.usual
        /// How long `/api/health` waits for each of what the platform stands on.
        public var patience = Duration.seconds(5)

        public init(tokenKeys: [(name: String, secret: [UInt8])], tokenLifetime: Int = 3600) {
            self.tokenKeys = tokenKeys
            self.tokenLifetime = tokenLifetime
        }
    }

    private let pool: ConnectionPool
    private let store: any ObjectStore
    private let messages: SQSQueue?
    private let catalog: PipelineCatalog
    private let events: VideoEvents
    private let media: MediaProcesses
    private let policy: UploadPolicy
    private let limits: [RateLimits.Subject: RateLimits.Limit]
    private let patience: Duration
    private let tokens: AccessTokens
    private let metrics: any MetricsFactory

    /// - Parameters:
    ///   - messages: what workers are told of jobs by; nil where the database tells them.
    ///   - events: run beside it.
    ///   - media: where strangers' files are looked at.
    ///   - metrics: where what is answered is counted.
    /// - Throws: ``SetupError``.
    public init(
        _ settings: Settings, database pool: ConnectionPool, store: any ObjectStore, messages: SQSQueue? = nil,
        pipelines catalog: PipelineCatalog, events: VideoEvents, media: MediaProcesses,
        metrics: any MetricsFactory = NOOPMetricsHandler.instance, logger: Logger
    ) async throws {
        self.pool = pool
        self.store = store
        self.messages = messages
        self.catalog = catalog
        self.events = events
        self.media = media
        self.metrics = metrics
        policy = settings.policy
        limits = settings.limits
        patience = settings.patience
        tokens = try await AccessTokens(
            settings.tokenKeys.map { AccessTokens.Key(name: $0.name, secret: $0.secret) },
            lifetime: settings.tokenLifetime)
    }

    /// How connections are served: HTTP/1.1, and clients do not take for ever.
    public static var server: HTTPServerBuilder {
        .http1(configuration: .init(additionalChannelHandlers: [ClientPatience()]))
    }

    /// The routes, each with what it needs.
    public func router() -> RequestTasks {
        let router = Router(context: APIContext.self)
        let paths = KnownPaths()
        router.addMiddleware {
            SecurityHeaders()
            RequestMetrics(metrics: metrics)
            ErrorMiddleware(paths: paths)
        }
        let revoked = TokenRepository(pool)
        let authenticator = Authenticator(tokens: tokens, revoked: revoked)
        let limits = RateLimits(AttemptRepository(pool), limits)
        let videos = VideoRepository(pool)
        let api = router.group("api")
        Health(pool: pool, store: store, messages: messages, patience: patience).add(to: api)
        OpenAPIRoute().add(to: api)
        AccountRoutes(
            users: UserRepository(pool), revoked: revoked, passwords: Passwords(), tokens: tokens,
            authenticator: authenticator, limits: limits
        ).add(to: api.group("auth"))
        let list = PublicVideos(videos)
        let choice = PipelineChoice(catalog: catalog, rules: PipelineRepository(pool))
        let own = VideoRoutes(videos: videos, store: store, authenticator: authenticator, list: list)
        own.add(to: api.group("videos"))
        let inspection = Inspection(policy: policy, media: media)
        UploadRoutes(videos: videos, store: store, choice: choice, inspection: inspection, own: own)
            .add(to: api.group("videos"))
        FormUploadRoutes(
            videos: videos, store: store, choice: choice, inspection: inspection, authenticator: authenticator
        ).add(to: api.group("videos"))
        EventRoutes(videos: videos, events: events, own: own).add(to: api.group("videos"))
        PipelineRoutes(choice: choice, authenticator: authenticator).add(to: api.group("pipelines"))
        let everybody = api.group("public")
        PublicVideoRoutes(
            videos: videos, votes: VoteRepository(pool), store: store, authenticator: authenticator, limits: limits,
            list: list
        ).add(to: everybody)
        RankingRoutes(rankings: RankingRepository(pool)).add(to: everybody)
        // Other stores answer for themselves.
        if let store = store as? LocalObjectStore { StoreRoutes(store: store).add(to: router.group("store")) }
        paths.note(router)
        return RequestTasks(router: router)
    }
}
