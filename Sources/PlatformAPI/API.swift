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
        /// Limits of one person.
        public var quota = Quota(videos: 500, openUploads: 20, bytesPerDay: 5_000_000_000, repeatsPerHour: 20)
        /// The most event streams of one person on one server.
        public var streams = 20
        /// Limits of connections.
        public var connections = ConnectionLimits()
        /// The proxies whose `X-Forwarded-For` is trusted.
        public var proxies = Proxies.none
        /// How long `/api/health` waits for each of what the platform stands on.
        public var patience = Duration.seconds(5)

        public init(tokenKeys: [(name: String, secret: [UInt8])], tokenLifetime: Int = 3600) {
            self.tokenKeys = tokenKeys
            self.tokenLifetime = tokenLifetime
        }
    }

    /// Connection pools, so that slow or frequent requests cannot exhaust the connections that health checks and log-ins need.
    public struct Pools: Sendable {
        /// For everything else.
        public var general: ConnectionPool
        /// For health checks, sign-up and log-in.
        public var vital: ConnectionPool
        /// For searches by title or city.
        public var searches: ConnectionPool

        public init(general: ConnectionPool, vital: ConnectionPool, searches: ConnectionPool) {
            self.general = general
            self.vital = vital
            self.searches = searches
        }
    }

    private let pools: Pools
    private let store: any ObjectStore
    private let messages: SQSQueue?
    private let catalog: PipelineCatalog
    private let events: VideoEvents
    private let media: MediaProcesses
    private let settings: Settings
    let connections: ConnectionTable
    private let devices: DeviceCookies
    private let tokens: AccessTokens
    private let metrics: any MetricsFactory

    /// - Parameters:
    ///   - messages: what workers are told of jobs by; nil where the database tells them.
    ///   - events: run beside it.
    ///   - media: where strangers' files are looked at.
    ///   - metrics: where what is answered is counted.
    /// - Throws: ``SetupError``.
    public init(
        _ settings: Settings, database pools: Pools, store: any ObjectStore, messages: SQSQueue? = nil,
        pipelines catalog: PipelineCatalog, events: VideoEvents, media: MediaProcesses,
        metrics: any MetricsFactory = NOOPMetricsHandler.instance, logger: Logger
    ) async throws {
        self.settings = settings
        self.pools = pools
        self.store = store
        self.messages = messages
        self.catalog = catalog
        self.events = events
        self.media = media
        self.metrics = metrics
        connections = ConnectionTable(settings.connections, proxies: settings.proxies, logger: logger)
        devices = DeviceCookies(secrets: settings.tokenKeys.map(\.secret))
        tokens = try await AccessTokens(
            settings.tokenKeys.map { AccessTokens.Key(name: $0.name, secret: $0.secret) },
            lifetime: settings.tokenLifetime)
    }

    /// The server: HTTP/1.1 with the limits of ``Settings/connections``.
    public var server: HTTPServerBuilder {
        .http1(
            configuration: .init(
                additionalChannelHandlers: [ClientPatience(settings.connections, connections)],
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100)))
    }

    /// The routes, each with what it needs.
    public func router() -> RequestTasks {
        let router = Router(context: APIContext.self, options: [.autoGenerateHeadEndpoints])
        let paths = KnownPaths()
        router.addMiddleware {
            SecurityHeaders()
            RequestMetrics(metrics: metrics)
            ErrorMiddleware(paths: paths)
            RequestChecks(proxies: settings.proxies, connections: connections)
        }
        let pool = pools.general
        let authenticator = Authenticator(tokens: tokens, revoked: TokenRepository(pool))
        let limits = RateLimits(AttemptRepository(pool), settings.limits)
        let videos = VideoRepository(pool)
        let api = router.group("api")
        Health(pool: pools.vital, store: store, messages: messages, patience: settings.patience).add(to: api)
        OpenAPIRoute().add(to: api)
        AccountRoutes(
            users: UserRepository(pools.vital), revoked: TokenRepository(pools.vital), passwords: Passwords(),
            tokens: tokens,
            authenticator: Authenticator(tokens: tokens, revoked: TokenRepository(pools.vital)), devices: devices,
            limits: RateLimits(AttemptRepository(pools.vital), settings.limits)
        ).add(to: api.group("auth"))
        let list = PublicVideos(videos, searches: VideoRepository(pools.searches))
        let choice = PipelineChoice(catalog: catalog, rules: PipelineRepository(pool))
        let own = VideoRoutes(
            videos: videos, store: store, authenticator: authenticator, list: list, quota: settings.quota)
        own.add(to: api.group("videos"))
        let inspection = Inspection(policy: settings.policy, media: media)
        let slots = UploadSlots(limit: settings.connections.uploads)
        UploadRoutes(videos: videos, store: store, choice: choice, inspection: inspection, own: own, slots: slots)
            .add(to: api.group("videos"))
        FormUploadRoutes(
            videos: videos, store: store, choice: choice, inspection: inspection, authenticator: authenticator,
            quota: settings.quota, slots: slots
        ).add(to: api.group("videos"))
        EventRoutes(videos: videos, events: events, own: own, streamLimit: settings.streams).add(
            to: api.group("videos"))
        PipelineRoutes(choice: choice, authenticator: authenticator).add(to: api.group("pipelines"))
        let everybody = api.group("public")
        PublicVideoRoutes(
            videos: videos, votes: VoteRepository(pool), store: store, authenticator: authenticator, limits: limits,
            list: list
        ).add(to: everybody)
        RankingRoutes(rankings: RankingRepository(pool)).add(to: everybody)
        // Other stores answer for themselves.
        if let store = store as? LocalObjectStore {
            StoreRoutes(store: store, slots: slots).add(to: router.group("store"))
        }
        paths.note(router)
        return RequestTasks(router: router)
    }
}
