import ArgumentParser
import GraphDSL
import Runner

/// `cortina cache`
struct CacheCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache", abstract: "Lists the encoded bumpers that are kept, or removes them.")

    @Flag(help: "Removes them all.")
    var clear = false

    @Flag(help: "Prints JSON.")
    var json = false

    @OptionGroup(title: "Cache") var options: CacheOptions

    func run() throws {
        let cache = options.cache
        if clear {
            let count = cache.clear()
            print("removed \(count) segment\(count == 1 ? "" : "s") from '\(cache.path)'")
            return
        }
        let entries = cache.entries()
        if json { return print(try Console.json(entries, indented: true)) }
        var table = Table()
        for entry in entries {
            table.rows.append([
                String(entry.key.short), entry.frames.map { "\($0) frames" } ?? "damaged",
                "\((Double(entry.bytes) / 1e4).rounded() / 100) MB",
            ])
        }
        if !entries.isEmpty { print(table.description) }
        let bytes = entries.reduce(0) { $0 + $1.bytes }
        print(
            "\(entries.count) segment\(entries.count == 1 ? "" : "s") in '\(cache.path)', "
                + "\((Double(bytes) / 1e4).rounded() / 100) of \(cache.limit / 1_000_000) MB")
    }
}
