/// What somebody said with `NOTIFY`.
public struct Notification: Hashable, Sendable {
    public var channel: String
    public var payload: String
}
