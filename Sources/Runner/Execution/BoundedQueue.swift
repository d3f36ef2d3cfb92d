/// Hands elements from one task to another, and makes the first wait when the second falls behind.
final class BoundedQueue<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var isFinished = false
        var isClosed = false
    }

    private let capacity: Int
    private let monitor = Monitor(State())

    /// A queue that holds at most `capacity` elements, one at least.
    init(capacity: Int) { self.capacity = max(1, capacity) }

    /// Puts an element in, waiting for room.
    ///
    /// - Returns: whether the reader wants more; false once it has closed the queue.
    func push(_ element: Element) -> Bool {
        monitor.wait { state in
            if state.isClosed { return false }
            guard state.elements.count < capacity else { return nil }
            state.elements.append(element)
            return true
        }
    }

    /// The next element, waiting for one; nil once the writer has finished or the queue is closed.
    func pop() -> Element? {
        let next: Element?? = monitor.wait { state in
            if !state.elements.isEmpty { return .some(state.elements.removeFirst()) }
            return state.isFinished || state.isClosed ? .some(nil) : nil
        }
        return next ?? nil
    }

    /// Says that nothing more will be put in.
    func finish() { monitor.update { $0.isFinished = true } }

    /// Says that nothing more will be taken out, and drops what is there: both sides stop waiting.
    func close() {
        monitor.update { state in
            state.isClosed = true
            state.elements.removeAll()
        }
    }
}
