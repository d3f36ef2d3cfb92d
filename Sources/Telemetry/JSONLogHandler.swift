import FoundationEssentials
public import Logging

/// Writes logs as lines of JSON, one an event, for programs that collect them.
public struct JSONLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var logLevel: Logger.Level
    private let label: String
    private let output: LineOutput

    /// Writes to standard error.
    ///
    /// - Parameter logLevel: what weighs less is not written.
    public init(label: String, logLevel: Logger.Level = .info) {
        self.init(label: label, logLevel: logLevel, output: .standardError)
    }

    /// - Parameter output: where lines go.
    init(label: String, logLevel: Logger.Level = .info, output: LineOutput) {
        self.logLevel = logLevel
        self.label = label
        self.output = output
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var line: [String: String] = [:]
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }) { line[key] = "\(value)" }
        line["time"] = Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        line["level"] = event.level.rawValue
        line["logger"] = label
        line["message"] = "\(event.message)"
        output.write(line)
    }
}
