import LibAV
import Runner
import Synchronization
import Transfer

extension Runner {
    /// A runner as the commands use it: clips are files, or lie behind `http` and `https` addresses.
    init(
        _ assets: AssetFolder, limits: Limits = Limits(), cache: AssetCache? = nil, verbose: Bool = false
    ) {
        self.init(
            assets: assets, limits: limits, cache: cache, inputs: OpenInputs().opener,
            logger: Log.logger(verbose: verbose))
    }
}

/// What is open of the clips behind addresses: probing and running read the same file, and transfer its index once.
private final class OpenInputs: Sendable {
    private let sources = Mutex<[String: HTTPByteSource]>([:])

    /// Opens files by their paths, and what lies behind an address by ranges.
    var opener: InputOpener {
        InputOpener { (clip, cancellation) throws(ByteSourceError) in
            guard HTTPByteSource.isAddress(clip) else { return try FileByteSource(path: clip) }
            if let known = self.sources.withLock({ $0[clip] }) { return known }
            let source = try HTTPByteSource(url: clip, cancellation: cancellation)
            self.sources.withLock { $0[clip] = source }
            return source
        } name: { clip in
            HTTPByteSource.isAddress(clip) ? HTTPByteSource.name(of: clip) : clip
        }
    }
}
