import FoundationEssentials
import Glibc
public import GraphDSL

/// A folder of encoded segments that are the same for every upload, kept under the digest of all that they depend on.
///
/// A segment's file is named by its key and by the digest of its own content, `KEY-CONTENT.segment`: it is there as a
/// whole or not at all, a damaged one is known and made again, and two processes that make the same one do no harm. The
/// files that were used longest ago are removed where all together are too large.
public struct SegmentCache: Hashable, Sendable {
    /// A segment that is kept.
    public struct Entry: Hashable, Codable, Sendable {
        /// What it is kept under.
        public var key: ContentDigest
        /// Its file's size in bytes.
        public var bytes: Int
        /// When it was used last, in seconds since 1970.
        public var used: Double
        /// How many frames it has; nil where it is damaged.
        public var frames: Int?
    }

    /// Where the segments lie.
    public let path: String
    /// The most bytes that they may take together.
    public let limit: Int

    private static let suffix = ".segment"
    private static let partialSuffix = ".partial"
    /// A file that is written for longer, in seconds, is what a process that was killed left behind.
    private static let longestWrite = 600.0

    /// The cache in a folder, which is made with the first segment.
    ///
    /// - Parameter limit: the most bytes that the segments may take together; the default has room for some 500 bumpers.
    public init(path: String, limit: Int = 256 << 20) {
        self.path = path
        self.limit = limit
    }

    /// The segment that is kept under a key; nil where there is none, or it is damaged.
    func segment(for key: ContentDigest) -> EncodedSegment? {
        for file in files() where file.key == key {
            let path = "\(path)/\(file.name)"
            guard let segment = read(file) else {
                unlink(path)
                continue
            }
            // Used now: the file's time says so.
            utimensat(AT_FDCWD, path, nil, 0)
            return segment
        }
        return nil
    }

    /// Keeps a segment under a key. What cannot be kept is made again the next time: a full disk fails no run.
    func keep(_ segment: EncodedSegment, for key: ContentDigest) {
        guard let data = try? PropertyListEncoder.binary.encode(segment) else { return }
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        removeLeftovers()
        let name = "\(key)-\(ContentDigest(of: data))\(Self.suffix)"
        let partial = "\(path)/\(name).\(getpid()).\(UInt32.random(in: 0 ... .max))\(Self.partialSuffix)"
        guard (try? data.write(to: URL(filePath: partial))) != nil, rename(partial, "\(path)/\(name)") == 0 else {
            unlink(partial)
            return
        }
        removeOldest(but: name)
    }

    /// All segments that are kept, the one used last first.
    public func entries() -> [Entry] {
        files().sorted { $0.used > $1.used }.map { file in
            Entry(key: file.key, bytes: file.bytes, used: file.used, frames: read(file)?.frames)
        }
    }

    /// Removes all segments.
    ///
    /// - Returns: how many there were.
    public func clear() -> Int {
        removeLeftovers()
        return files().count { unlink("\(path)/\($0.name)") == 0 }
    }

    private struct File {
        let name: String
        let key: ContentDigest
        let content: ContentDigest
        let bytes: Int
        let used: Double
    }

    private var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }

    private func files() -> [File] {
        names.compactMap { name in
            guard name.hasSuffix(Self.suffix) else { return nil }
            let parts = name.dropLast(Self.suffix.count).split(separator: "-").map { ContentDigest(String($0)) }
            guard parts.count == 2, let key = parts[0], let content = parts[1], let (bytes, used) = facts(of: name)
            else { return nil }
            return File(name: name, key: key, content: content, bytes: bytes, used: used)
        }
    }

    private func facts(of name: String) -> (bytes: Int, used: Double)? {
        var status = stat()
        guard stat("\(path)/\(name)", &status) == 0 else { return nil }
        return (Int(status.st_size), Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9)
    }

    private func removeLeftovers() {
        for name in names where name.hasSuffix(Self.partialSuffix) {
            if let used = facts(of: name)?.used, used < Date.now.timeIntervalSince1970 - Self.longestWrite {
                unlink("\(path)/\(name)")
            }
        }
    }

    private func read(_ file: File) -> EncodedSegment? {
        guard file.bytes <= limit, let data = FileManager.default.contents(atPath: "\(path)/\(file.name)"),
            ContentDigest(of: data) == file.content
        else { return nil }
        return try? PropertyListDecoder().decode(EncodedSegment.self, from: data)
    }

    private func removeOldest(but name: String) {
        let files = files().sorted { $0.used > $1.used }
        var sum = files.first { $0.name == name }?.bytes ?? 0
        for file in files where file.name != name {
            sum += file.bytes
            if sum > limit { unlink("\(path)/\(file.name)") }
        }
    }
}

extension PropertyListEncoder {
    fileprivate static var binary: PropertyListEncoder {
        let encoder = PropertyListEncoder()
        encoder.outputFormat = .binary
        return encoder
    }
}
