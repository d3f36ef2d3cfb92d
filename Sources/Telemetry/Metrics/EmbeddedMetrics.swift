public import FoundationEssentials

/// Writes metrics as lines that CloudWatch finds them in: its embedded metric format, one document for all metrics that have the
/// same dimensions.
public struct EmbeddedMetrics: Sendable {
    private let registry: MetricRegistry
    private let namespace: String
    private let output: LineOutput

    /// Writes to standard error, beside the log.
    ///
    /// - Parameter namespace: what CloudWatch keeps them under.
    public init(_ registry: MetricRegistry, namespace: String) {
        self.init(registry, namespace: namespace, output: .standardError)
    }

    init(_ registry: MetricRegistry, namespace: String, output: LineOutput) {
        self.registry = registry
        self.namespace = namespace
        self.output = output
    }

    /// Writes what has come since the last time.
    ///
    /// - Parameter time: when that is.
    public func write(at time: Date) {
        var groups: [[MetricID.Dimension]: [String: (unit: MetricUnit, values: [Double])]] = [:]
        for (id, metric) in registry.all {
            let values = metric.takeRecent()
            // What has not happened is not told: each metric costs.
            if values.isEmpty || metric.unit == .count && values == [0] { continue }
            groups[id.dimensions, default: [:]][id.label] = (metric.unit, values)
        }
        for (dimensions, metrics) in groups {
            let names = metrics.keys.sorted()
            // A directive has a hundred metrics at the most.
            for begin in stride(from: 0, to: names.count, by: 100) {
                let part = Set(names[begin..<min(begin + 100, names.count)])
                output.write(document(dimensions, metrics.filter { part.contains($0.key) }, time))
            }
        }
    }

    private func document(
        _ dimensions: [MetricID.Dimension], _ metrics: [String: (unit: MetricUnit, values: [Double])], _ time: Date
    ) -> JSONValue {
        let definitions = metrics.keys.sorted().map { name -> JSONValue in
            ["Name": .string(name), "Unit": .string(Self.unit(metrics[name]?.unit ?? .none))]
        }
        let directive: JSONValue = [
            "Namespace": .string(namespace), "Dimensions": [.array(dimensions.map { .string($0.name) })],
            "Metrics": .array(definitions),
        ]
        var members: [String: JSONValue] = [
            "_aws": [
                "Timestamp": .number((time.timeIntervalSince1970 * 1000).rounded(.down)),
                "CloudWatchMetrics": [directive],
            ]
        ]
        for dimension in dimensions { members[dimension.name] = .string(dimension.value) }
        for (name, metric) in metrics {
            members[name] =
                metric.values.count == 1
                ? .number(metric.values[0]) : .array(metric.values.map(JSONValue.number))
        }
        return .object(members)
    }

    private static func unit(_ unit: MetricUnit) -> String {
        switch unit {
        case .count: "Count"
        case .seconds: "Seconds"
        case .none: "None"
        }
    }
}
