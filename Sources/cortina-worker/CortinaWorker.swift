import ArgumentParser
import PlatformSettings

@main
struct CortinaWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cortina-worker", abstract: "Makes the videos that were uploaded.",
        discussion: "Settings come from the environment, or from a file:\n\n\(Setting.list)",
        subcommands: [PollCommand.self, LambdaCommand.self],
        defaultSubcommand: LambdaCommand.address == nil ? nil : LambdaCommand.self)
}
