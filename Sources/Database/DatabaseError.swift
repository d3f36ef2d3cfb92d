/// Why the database did not do what it was asked.
public enum DatabaseError: Error, Hashable, Sendable {
    /// It cannot be reached, or the connection was lost; what was under way may have been done or not.
    case unavailable(reason: String)
    /// No connection of the pool became free in time.
    case exhausted(limit: Int)
    /// It did not answer in time.
    case timedOut
    /// The task was cancelled.
    case cancelled
    /// It refused a statement.
    case refused(ServerError)
    /// A column has not what is asked of it.
    case undecodable(column: String, reason: String)
    /// A migration cannot be applied.
    case migration(String)
    /// A mistake of ours.
    case fault(String)

    /// Whether the same may succeed when it is tried again, because nothing is wrong with it.
    public var isTransient: Bool {
        switch self {
        case .unavailable, .exhausted, .timedOut: true
        case .refused(let error): error.isConflict || error.isShutdown || error.state.hasPrefix("53")
        case .cancelled, .undecodable, .migration, .fault: false
        }
    }
}

extension DatabaseError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unavailable(let reason): "the database cannot be reached: \(reason)"
        case .exhausted(let limit): "all \(limit) connections to the database are busy"
        case .timedOut: "the database did not answer in time"
        case .cancelled: "the request was cancelled"
        case .refused(let error): "the database refused a statement: \(error.message) (\(error.state))"
        case .undecodable(let column, let reason): "the column '\(column)' \(reason)"
        case .migration(let reason), .fault(let reason): reason
        }
    }
}

/// What PostgreSQL says of an error (PostgreSQL 15, appendix A: the states).
public struct ServerError: Hashable, Sendable {
    /// The error's SQLSTATE: five characters.
    public var state: String
    /// What was wrong, in PostgreSQL's words: for logs, not for clients.
    public var message: String
    /// The constraint that was violated.
    public var constraint: String?

    /// Whether another transaction was in the way, and the same one may succeed now: a serialisation failure or a deadlock.
    public var isConflict: Bool { state == "40001" || state == "40P01" }
    /// Whether the server ends or begins.
    public var isShutdown: Bool { ["57P01", "57P02", "57P03"].contains(state) }
    /// Whether a row is there already that may be there once.
    public var isDuplicate: Bool { state == "23505" }
    /// Whether what a row refers to is not there.
    public var isMissingReference: Bool { state == "23503" }
    /// Whether a prepared statement does not fit the tables any more.
    var isStale: Bool { state == "26000" || (state == "0A000" && message.contains("cached plan")) }
}
