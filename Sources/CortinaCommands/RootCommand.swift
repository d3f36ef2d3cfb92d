import ArgumentParser

/// The command with all its subcommands.
struct RootCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Program.current.name,
            abstract: Program.current.abstract,
            discussion: """
                Exit status: 0 done; 64 wrong usage; 65 the input is not usable media; 66 no such input; 70 a fault of \
                ours; 73 cannot write the output; 75 interrupted.
                """,
            version: Program.current.version,
            subcommands: [
                RunCommand.self, DryRunCommand.self, ProbeCommand.self, PipelinesCommand.self, StagesCommand.self,
                PublishCommand.self, ManifestCommand.self, NewCommand.self,
                ExplainCommand.self, PreviewCommand.self, DiffCommand.self, BakeCommand.self, CacheCommand.self,
                ErrorsCommand.self,
            ])
    }
}
