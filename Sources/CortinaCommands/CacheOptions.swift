import ArgumentParser
import FoundationEssentials
import Runner

/// Where encoded bumpers are kept, as options.
struct CacheOptions: ParsableArguments {
    @Option(
        name: .customLong("cache"),
        help:
            "The folder where encoded bumpers are kept. Default: CORTINA_CACHE, or cortina in the user's cache folder.",
        completion: .directory)
    var path: String?

    @Option(name: .customLong("cache-limit"), help: "The most bytes that they may take together.")
    var limit = AssetCache(path: "").limit

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--cache-limit is \(limit), but must be greater than 0") }
    }

    /// The cache: in the folder that the option, the environment, or the XDG base directory specification names.
    var cache: AssetCache {
        func variable(_ name: String) -> String? {
            ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        let standard = (variable("XDG_CACHE_HOME") ?? variable("HOME").map { "\($0)/.cache" } ?? "/tmp") + "/cortina"
        return AssetCache(path: path ?? variable("CORTINA_CACHE") ?? standard, limit: limit)
    }
}
