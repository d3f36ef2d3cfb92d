import Foundation

/// Hands elements from one task to another, and makes the first wait when the second falls behind.
///
/// Sendable because every access to its state is under its condition's lock.
final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
    private let capacity: Int
    private let condition = NSCondition()
    private var elements: [Element] = []
    private var isFinished = false
    private var isClosed = false

    /// A queue that holds at most `capacity` elements, one at least.
    init(capacity: Int) { self.capacity = max(1, capacity) }

    /// Puts an element in, waiting for room.
    ///
    /// - Returns: whether the reader wants more; false once it has closed the queue.
    func push(_ element: Element) -> Bool {
        condition.withLock {
            while elements.count >= capacity, !isClosed { condition.wait() }
            guard !isClosed else { return false }
            elements.append(element)
            condition.signal()
            return true
        }
    }

    /// The next element, waiting for one; nil once the writer has finished or the queue is closed.
    func pop() -> Element? {
        condition.withLock {
            while elements.isEmpty, !isFinished, !isClosed { condition.wait() }
            guard !elements.isEmpty else { return nil }
            condition.signal()
            return elements.removeFirst()
        }
    }

    /// Says that nothing more will be put in.
    func finish() {
        condition.withLock {
            isFinished = true
            condition.broadcast()
        }
    }

    /// Says that nothing more will be taken out, and drops what is there: both sides stop waiting.
    func close() {
        condition.withLock {
            isClosed = true
            elements.removeAll()
            condition.broadcast()
        }
    }
}
