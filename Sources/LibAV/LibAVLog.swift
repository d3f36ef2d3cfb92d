import CLibAV
import Synchronization

/// libav's log, which is one for the whole process.
public enum LibAVLog {
    /// How grave a line is.
    public enum Level: Sendable {
        case error, warning, info, debug
    }

    /// Passes libav's lines on, in place of printing them to standard error.
    ///
    /// - Parameter handler: gets each line, from whatever thread of libav's.
    public static func redirect(_ handler: @escaping @Sendable (Level, String) -> Void) {
        sink.withLock { $0 = handler }
        av_log_set_level(AV_LOG_INFO)
        av_log_set_callback { object, level, format, arguments in
            guard level <= av_log_get_level(), let format, let arguments else { return }
            let line = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { buffer in
                buffer.initialize(repeating: 0)
                var isNewLine: Int32 = 1
                av_log_format_line2(
                    object, level, format, arguments, buffer.baseAddress, Int32(buffer.count), &isNewLine)
                return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            }
            let text = line.split(whereSeparator: \.isNewline).joined(separator: " ")
            guard !text.isEmpty else { return }
            LibAVLog.sink.withLock(\.self)?(Level(level), text)
        }
    }

    // libav keeps one callback a process, so its receiver can be nothing smaller.
    private static let sink = Mutex<(@Sendable (Level, String) -> Void)?>(nil)
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
