import ArgumentParser
import Database

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Brings the database's schema up to date.")

    @OptionGroup var database: DatabaseOptions

    @Option(help: ArgumentHelp("The folder of migrations.", valueName: "folder"))
    var migrations = "migrations"

    func run() async throws {
        var database = try await database.database()
        // The longest may take a while.
        database.statement = .seconds(600)
        let applied = try await Migrator(Migration.all(in: migrations)).migrate(database)
        for name in applied { print("applied \(name)") }
        if applied.isEmpty { print("the schema is up to date") }
    }
}
