/// Why a queue did not do what it was asked.
public enum QueueError: ServiceError, Hashable, Sendable {
    /// It cannot be reached, or has troubles of its own; trying again may help.
    case unavailable(reason: String)
    /// It refuses the request; trying again does not help.
    case refused(reason: String)
    /// The task was cancelled.
    case cancelled
}

extension QueueError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unavailable(let reason): "the queue cannot be reached: \(reason)"
        case .refused(let reason): "the queue refuses the request: \(reason)"
        case .cancelled: "the request was cancelled"
        }
    }
}
