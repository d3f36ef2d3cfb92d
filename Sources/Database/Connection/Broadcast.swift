import Synchronization

/// Passes on what is said under a key to all who have subscribed to it.
package final class Broadcast<Key: Hashable & Sendable, Element: Sendable>: Sendable {
    /// What somebody is told, from when they subscribed on. It ends when it is let go of.
    package struct Subscription: Sendable {
        package let elements: AsyncStream<Element>
        fileprivate let continuation: AsyncStream<Element>.Continuation

        /// Says that there is nothing more to come.
        package func end() { continuation.finish() }
    }

    private struct State {
        var next = 0
        var subscribers: [Key: [Int: AsyncStream<Element>.Continuation]] = [:]
        var isOver = false
    }

    private let state = Mutex(State())
    private let buffer: Int

    /// - Parameter buffer: how many of the newest wait for somebody who does not take them.
    package init(buffer: Int) { self.buffer = buffer }

    /// Subscribes to what is said under a key.
    package func subscribe(to key: Key) -> Subscription {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Element.self, bufferingPolicy: .bufferingNewest(buffer))
        let number: Int? = state.withLock { state in
            if state.isOver { return nil }
            state.next += 1
            state.subscribers[key, default: [:]][state.next] = continuation
            return state.next
        }
        if let number {
            continuation.onTermination = { [weak self] _ in self?.forget(number, key) }
        } else {
            continuation.finish()
        }
        return Subscription(elements: stream, continuation: continuation)
    }

    /// Says something under a key.
    package func send(_ element: Element, to key: Key) {
        let subscribers = state.withLock { $0.subscribers[key].map { Array($0.values) } ?? [] }
        for subscriber in subscribers { subscriber.yield(element) }
    }

    /// Says something to all.
    package func sendToAll(_ element: Element) { for subscriber in all { subscriber.yield(element) } }

    /// Says that nothing more will be said, now or ever.
    package func finish() {
        state.withLock { $0.isOver = true }
        for subscriber in all { subscriber.finish() }
    }

    /// The keys that somebody has subscribed to.
    package var keys: [Key] { state.withLock { Array($0.subscribers.keys) } }

    /// Whether somebody has subscribed to a key.
    package func isHeard(_ key: Key) -> Bool { state.withLock { $0.subscribers[key] != nil } }

    /// How many have subscribed.
    package var count: Int { all.count }

    private var all: [AsyncStream<Element>.Continuation] {
        state.withLock { $0.subscribers.values.flatMap(\.values) }
    }

    private func forget(_ number: Int, _ key: Key) {
        state.withLock { state in
            state.subscribers[key]?[number] = nil
            if state.subscribers[key]?.isEmpty == true { state.subscribers[key] = nil }
        }
    }
}
