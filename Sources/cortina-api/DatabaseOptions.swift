import ArgumentParser
import Database
import Foundation
import PlatformSettings

/// Where an operator's command finds the database.
struct DatabaseOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A file of settings.", valueName: "file"))
    var settings: String?

    @Option(help: ArgumentHelp("The data folder of a 'serve --embedded' that runs.", valueName: "folder"))
    var data: String?

    /// - Throws: an error that says which setting is missing or wrong.
    func database() async throws -> DatabaseSettings {
        if let data {
            return try EmbeddedCluster(folder: "\(URL(filePath: data).standardizedFileURL.path)/postgres").settings
        }
        return try Settings(reader: try await SettingReader(file: settings), data: nil, program: "cortina-api")
            .database()
    }

    /// Does something in the database.
    func run<Result>(_ body: (ConnectionPool) async throws -> Result) async throws -> Result {
        try await body(ConnectionPool(try await database(), limits: .init(connections: 1)))
    }
}
