import FoundationEssentials
import Glibc

/// The terminal: standard output for results, standard error for everything else.
enum Console {
    /// Writes text to standard error as it is.
    static func write(_ text: String) {
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            offset += count
        }
    }

    /// The one line that says why the program ends.
    static func error(_ message: String) { write("error: \(message)\n") }

    /// Something that is not as it should be, though the work goes on.
    static func warn(_ message: String) { write("warning: \(message)\n") }

    /// Whether standard error is a terminal.
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// How many columns the terminal has; 80 where it does not say.
    static var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// A value as JSON, for people (indented) or for scripts (one line).
    static func json(_ value: some Encodable, indented: Bool) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting =
            indented ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
