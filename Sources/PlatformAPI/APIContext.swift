import Database
public import Hummingbird

/// What is known of a request while it is answered.
public struct APIContext: RequestContext, Sendable {
    public var coreContext: CoreRequestContextStorage
    /// The address that it comes from, as far as we know.
    var address: String

    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        address = source.channel.remoteAddress?.ipAddress ?? "unknown"
    }
}
