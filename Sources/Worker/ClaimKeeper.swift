import Database
import Storage
import Synchronization

/// Keeps a job claimed while it is worked on, and tells how far it is.
final class ClaimKeeper: Sendable {
    /// The claim is somebody else's by now: the work is for nothing.
    struct Lost: Error {}

    private let job: Job
    private let queue: any JobQueue
    private let progress = Mutex(0.0)

    /// Progress is told twice a second at the most.
    private static let pause = Duration.milliseconds(500)
    /// Progress that is worth telling.
    private static let step = 0.01

    init(_ job: Job, in queue: any JobQueue) {
        self.job = job
        self.queue = queue
    }

    /// Notes how far the work is, from 0 to 1, to a thousandth.
    func note(_ fraction: Double) { progress.withLock { $0 = max($0, min(1, (fraction * 1000).rounded() / 1000)) } }

    /// Renews the claim until the task is cancelled.
    ///
    /// - Throws: ``Lost`` where it cannot be kept.
    func keep() async throws {
        var told = 0.0
        var renewed = ContinuousClock.now
        while true {
            try await Task.sleep(for: Self.pause)
            let reached = progress.withLock(\.self)
            // Three tries in a lease.
            guard reached - told >= Self.step || renewed.duration(to: .now) >= queue.lease / 4 else { continue }
            let now = ContinuousClock.now
            do {
                guard try await queue.renew(job, progress: reached) else { throw Lost() }
                (told, renewed) = (reached, now)
            } catch let lost as Lost {
                throw lost
            } catch {
                // The database may be back before the lease has run out.
                if renewed.duration(to: .now) >= queue.lease { throw Lost() }
            }
        }
    }
}
