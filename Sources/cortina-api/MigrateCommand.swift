import ArgumentParser
import Database
import PlatformSettings

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Brings the database's schema up to date.")

    @Option(help: ArgumentHelp("A file of settings.", valueName: "file"))
    var settings: String?

    @Option(help: ArgumentHelp("The folder of migrations.", valueName: "folder"))
    var migrations = "migrations"

    func run() async throws {
        var database = try Settings(reader: try await SettingReader(file: settings), data: nil, program: "cortina-api")
            .database()
        // The longest may take a while.
        database.statement = .seconds(600)
        let applied = try await Migrator(Migration.all(in: migrations)).migrate(database)
        for name in applied { print("applied \(name)") }
        if applied.isEmpty { print("the schema is up to date") }
    }
}
