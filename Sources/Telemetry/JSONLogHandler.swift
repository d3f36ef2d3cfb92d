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
        var line = metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).mapValues(JSONValue.init)
        line["time"] = .string(Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
        line["level"] = .string(event.level.rawValue)
        line["logger"] = .string(label)
        line["message"] = .string("\(event.message)")
        output.write(line)
    }
}

extension JSONValue {
    /// What is logged: its leaves are text.
    init(_ value: Logger.MetadataValue) {
        switch value {
        case .string(let text): self = .string(text)
        case .stringConvertible(let thing): self = .string("\(thing)")
        case .array(let values): self = .array(values.map(JSONValue.init))
        case .dictionary(let members): self = .object(members.mapValues(JSONValue.init))
        }
    }
}
