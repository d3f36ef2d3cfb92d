import Logging

/// The program's log, on standard error.
enum Log {
    static func logger(verbose: Bool) -> Logger {
        var logger = Logger(label: Program.current.name) { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = verbose ? .debug : .error
        return logger
    }
}
