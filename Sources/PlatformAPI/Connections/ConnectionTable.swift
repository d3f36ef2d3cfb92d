import Logging
import NIOCore
import Synchronization

/// Open connections, bounded in total and per address.
///
/// At a limit, the longest idle connection is closed for the new one; at the address limit, the longest idle one of that address. So idle
/// connections cannot lock clients out.
final class ConnectionTable: Sendable {
    private struct Entry {
        var channel: any Channel
        var address: String
        let idle: IdleClock
        /// Called when the client disconnects.
        var whenGone: (@Sendable () -> Void)?
        var isGone = false
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        var addresses: [String: Set<ObjectIdentifier>] = [:]
        /// When the limit was last logged.
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
    /// - Returns: false if no connection can be closed for it.
    func add(_ channel: any Channel, at now: NIODeadline) -> Bool {
        let remote = channel.remoteAddress.flatMap { IPAddress($0) }
        // A proxy's address stands for many clients: it has no limit.
        let isProxy = remote.map(proxies.contains) ?? true
        let address = remote?.network.description ?? "unknown"
        let (isAdded, evicted, shouldLog): (Bool, (any Channel)?, Bool) = state.withLock { state in
            let id = ObjectIdentifier(channel)
            let ofAddress = state.addresses[address, default: []]
            let candidates: any Collection<ObjectIdentifier>
            if !isProxy, ofAddress.count >= limits.perAddress {
                candidates = ofAddress
            } else if state.entries.count >= limits.total {
                candidates = state.entries.keys
            } else {
                candidates = []
            }
            var evicted: (any Channel)?
            if !candidates.isEmpty {
                guard let idle = Self.longestIdle(of: candidates, state) else {
                    return (false, nil, Self.shouldLog(&state))
                }
                evicted = state.entries[idle]?.channel
                Self.remove(idle, &state)
            }
            state.entries[id] = Entry(channel: channel, address: address, idle: IdleClock(since: now))
            state.addresses[address, default: []].insert(id)
            return (true, evicted, evicted != nil && Self.shouldLog(&state))
        }
        evicted?.close(promise: nil)
        if shouldLog {
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

    /// The clock that says since when a connection is idle; nil if it is not here.
    func idleClock(of channel: any Channel) -> IdleClock? {
        state.withLock { $0.entries[ObjectIdentifier(channel)]?.idle }
    }

    /// Sets the action to run when the client disconnects; runs it now if it already has. Nil removes it.
    func whenGone(_ channel: any Channel, _ action: (@Sendable () -> Void)?) {
        let isGone = state.withLock { state in
            let id = ObjectIdentifier(channel)
            guard let entry = state.entries[id] else { return true }
            state.entries[id]?.whenGone = action
            return entry.isGone
        }
        if isGone { action?() }
    }

    /// Notes that the client has disconnected.
    func noteGone(_ channel: any Channel) {
        state.withLock { state -> (@Sendable () -> Void)? in
            state.entries[ObjectIdentifier(channel)]?.isGone = true
            return state.entries[ObjectIdentifier(channel)]?.whenGone
        }?()
    }

    /// Number of connections.
    var count: Int { state.withLock { $0.entries.count } }

    private static func remove(_ id: ObjectIdentifier, _ state: inout State) {
        guard let entry = state.entries.removeValue(forKey: id) else { return }
        state.addresses[entry.address]?.remove(id)
        if state.addresses[entry.address]?.isEmpty == true { state.addresses[entry.address] = nil }
    }

    /// The longest idle connection; nil if requests are in progress on all.
    private static func longestIdle(of ids: any Collection<ObjectIdentifier>, _ state: State) -> ObjectIdentifier? {
        var longest: (id: ObjectIdentifier, since: NIODeadline)?
        for id in ids {
            guard let since = state.entries[id]?.idle.since, since < longest?.since ?? .distantFuture else { continue }
            longest = (id, since)
        }
        return longest?.id
    }

    /// True at most once a minute.
    private static func shouldLog(_ state: inout State) -> Bool {
        let now = ContinuousClock.now
        if let logged = state.logged, now - logged < .seconds(60) { return false }
        state.logged = now
        return true
    }
}
