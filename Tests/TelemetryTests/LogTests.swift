import Foundation
import Logging
import TestSupport
import Testing

@testable import Telemetry

struct LogTests {
    @Test("a log is lines of JSON, one an event, whatever stands in it")
    func log() throws {
        let scratch = try Scratch()
        let descriptor = open(scratch.path("log"), O_WRONLY | O_CREAT, 0o600)
        var handler = JSONLogHandler(label: "test", output: LineOutput(descriptor: descriptor))
        handler[metadataKey: "request"] = "7"
        var logger = Logger(label: "test") { [handler] _ in handler }
        logger[metadataKey: "video"] = "\"12\"\n"
        logger.warning("a \"quoted\"\nline", metadata: ["request": "8"])
        logger.debug("not this")
        close(descriptor)
        let text = try String(contentsOfFile: scratch.path("log"), encoding: .utf8)
        #expect(text.hasSuffix("\n") && text.split(separator: "\n").count == 1)
        let line = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String])
        #expect(line["message"] == "a \"quoted\"\nline" && line["request"] == "8" && line["video"] == "\"12\"\n")
        #expect(line["level"] == "warning" && line["logger"] == "test" && line["time"]?.hasSuffix("Z") == true)
    }
}
