import ArgumentParser
import PlatformSettings

@main
struct CortinaAPI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cortina-api", abstract: "The platform's HTTP interface.",
        discussion: "Settings come from the environment, or from a file:\n\n\(Setting.list)",
        subcommands: [
            ServeCommand.self, MigrateCommand.self, PipelinesCommand.self, ReprocessCommand.self,
            DeadLettersCommand.self,
        ])
}
