import ArgumentParser
import Glibc

/// Where the program begins: reads the arguments, runs the command, and turns whatever it throws into words and a status.
@main
struct Entry {
    static func main() async {
        // A reader that goes away (`cortina stages | head -1`) ends the writing, not the program.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try Cortina.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            exit(report(error))
        }
    }

    /// Prints what went wrong, or the help that was asked for, and returns the exit status.
    private static func report(_ error: any Error) -> Int32 {
        if let failure = Failure(error) {
            Console.error(failure.description)
            return failure.status.rawValue
        }
        let text = Cortina.fullMessage(for: error)
        guard Cortina.exitCode(for: error) != .success else {
            print(text)
            return Status.done.rawValue
        }
        Console.write(text.replacing("Error: ", with: "error: ", maxReplacements: 1) + "\n")
        return Status.usage.rawValue
    }
}
