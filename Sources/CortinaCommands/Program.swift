import ArgumentParser
import Glibc
public import GraphDSL

/// A program with Cortina's whole command line for the stages and pipelines of a catalog.
///
/// ```swift
/// @main
/// struct Main {
///     static func main() async {
///         await Program("courtlines", abstract: "Videos of matches.", catalog: .courtLines).main()
///     }
/// }
/// ```
public struct Program: Sendable {
    /// The name by which people call it.
    public let name: String
    /// What it is for, in a sentence.
    public let abstract: String
    /// Its version, for `--version`.
    public let version: String
    /// The stages and pipelines that it knows.
    public let catalog: Catalog

    /// A program of a name for a catalog.
    public init(_ name: String, version: String = "0.1.0", abstract: String, catalog: Catalog) {
        self.name = name
        self.abstract = abstract
        self.version = version
        self.catalog = catalog
    }

    /// The program that runs: commands are types, and what they share reaches them through their task.
    @TaskLocal static var current = Program("cortina", abstract: "", catalog: Catalog(stages: [], pipelines: []))

    /// Reads the arguments, runs the command, and turns whatever it throws into words and an exit status.
    ///
    /// Returns where the command succeeded; ends the process otherwise, by a status of `sysexits.h`.
    public func main() async {
        // A reader that goes away (`cortina stages | head -1`) ends the writing, not the program.
        signal(SIGPIPE, SIG_IGN)
        do {
            try await Self.$current.withValue(self) {
                var command = try RootCommand.parseAsRoot()
                if var command = command as? any AsyncParsableCommand {
                    try await command.run()
                } else {
                    try command.run()
                }
            }
        } catch {
            exit(Self.$current.withValue(self) { Self.report(error) })
        }
    }

    /// Prints what went wrong, or the help that was asked for, and returns the exit status.
    private static func report(_ error: any Error) -> Int32 {
        if let failure = Failure(error) {
            Console.error(failure.description)
            return failure.status.rawValue
        }
        let text = RootCommand.fullMessage(for: error)
        guard RootCommand.exitCode(for: error) != .success else {
            print(text)
            return Status.done.rawValue
        }
        Console.write(text.replacing("Error: ", with: "error: ", maxReplacements: 1) + "\n")
        return Status.usage.rawValue
    }
}
