import FoundationEssentials
import GraphDSL

/// A step of the schema: a file of SQL that is applied once.
public struct Migration: Hashable, Sendable {
    /// The file's name, `001_create_user_table.sql`; names sort as they are applied.
    public let name: String
    public let sql: String

    /// Of its content: sha256 in hexadecimal digits.
    public var checksum: String { ContentDigest(of: Data(sql.utf8)).description }

    public init(name: String, sql: String) {
        self.name = name
        self.sql = sql
    }

    /// The migrations of a folder, in order.
    ///
    /// - Throws: ``DatabaseError/migration(_:)`` where it cannot be read, or two have the same number.
    public static func all(in folder: String) throws(DatabaseError) -> [Migration] {
        let migrations: [Migration]
        do {
            migrations = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".sql") }
                .sorted().map {
                    Migration(name: $0, sql: try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8))
                }
        } catch {
            throw .migration("the migrations in '\(folder)' cannot be read")
        }
        let numbers = migrations.map { $0.name.prefix(while: \.isNumber) }
        for (number, next) in zip(numbers, numbers.dropFirst()) where number == next || number.isEmpty {
            throw .migration("two migrations have the number '\(number)'")
        }
        return migrations
    }
}
