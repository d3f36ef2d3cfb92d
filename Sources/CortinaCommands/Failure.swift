import GraphDSL
import Runner

/// How the program ends: the statuses of `sysexits.h`.
enum Status: Int32 {
    case done = 0
    /// EX_USAGE
    case usage = 64
    /// EX_DATAERR
    case unusableInput = 65
    /// EX_NOINPUT
    case noInput = 66
    /// EX_SOFTWARE
    case fault = 70
    /// EX_CANTCREAT
    case cannotWrite = 73
    /// EX_TEMPFAIL
    case interrupted = 75
}

/// Why a command ends early: one sentence, and the status.
struct Failure: Error, CustomStringConvertible {
    let status: Status
    let description: String

    init(_ status: Status, _ description: String) {
        self.status = status
        self.description = description
    }

    /// The failure that an error of one of the rooms below is, or nil for any other error.
    init?(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as RunError: self.init(Status(error.blame), error.description)
        case let error as ManifestError: self.init(.usage, error.description)
        case let error as CompilationError:
            let count = error.diagnostics.count { $0.severity == .error }
            self.init(
                .unusableInput,
                "\(error.pipeline) does not compile: \(count) error\(count == 1 ? "" : "s")\n\(error.description)")
        default: return nil
        }
    }
}

extension Status {
    /// The status for whose matter an error is.
    init(_ blame: RunError.Blame) {
        self =
            switch blame {
            case .usage: .usage
            case .input: .unusableInput
            case .missingInput: .noInput
            case .output: .cannotWrite
            case .cancellation: .interrupted
            case .program: .fault
            }
    }
}
