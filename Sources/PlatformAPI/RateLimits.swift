import Database

/// How often somebody may do something; counted in the database, for all servers together.
struct RateLimits: Sendable {
    /// What is limited.
    enum Subject: String, Hashable, Sendable {
        case signUp = "signup"
        /// From an address.
        case logIn = "login"
        /// As somebody, from wherever.
        case logInAs = "login-as"
        case vote
    }

    /// How many in how long.
    struct Limit: Hashable, Sendable {
        var count: Int
        var period: Duration
    }

    private let attempts: AttemptRepository
    private let limits: [Subject: Limit]

    static let usual: [Subject: Limit] = [
        .signUp: Limit(count: 100, period: .seconds(3600)), .logIn: Limit(count: 60, period: .seconds(60)),
        .logInAs: Limit(count: 10, period: .seconds(60)), .vote: Limit(count: 120, period: .seconds(60)),
    ]

    init(_ attempts: AttemptRepository, _ limits: [Subject: Limit]) {
        self.attempts = attempts
        self.limits = limits
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
