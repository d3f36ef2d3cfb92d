import ArgumentParser
import PlatformSettings
import Storage

struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters", abstract: "Shows messages that SQS gave up, and sends them back.",
        subcommands: [List.self, Redrive.self],
        defaultSubcommand: List.self)

    /// Where they are.
    struct Queue: ParsableArguments {
        @Option(help: ArgumentHelp("A file of settings.", valueName: "file"))
        var settings: String?

        func letters() async throws -> DeadLetters {
            let settings = Settings(
                reader: try await SettingReader(file: settings), data: nil, program: "cortina-api")
            guard let queue = try settings.messages() else {
                throw ValidationError(
                    "QUEUE_URL is not set: the database tells workers itself, and has no dead letters")
            }
            guard let letters = try await DeadLetters(behind: queue) else {
                throw ValidationError("the queue has no dead letters: no redrive policy is set")
            }
            return letters
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows them; all are there afterwards.")

        @Option(help: ArgumentHelp("How many at the most.", valueName: "number"))
        var most = 100

        @OptionGroup var queue: Queue

        func validate() throws {
            guard (1...10_000).contains(most) else { throw ValidationError("--most must be from 1 to 10000") }
        }

        func run() async throws {
            for message in try await queue.letters().list(most) { print(describe(message)) }
        }
    }

    struct Redrive: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sends those back that are jobs'; shows those that are left.",
            discussion: "It does no harm to jobs that are done meanwhile.")

        @OptionGroup var queue: Queue

        func run() async throws {
            let done = try await queue.letters().redrive { JobMessage(text: $0.body) != nil }
            print("\(done.sent) sent back, \(done.left.count) left")
            for message in done.left { print(describe(message)) }
        }
    }
}

/// A line for people; what somebody else wrote cannot move their cursor.
private func describe(_ message: SQSQueue.Message) -> String {
    let content =
        JobMessage(text: message.body).map { "job \($0.job)" }
        ?? "none of ours: \(message.body.prefix(200).debugDescription)"
    return "\(message.id)  received \(message.receiveCount) times  \(content)"
}
