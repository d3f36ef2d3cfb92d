public import CoreMetrics
import Synchronization

/// Keeps what is counted and measured, for whoever reads it: ``prometheusText``, ``EmbeddedMetrics``.
public final class MetricRegistry: MetricsFactory {
    private let metrics = Mutex<[MetricID: any Metric]>([:])

    public init() {}

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        metric(label, dimensions, CountMetric.init)
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        metric(label, dimensions, GaugeMetric.init)
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        guard aggregate else { return metric(label, dimensions, GaugeMetric.init) }
        return metric(label, dimensions) { DistributionMetric(.none) }
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        metric(label, dimensions) { DistributionMetric(.seconds) }
    }

    // What is counted stays, whoever counts it.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    /// All of them, in the order of their names.
    var all: [(id: MetricID, metric: any Metric)] {
        metrics.withLock(\.self).sorted { $0.key < $1.key }.map { (id: $0, metric: $1) }
    }

    private func metric<M: Metric>(_ label: String, _ dimensions: [(String, String)], _ make: () -> M) -> M {
        metrics.withLock { metrics in
            let id = MetricID(label: label, dimensions: dimensions.map { MetricID.Dimension(name: $0, value: $1) })
            // What is called like one of another kind is seen by nobody: a mistake, but none to stop a request for.
            if let metric = metrics[id] { return metric as? M ?? make() }
            let metric = make()
            metrics[id] = metric
            return metric
        }
    }
}

/// What a metric is called.
struct MetricID: Hashable, Comparable, Sendable {
    struct Dimension: Hashable, Sendable {
        var name: String
        var value: String
    }

    var label: String
    var dimensions: [Dimension]

    static func < (a: Self, b: Self) -> Bool {
        guard a.label == b.label else { return a.label < b.label }
        return a.dimensions.lazy.map(\.value).lexicographicallyPrecedes(b.dimensions.lazy.map(\.value))
    }
}
