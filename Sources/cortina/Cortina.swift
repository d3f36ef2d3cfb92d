import ArgumentParser

/// The command with all its subcommands.
struct Cortina: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cortina",
        abstract: "Turns clips into finished videos, by pipelines written in Swift.",
        discussion: """
            Exit status: 0 done; 64 wrong usage; 65 the input is not usable media; 66 no such input; 70 a fault of ours; \
            73 cannot write the output; 75 interrupted.
            """,
        version: "0.1.0",
        subcommands: [
            RunCommand.self, ProbeCommand.self, PipelinesCommand.self, StagesCommand.self, PublishCommand.self,
            ExplainCommand.self, ErrorsCommand.self,
        ])
}
