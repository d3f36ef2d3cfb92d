import CoreMetrics
import Synchronization

/// Something that is counted or measured.
protocol Metric: AnyObject, Sendable {
    var unit: MetricUnit { get }
    /// What there is, or has been since the beginning.
    var value: MetricValue { get }
    /// What has come since this was asked for last; some of it where that is much.
    func takeRecent() -> [Double]
}

enum MetricUnit: Hashable, Sendable { case count, seconds, none }

enum MetricValue: Hashable, Sendable {
    /// How often something has happened.
    case count(Int64)
    /// How much of something there is.
    case gauge(Double)
    /// What was measured.
    case distribution(Distribution)
}

/// How often something happens.
final class CountMetric: Metric, CounterHandler {
    private let count = Atomic<Int64>(0)
    private let taken = Atomic<Int64>(0)

    var unit: MetricUnit { .count }
    var value: MetricValue { .count(count.load(ordering: .relaxed)) }

    func takeRecent() -> [Double] {
        let now = count.load(ordering: .relaxed)
        return [Double(now - taken.exchange(now, ordering: .relaxed))]
    }

    func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }

    func reset() {
        count.store(0, ordering: .relaxed)
        taken.store(0, ordering: .relaxed)
    }
}

/// How much of something there is.
final class GaugeMetric: Metric, MeterHandler, RecorderHandler {
    private let level = Mutex(0.0)

    var unit: MetricUnit { .none }
    var value: MetricValue { .gauge(level.withLock(\.self)) }

    func takeRecent() -> [Double] { [level.withLock(\.self)] }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { level.withLock { $0 = value } }
    func increment(by amount: Double) { level.withLock { $0 += amount } }
    func decrement(by amount: Double) { level.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
}

/// How long something takes, in seconds, or how large it is.
final class DistributionMetric: Metric, TimerHandler, RecorderHandler {
    private struct State {
        var all = Distribution()
        var recent = EvenSample()
    }

    let unit: MetricUnit
    private let state = Mutex(State())

    init(_ unit: MetricUnit) { self.unit = unit }

    var value: MetricValue { .distribution(state.withLock(\.all)) }

    func takeRecent() -> [Double] {
        state.withLock { state in
            defer { state.recent = EvenSample() }
            return state.recent.values
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        state.withLock { state in
            state.all.add(value)
            state.recent.add(value)
        }
    }
}
