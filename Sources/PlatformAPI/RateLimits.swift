import Database

/// How often somebody may do something; counted in the database, for all servers together.
public struct RateLimits: Sendable {
    /// What is limited.
    public enum Subject: String, Hashable, Sendable {
        /// From an address.
        case signUp = "signup"
        /// From an address.
        case logIn = "login"
        /// As somebody, from wherever.
        case logInAs = "login-as"
        /// By somebody.
        case vote
        /// For texts and places, from an address.
        case search
    }

    /// How many in how long.
    public struct Limit: Hashable, Sendable {
        public var count: Int
        public var period: Duration

        public init(count: Int, period: Duration) {
            self.count = count
            self.period = period
        }
    }

    private let attempts: AttemptRepository
    private let limits: [Subject: Limit]

    static let usual: [Subject: Limit] = [
        .signUp: Limit(count: 100, period: .seconds(3600)), .logIn: Limit(count: 60, period: .seconds(60)),
        .logInAs: Limit(count: 10, period: .seconds(60)), .vote: Limit(count: 120, period: .seconds(60)),
        .search: Limit(count: 120, period: .seconds(60)),
    ]

    init(_ attempts: AttemptRepository, _ limits: [Subject: Limit]) {
        self.attempts = attempts
        self.limits = limits
    }

    /// How long a log-in address stays known: 24 to 48 hours.
    private static let memory = Duration.seconds(86400)

    /// Remembers `subject`.
    func remember(_ subject: String) async throws { _ = try await attempts.count(subject, per: Self.memory) }

    /// True if `subject` was remembered in this period or the one before (24 to 48 hours).
    func isKnown(_ subject: String) async throws -> Bool {
        try await attempts.isKnown(subject, per: Self.memory)
    }

    /// Counts an attempt.
    ///
    /// - Throws: ``APIError/tooMany(in:)`` where that is one too many.
    func check(_ subject: Subject, by whom: String) async throws {
        guard let limit = limits[subject] else { return }
        let (count, left) = try await attempts.count("\(subject.rawValue) \(whom)", per: limit.period)
        if count > limit.count { throw APIError.tooMany(in: max(1, left)) }
    }
}
