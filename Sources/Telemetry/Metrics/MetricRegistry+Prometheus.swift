extension MetricRegistry {
    /// What Prometheus asks for: its text format, version 0.0.4.
    public var prometheusText: String {
        var text = ""
        var told: String?
        for (id, metric) in all {
            let name = Self.name(of: id.label, metric)
            if name != told {
                text += "# TYPE \(name) \(Self.type(of: metric.value))\n"
                told = name
            }
            let labels = id.dimensions.map { #"\#(Self.word($0.name))="\#(Self.escaped($0.value))""# }
            switch metric.value {
            case .count(let count): text += Self.line(name, labels, "\(count)")
            case .gauge(let level): text += Self.line(name, labels, "\(level)")
            case .distribution(let distribution):
                let ends = Distribution.bounds.map { "\($0)" } + ["+Inf"]
                for (end, count) in zip(ends, distribution.cumulative) {
                    text += Self.line("\(name)_bucket", labels + [#"le="\#(end)""#], "\(count)")
                }
                text += Self.line("\(name)_sum", labels, "\(distribution.sum)")
                text += Self.line("\(name)_count", labels, "\(distribution.count)")
            }
        }
        return text
    }

    /// A name with its unit, as Prometheus' naming guide has it.
    private static func name(of label: String, _ metric: any Metric) -> String {
        switch metric.unit {
        case .count: "\(word(label))_total"
        case .seconds: "\(word(label))_seconds"
        case .none: word(label)
        }
    }

    private static func type(of value: MetricValue) -> String {
        switch value {
        case .count: "counter"
        case .gauge: "gauge"
        case .distribution: "histogram"
        }
    }

    private static func line(_ name: String, _ labels: [String], _ value: String) -> String {
        labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels.joined(separator: ","))} \(value)\n"
    }

    /// Names have letters of ASCII, digits and underscores.
    private static func word(_ text: String) -> String {
        String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
