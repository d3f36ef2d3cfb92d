import CoreMetrics
import Foundation
import TestSupport
import Testing

@testable import Telemetry

struct MetricTests {
    private let registry = MetricRegistry()

    private func counter(_ label: String, _ dimensions: (String, String)...) -> Counter {
        Counter(label: label, dimensions: dimensions, factory: registry)
    }

    /// What is written for CloudWatch now, a document a line.
    private func written(_ metrics: (LineOutput) -> EmbeddedMetrics) throws -> [[String: Any]] {
        let scratch = try Scratch()
        let descriptor = open(scratch.path("log"), O_WRONLY | O_CREAT, 0o600)
        metrics(LineOutput(descriptor: descriptor)).write(at: Date(timeIntervalSince1970: 1_700_000_000.25))
        close(descriptor)
        return try String(contentsOfFile: scratch.path("log"), encoding: .utf8).split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    private func written() throws -> [[String: Any]] {
        try written { EmbeddedMetrics(registry, namespace: "Cortina", output: $0) }
    }

    @Test("Prometheus is told what there is, in its own text")
    func prometheus() {
        counter("job.failures", ("reason", "a \"b\"\\\n")).increment(by: 3)
        counter("job.failures", ("reason", "a \"b\"\\\n")).increment()
        counter("job.failures", ("reason", "c")).increment()
        Meter(label: "events.watchers", factory: registry).set(7)
        let timer = CoreMetrics.Timer(label: "job.duration", factory: registry)
        // On the end of a range, within one, and behind the last.
        for seconds in [0.005, 0.3, 1000] { timer.recordNanoseconds(Int64(seconds * 1e9)) }
        let lines = registry.prometheusText.split(separator: "\n").map(String.init)
        #expect(lines.prefix(2) == ["# TYPE events_watchers gauge", "events_watchers 7.0"])
        #expect(
            lines.filter { $0.hasPrefix("# TYPE job") } == [
                "# TYPE job_duration_seconds histogram", "# TYPE job_failures_total counter",
            ])
        #expect(lines.contains(#"job_failures_total{reason="a \"b\"\\\n"} 4"#))
        #expect(lines.contains(#"job_failures_total{reason="c"} 1"#))
        for (end, count) in [("0.0025", 0), ("0.005", 1), ("0.25", 1), ("0.5", 2), ("600.0", 2), ("+Inf", 3)] {
            #expect(lines.contains("job_duration_seconds_bucket{le=\"\(end)\"} \(count)"))
        }
        #expect(lines.contains("job_duration_seconds_sum 1000.305") && lines.contains("job_duration_seconds_count 3"))
    }

    @Test("CloudWatch is told what has come since the last time, one document for what has the same dimensions")
    func embedded() throws {
        counter("job.failures", ("pipeline", "showcase@3")).increment(by: 2)
        Recorder(label: "job.frames_per_second", dimensions: [("pipeline", "showcase@3")], factory: registry).record(
            80.5)
        CoreMetrics.Timer(label: "job.wait", factory: registry).recordNanoseconds(1_500_000_000)
        CoreMetrics.Timer(label: "job.wait", factory: registry).recordNanoseconds(2_000_000_000)
        let documents = try written()
        try #require(documents.count == 2)
        let one = try #require(documents.first { $0["pipeline"] as? String == "showcase@3" })
        let other = try #require(documents.first { $0["pipeline"] == nil })
        #expect(one["job.failures"] as? Int == 2 && one["job.frames_per_second"] as? Double == 80.5)
        #expect(other["job.wait"] as? [Double] == [1.5, 2])
        // The names are those of the specification.
        let aws = try #require(one["_aws"] as? [String: Any])
        #expect(aws["Timestamp"] as? Int == 1_700_000_000_250)
        let directive = try #require((aws["CloudWatchMetrics"] as? [[String: Any]])?.first)
        #expect(
            directive["Namespace"] as? String == "Cortina" && directive["Dimensions"] as? [[String]] == [["pipeline"]])
        let units = try #require(directive["Metrics"] as? [[String: String]])
        #expect(
            units == [
                ["Name": "job.failures", "Unit": "Count"], ["Name": "job.frames_per_second", "Unit": "None"],
            ])
        // Nothing has come since.
        #expect(try written().isEmpty)
        counter("job.failures", ("pipeline", "showcase@3")).increment()
        let again = try written()
        #expect(again.count == 1 && again.first?["job.failures"] as? Int == 1)
    }

    @Test("of many values a hundred at the most are told, from all of the time", arguments: [100, 101, 1000, 12345])
    func sample(count: Int) throws {
        var sample = EvenSample()
        for value in 0..<count { sample.add(Double(value)) }
        #expect(sample.values.count <= 100 && sample.values.count > 49 && sample.values.first == 0)
        let steps = Set(zip(sample.values, sample.values.dropFirst()).map { $1 - $0 })
        let step = try #require(steps.first)
        #expect(steps.count == 1 && sample.values.last.map { Double(count) - $0 <= step } == true)
    }

    @Test("however many count at once, all is counted")
    func concurrency() async {
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        counter("events", ("kind", "a")).increment()
                        CoreMetrics.Timer(label: "time", factory: registry).recordNanoseconds(1)
                    }
                }
            }
        }
        let text = registry.prometheusText
        #expect(text.contains(#"events_total{kind="a"} 8000"#) && text.contains("time_seconds_count 8000"))
    }
}
