import ArgumentParser
import Runner

/// `cortina errors`
struct ErrorsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "errors", abstract: "Lists every way in which a run can fail, and what to do about it.")

    @Flag(help: "Prints JSON.")
    var json = false

    @Flag(help: "Prints the page docs/errors.md.")
    var markdown = false

    /// What is said of an error.
    private struct Row: Encodable {
        let code: String
        let blame: String
        let exitStatus: Int32
        let isWorthRetrying: Bool
        let example: String

        init(_ error: RunError) {
            let it = error.classification
            code = it.code.rawValue
            blame = it.blame.words
            exitStatus = Status(it.blame).rawValue
            isWorthRetrying = it.isWorthRetrying
            example = error.description
        }
    }

    func run() throws {
        let rows = RunError.examples.map(Row.init)
        if json {
            print(try Console.json(rows, indented: true))
        } else if markdown {
            print(Self.page(rows))
        } else {
            print(
                Table(
                    rows: rows.map {
                        [$0.code, "\($0.exitStatus)", $0.blame, $0.isWorthRetrying ? "retry" : "", $0.example]
                    }))
        }
    }

    private static func page(_ rows: [Row]) -> String {
        let lines = rows.map {
            "| `\($0.code)` | \($0.blame) | \($0.exitStatus) | \($0.isWorthRetrying ? "yes" : "no") | \($0.example) |"
        }
        return """
            # Errors

            Every way in which probing, planning or running can fail (`RunError`), with an example of its sentence. The code is
            stable: it is stored with a failed video. *Retry* says whether the same job may well succeed another time, as it is.

            This page is made by `make docs` from the code, and a test holds it against the code.

            | code | whose matter | exit status | retry | the sentence, for example |
            |---|---|---|---|---|
            \(lines.joined(separator: "\n"))
            """
    }
}

extension RunError.Blame {
    /// Whose matter it is, in words.
    fileprivate var words: String {
        switch self {
        case .usage: "the caller's"
        case .input: "the file's"
        case .missingInput: "the file's place"
        case .output: "the output's place"
        case .cancellation: "nobody's"
        case .program: "ours"
        }
    }
}
