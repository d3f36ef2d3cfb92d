/// Messages that were received too often: SQS puts them into another queue then, for people to look at.
public struct DeadLetters: Sendable {
    private let queue: SQSQueue
    private let letters: SQSQueue

    /// How long one that is looked at is hidden from others, unless it is shown again before.
    private static let hiding = Duration.seconds(300)
    /// How long to wait for one: a request that does not wait asks a part of the service only (Amazon SQS Developer Guide, "Short and long
    /// polling").
    private static let patience = Duration.seconds(1)

    /// - Parameter queue: the one that they were received from.
    /// - Returns: nil where it has no other behind it.
    /// - Throws: ``QueueError``; so do all of these.
    public init?(behind queue: SQSQueue) async throws(QueueError) {
        guard let letters = try await queue.deadLetters() else { return nil }
        self.queue = queue
        self.letters = letters
    }

    /// Looks at them; all are there afterwards.
    ///
    /// - Parameter most: how many at the most.
    public func list(_ most: Int) async throws(QueueError) -> [SQSQueue.Message] { try await sift(most) { _ in [] } }

    /// Sends them back to the queue that they come from. One that was taken there is deleted here: it may be there twice then, but never
    /// nowhere.
    ///
    /// - Parameter isWanted: which of them.
    /// - Returns: how many were sent, and those that are left.
    public func redrive(
        _ isWanted: (SQSQueue.Message) -> Bool
    ) async throws(QueueError) -> (sent: Int, left: [SQSQueue.Message]) {
        var sent = 0
        let left = try await sift(.max) { (messages) async throws(QueueError) -> Set<SQSQueue.Message> in
            let wanted = messages.filter(isWanted)
            guard !wanted.isEmpty else { return [] }
            let taken = try await queue.send(wanted.map(\.body)).map { wanted[$0] }
            for message in taken { try await letters.delete(message) }
            sent += taken.count
            return Set(taken)
        }
        return (sent, left)
    }

    /// Takes what there is, a few at a time, until there is nothing more.
    ///
    /// - Parameter handle: gives back those that it deleted; others are shown again, whatever happens.
    /// - Returns: the others.
    private func sift(
        _ most: Int, _ handle: ([SQSQueue.Message]) async throws(QueueError) -> Set<SQSQueue.Message>
    ) async throws(QueueError) -> [SQSQueue.Message] {
        var (kept, count) = ([SQSQueue.Message](), 0)
        do {
            while count < most {
                let some = try await letters.receive(
                    min(SQSQueue.batch, most - count), waiting: Self.patience, hidingFor: Self.hiding)
                guard !some.isEmpty else { break }
                (kept, count) = (kept + some, count + some.count)
                let gone = try await handle(some)
                kept.removeAll { gone.contains($0) }
            }
        } catch {
            // It is the first error that is told of.
            try? await show(kept)
            throw error
        }
        try await show(kept)
        return kept
    }

    private func show(_ messages: [SQSQueue.Message]) async throws(QueueError) {
        for message in messages { try await letters.hide(message, for: .zero) }
    }
}
