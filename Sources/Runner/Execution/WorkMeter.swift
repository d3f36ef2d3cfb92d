import Glibc
import Synchronization

/// Adds up what each kind of task works.
final class WorkMeter: Sendable {
    private let seconds = Mutex<[String: Double]>([:])
    private let begin = ContinuousClock.now
    private let processorBegin = WorkMeter.processorTime

    /// Does a piece of work and adds the time that it took to the kind's.
    func measure<Result, Failure: Error>(_ kind: String, _ work: () throws(Failure) -> Result) throws(Failure) -> Result
    {
        let start = ContinuousClock.now
        defer {
            let spent = (ContinuousClock.now - start).seconds
            seconds.withLock { $0[kind, default: 0] += spent }
        }
        return try work()
    }

    /// Seconds worked so far, by kind, to the millisecond.
    var totals: [String: Double] { seconds.withLock { $0.mapValues { ($0 * 1000).rounded() / 1000 } } }

    /// Seconds since this meter was made.
    var elapsed: Double { (ContinuousClock.now - begin).seconds }

    /// Seconds of processor time of this process since this meter was made.
    var processor: Double { Self.processorTime - processorBegin }

    private static var processorTime: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }
}

extension Duration {
    /// The duration as a floating-point number of seconds.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
