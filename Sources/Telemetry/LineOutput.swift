import FoundationEssentials
import Glibc

/// Where lines of JSON are written.
struct LineOutput: Sendable {
    private let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    static let standardError = LineOutput(descriptor: STDERR_FILENO)

    /// Writes a value in one line.
    func write(_ value: some Encodable) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard var bytes = try? encoder.encode(value) else { return }
        bytes.append(UInt8(ascii: "\n"))
        // One call a line: lines of several threads do not mix.
        _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}
