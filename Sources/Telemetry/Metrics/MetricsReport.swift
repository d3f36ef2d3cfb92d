import FoundationEssentials
public import ServiceLifecycle

/// Writes metrics for CloudWatch once a minute, and at the end.
public struct MetricsReport: Service {
    private let metrics: EmbeddedMetrics

    private static let pause = Duration.seconds(60)

    public init(_ metrics: EmbeddedMetrics) { self.metrics = metrics }

    public func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.pause)
                metrics.write(at: Date())
            }
        }
    }
}
