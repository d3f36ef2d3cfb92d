import CLibAV
import Synchronization

/// libav's log, which is one for the whole process.
public enum LibAVLog {
    /// How grave a line is.
    public enum Level: Sendable {
        case error, warning, info, debug
    }

    /// How many lines are passed on in a second; a damaged file can cause thousands.
    public static let linesPerSecond = 20

    /// Passes libav's lines on, in place of printing them to standard error: at most ``linesPerSecond``, and then how many
    /// were left out.
    ///
    /// - Parameter handler: gets each line, from whatever thread of libav's.
    public static func redirect(_ handler: @escaping @Sendable (Level, String) -> Void) {
        state.withLock { $0.handler = handler }
        av_log_set_level(AV_LOG_INFO)
        av_log_set_callback { object, level, format, arguments in
            guard level <= av_log_get_level(), let format, let arguments else { return }
            guard let (handler, omitted) = LibAVLog.state.withLock({ $0.admit() }) else { return }
            let line = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { buffer in
                buffer.initialize(repeating: 0)
                var isNewLine: Int32 = 1
                av_log_format_line2(
                    object, level, format, arguments, buffer.baseAddress, Int32(buffer.count), &isNewLine)
                return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            }
            if omitted > 0 { handler(.warning, "\(omitted) lines were left out") }
            // What a file says of itself stands in some lines: no control character reaches a terminal.
            let text = String(
                String.UnicodeScalarView(line.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : $0 })
            )
            .split(separator: " ").joined(separator: " ")
            if !text.isEmpty { handler(Level(level), text) }
        }
    }

    /// Where lines go, and how many.
    private struct State {
        var handler: (@Sendable (Level, String) -> Void)?
        var valve = LineValve(linesPerSecond: LibAVLog.linesPerSecond)

        /// The receiver of a line, and how many were left out before it; nil for a line that is left out itself.
        mutating func admit() -> (@Sendable (Level, String) -> Void, omitted: Int)? {
            guard let handler, let omitted = valve.admit() else { return nil }
            return (handler, omitted)
        }
    }

    // libav keeps one callback a process, so its receiver can be nothing smaller.
    private static let state = Mutex(State())
}

extension LibAVLog.Level {
    fileprivate init(_ level: Int32) {
        self =
            switch level {
            case ...AV_LOG_ERROR: .error
            case ...AV_LOG_WARNING: .warning
            case ...AV_LOG_INFO: .info
            default: .debug
            }
    }
}
