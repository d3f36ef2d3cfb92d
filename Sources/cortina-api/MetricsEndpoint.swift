import Hummingbird
import Logging
import ServiceLifecycle
import Telemetry

/// `GET /metrics`, for Prometheus: on a port of its own, which clients need not reach.
struct MetricsEndpoint: Service {
    let registry: MetricRegistry
    let host: String
    let port: Int
    let logger: Logger

    func run() async throws {
        let router = Router()
        router.get("metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4"],
                body: .init(byteBuffer: ByteBuffer(string: registry.prometheusText)))
        }
        try await Application(
            router: router, configuration: .init(address: .hostname(host, port: port)), logger: logger
        ).run()
    }
}
