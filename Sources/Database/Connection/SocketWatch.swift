import Dispatch
import Glibc
import Synchronization

/// Tells when a socket can be read or written, without holding a thread.
///
/// One task waits at a time. After a wait that was not met the watch is of no use any more.
final class SocketWatch: Sendable {
    /// What is waited for.
    enum Direction: Int, Sendable {
        case reading, writing

        fileprivate var event: Int16 { Int16(self == .reading ? POLLIN : POLLOUT) }
    }

    /// How a wait ends.
    enum Outcome: Sendable {
        case ready, timedOut, cancelled
    }

    private let watcher: Watcher
    private let descriptor: Int32

    /// Watches a socket that stays open as long as anybody's.
    ///
    /// - Throws: ``DatabaseError/fault(_:)`` where the system has no descriptor left.
    init(_ socket: Int32) throws(DatabaseError) {
        // A descriptor of one's own: it may be closed when Dispatch is done with it, not before.
        let descriptor = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else { throw .fault("a socket cannot be watched: \(String(cString: strerror(errno)))") }
        self.descriptor = descriptor
        watcher = Watcher(descriptor)
    }

    deinit { watcher.close() }

    /// Waits until the socket is ready for one of the directions.
    func wait(for directions: Direction..., until deadline: DispatchTime) async -> Outcome {
        // Dispatch tells once that a socket was hung up, and is silent about what is still to be read from it.
        var event = pollfd(fd: descriptor, events: directions.reduce(0) { $0 | $1.event }, revents: 0)
        if poll(&event, 1, 0) > 0 { return Task.isCancelled ? .cancelled : .ready }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { watcher.begin($0, for: directions, deadline: deadline) }
        } onCancel: { [watcher] in
            watcher.end(.cancelled)
        }
        // Cancelled as it was met: the watch is of no use any more, and who waits must know.
        return watcher.isCancelled ? .cancelled : outcome
    }
}

/// The watch's sources of events, each of which is suspended but while it is waited for.
///
/// Sendable because `state` has a lock, `sources` never changes, and `armed` is read and written on `queue` only, which is serial.
private final class Watcher: @unchecked Sendable {
    private struct State {
        var continuation: CheckedContinuation<SocketWatch.Outcome, Never>?
        var deadline: DispatchTime?
        var isChecking = false
        var isCancelled = false
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "database.socket")
    private let sources: [any DispatchSourceProtocol]
    private var armed = [false, false]

    init(_ descriptor: Int32) {
        sources = [
            DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue),
            DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: queue),
        ]
        // The descriptor is closed when the last source is done with it.
        let open = DispatchGroup()
        for (index, source) in sources.enumerated() {
            open.enter()
            source.setCancelHandler { open.leave() }
            source.setEventHandler { [unowned self] in
                sources[index].suspend()
                armed[index] = false
                end(.ready)
            }
        }
        open.notify(queue: queue) { _ = Glibc.close(descriptor) }
    }

    /// Whether a wait was cancelled.
    var isCancelled: Bool { state.withLock(\.isCancelled) }

    func begin(
        _ continuation: CheckedContinuation<SocketWatch.Outcome, Never>, for directions: [SocketWatch.Direction],
        deadline: DispatchTime
    ) {
        let isCancelled = state.withLock { state in
            guard !state.isCancelled else { return true }
            state.continuation = continuation
            state.deadline = deadline
            return false
        }
        guard !isCancelled else { return continuation.resume(returning: .cancelled) }
        queue.async { [self] in
            for direction in directions { arm(direction) }
            check()
        }
    }

    func end(_ outcome: SocketWatch.Outcome) {
        let continuation = state.withLock { state in
            if outcome == .cancelled { state.isCancelled = true }
            defer { state.continuation = nil }
            return state.continuation
        }
        continuation?.resume(returning: outcome)
    }

    /// Lets go of the descriptor.
    func close() {
        queue.async { [self] in
            for direction in [SocketWatch.Direction.reading, .writing] {
                // Dispatch does not take back a source that is suspended.
                arm(direction)
                sources[direction.rawValue].cancel()
            }
        }
    }

    private func arm(_ direction: SocketWatch.Direction) {
        guard !armed[direction.rawValue] else { return }
        armed[direction.rawValue] = true
        sources[direction.rawValue].resume()
    }

    /// Ends a wait that is overdue, and looks again when the next one may be: one look for many waits that are met in time.
    private func check() {
        let next: DispatchTime? = state.withLock { state in
            guard !state.isChecking, state.continuation != nil, let deadline = state.deadline else { return nil }
            state.isChecking = true
            return deadline
        }
        guard let next else { return }
        queue.asyncAfter(deadline: next) { [weak self] in
            guard let self else { return }
            let isOverdue = state.withLock { state in
                state.isChecking = false
                return state.continuation != nil && state.deadline.map { $0 <= .now() } == true
            }
            if isOverdue { end(.timedOut) } else { check() }
        }
    }
}
