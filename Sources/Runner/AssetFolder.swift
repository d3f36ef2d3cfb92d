import Crypto
import FoundationEssentials
public import GraphDSL
import LibAV

/// The folder that holds a pipeline's files.
public struct AssetFolder: Sendable {
    /// Where it lies.
    public let path: String

    /// The assets that were opened ahead of a run, which then opens no file by name.
    private var opened: [AssetPath: Opened] = [:]

    private struct Opened {
        let source: FileByteSource
        let info: MediaInfo
    }

    /// A folder by its path.
    public init(path: String) { self.path = path }

    /// Where an asset lies.
    public func file(_ asset: AssetPath) -> String { "\(path)/\(asset)" }

    /// Returns the folder with some of its assets open.
    ///
    /// - Parameter infos: what those assets are.
    /// - Throws: ``RunError`` where one cannot be read.
    func opening(_ infos: [AssetPath: MediaInfo]) throws(RunError) -> AssetFolder {
        var folder = self
        for (asset, info) in infos { folder.opened[asset] = Opened(source: try source(of: asset), info: info) }
        return folder
    }

    /// The bytes of an asset.
    ///
    /// - Throws: ``RunError`` where it cannot be read.
    func source(of asset: AssetPath) throws(RunError) -> FileByteSource {
        if let opened = opened[asset] { return opened.source }
        return try Runner.open(file(asset))
    }

    /// What an open asset is; nil where it is not open.
    func info(of asset: AssetPath) -> MediaInfo? { opened[asset]?.info }

    /// Every file of the folder with its digest. Blocks.
    ///
    /// - Throws: ``RunError/fault(_:)`` where the folder cannot be read.
    public func catalog() throws(RunError) -> AssetCatalog {
        let manager = FileManager.default
        let names: [String]
        do { names = try manager.subpathsOfDirectory(atPath: path) } catch {
            throw .fault("the assets folder '\(path)' cannot be read")
        }
        var digests: [AssetPath: ContentDigest] = [:]
        for name in names {
            var isDirectory = false
            guard let asset = AssetPath(name), manager.fileExists(atPath: file(asset), isDirectory: &isDirectory),
                !isDirectory
            else { continue }
            digests[asset] = try digest(of: asset)
        }
        return AssetCatalog(digests)
    }

    /// Checks that every asset of a manifest is there and is the file that the manifest names. Blocks.
    ///
    /// - Throws: ``RunError/missingAsset(_:folder:)`` or ``RunError/changedAsset(_:expected:found:)``.
    public func verify(_ references: [AssetReference]) throws(RunError) {
        for reference in references {
            let found = try digest(of: reference.path)
            guard found == reference.sha256 else {
                throw .changedAsset(reference.path, expected: reference.sha256, found: found)
            }
        }
    }

    private func digest(of asset: AssetPath) throws(RunError) -> ContentDigest {
        let source: FileByteSource
        do { source = try FileByteSource(path: file(asset)) } catch { throw .missingAsset(asset, folder: path) }
        var hash = SHA256()
        var offset: Int64 = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count: Int
            do {
                var span = buffer.mutableSpan
                var bytes = span.mutableBytes
                count = try source.read(at: offset, into: &bytes)
            } catch {
                throw .unusableAsset(asset, reason: "it cannot be read")
            }
            guard count > 0 else { return ContentDigest(digits: hash.finalize()) }
            hash.update(data: buffer.prefix(count))
            offset += Int64(count)
        }
    }
}
