/// Why the store did not do what it was asked.
public enum StoreError: ServiceError, Hashable, Sendable {
    /// There is no such object.
    case notFound(ObjectKey)
    /// The object is not the one that is asked for any more.
    case changed(ObjectKey)
    /// There is an object already, or there was one: an address for writing is good once.
    case sealed(ObjectKey)
    /// It cannot be reached, or has troubles of its own; trying again may help.
    case unavailable(reason: String)
    /// It refuses the request; trying again does not help.
    case refused(reason: String)
    /// There is no room left.
    case full
    /// The task was cancelled.
    case cancelled
    /// A file of ours cannot be read.
    case unreadable(String, reason: String)

    /// Whether the same may succeed when it is tried again.
    public var isTransient: Bool {
        switch self {
        case .unavailable, .full: true
        case .notFound, .changed, .sealed, .refused, .cancelled, .unreadable: false
        }
    }
}

extension StoreError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notFound(let key): "the store has no '\(key)'"
        case .changed(let key): "'\(key)' has changed"
        case .sealed(let key): "'\(key)' was written already"
        case .unavailable(let reason): "the store cannot be reached: \(reason)"
        case .refused(let reason): "the store refuses the request: \(reason)"
        case .full: "the store is full"
        case .cancelled: "the transfer was cancelled"
        case .unreadable(let path, let reason): "'\(path)' cannot be read: \(reason)"
        }
    }
}
