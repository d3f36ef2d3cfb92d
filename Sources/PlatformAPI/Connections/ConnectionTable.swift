import Logging
import NIOCore
import Synchronization

/// A server's open connections, which are bounded, in all and for each address.
///
/// When there are too many, the one that has waited longest for a request is closed for a new one, of that address where it is the address
/// that has too many: clients that only hold connections keep nobody out.
final class ConnectionTable: Sendable {
    private struct Entry {
        var channel: any Channel
        var address: String
        /// Since when it waits for a request; nil while one is under way.
        var idleSince: NIODeadline?
        /// Called once when the client goes away.
        var whenGone: (@Sendable () -> Void)?
        var isGone = false
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        var addresses: [String: Set<ObjectIdentifier>] = [:]
        /// When it was last logged that there are too many.
        var logged: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    private let limits: ConnectionLimits
    private let proxies: Proxies
    private let logger: Logger

    init(_ limits: ConnectionLimits, proxies: Proxies, logger: Logger) {
        self.limits = limits
        self.proxies = proxies
        self.logger = logger
    }

    /// Adds a connection.
    ///
    /// - Returns: false if there is no room for it.
    func add(_ channel: any Channel, at now: NIODeadline) -> Bool {
        let remote = channel.remoteAddress.flatMap { IPAddress($0) }
        // Everybody behind a proxy has its address.
        let isProxy = remote.map(proxies.contains) ?? true
        let address = remote?.network.description ?? "unknown"
        let (isAdded, evicted, isNews): (Bool, (any Channel)?, Bool) = state.withLock { state in
            let id = ObjectIdentifier(channel)
            let ofAddress = state.addresses[address, default: []]
            let crowd: any Collection<ObjectIdentifier>
            if !isProxy, ofAddress.count >= limits.perAddress {
                crowd = ofAddress
            } else if state.entries.count >= limits.total {
                crowd = state.entries.keys
            } else {
                crowd = []
            }
            var evicted: (any Channel)?
            if !crowd.isEmpty {
                guard let idle = Self.longestIdle(of: crowd, state) else { return (false, nil, Self.isNews(&state)) }
                evicted = state.entries[idle]?.channel
                Self.remove(idle, &state)
            }
            state.entries[id] = Entry(channel: channel, address: address, idleSince: now)
            state.addresses[address, default: []].insert(id)
            return (true, evicted, evicted != nil && Self.isNews(&state))
        }
        evicted?.close(promise: nil)
        if isNews {
            logger.warning(
                "connections are at their limit",
                metadata: ["total": "\(limits.total)", "per_address": "\(limits.perAddress)", "address": "\(address)"])
        }
        return isAdded
    }

    /// Removes a connection that was closed.
    func remove(_ channel: any Channel) {
        noteGone(channel)
        state.withLock { Self.remove(ObjectIdentifier(channel), &$0) }
    }

    /// Notes that a connection waits for a request, or does not any more.
    func note(_ channel: any Channel, idleSince: NIODeadline?) {
        state.withLock { $0.entries[ObjectIdentifier(channel)]?.idleSince = idleSince }
    }

    /// Has something done when the client goes away: at once, if it has gone. Nil for nothing.
    func whenGone(_ channel: any Channel, _ action: (@Sendable () -> Void)?) {
        let isGone = state.withLock { state in
            let id = ObjectIdentifier(channel)
            guard let entry = state.entries[id] else { return true }
            state.entries[id]?.whenGone = action
            return entry.isGone
        }
        if isGone { action?() }
    }

    /// Notes that a client sends nothing more.
    func noteGone(_ channel: any Channel) {
        state.withLock { state -> (@Sendable () -> Void)? in
            state.entries[ObjectIdentifier(channel)]?.isGone = true
            return state.entries[ObjectIdentifier(channel)]?.whenGone
        }?()
    }

    /// The number of connections.
    var count: Int { state.withLock { $0.entries.count } }

    private static func remove(_ id: ObjectIdentifier, _ state: inout State) {
        guard let entry = state.entries.removeValue(forKey: id) else { return }
        state.addresses[entry.address]?.remove(id)
        if state.addresses[entry.address]?.isEmpty == true { state.addresses[entry.address] = nil }
    }

    /// The connection that has waited longest for a request; nil if requests are under way on all.
    private static func longestIdle(of ids: any Collection<ObjectIdentifier>, _ state: State) -> ObjectIdentifier? {
        var longest: (id: ObjectIdentifier, since: NIODeadline)?
        for id in ids {
            guard let since = state.entries[id]?.idleSince, since < longest?.since ?? .distantFuture else { continue }
            longest = (id, since)
        }
        return longest?.id
    }

    /// Whether it is to be logged: once a minute.
    private static func isNews(_ state: inout State) -> Bool {
        let now = ContinuousClock.now
        if let logged = state.logged, now - logged < .seconds(60) { return false }
        state.logged = now
        return true
    }
}
