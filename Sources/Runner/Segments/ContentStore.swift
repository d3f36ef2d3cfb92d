import FoundationEssentials
import Glibc
import GraphDSL
import LibAV

/// Files of one kind in a folder, each kept under a key.
///
/// A file is named by its key and by the digest of its own content, `KEY-CONTENT.KIND`: it is there as a whole or not at
/// all, a damaged one is known, and two processes that make the same one do no harm. The files that were used longest ago
/// are removed where all together are too large.
struct ContentStore: Hashable, Sendable {
    /// Where the files lie.
    let path: String
    /// What their names end with.
    let kind: String
    /// The most bytes that they may take together.
    let limit: Int

    /// A file that is kept.
    struct File {
        let name: String
        let key: ContentDigest
        let content: ContentDigest
        let bytes: Int
        /// When it was used last, in seconds since 1970.
        let used: Double
    }

    private static let partialSuffix = ".partial"
    /// A file that is written for longer, in seconds, is what a process that was killed left behind.
    private static let longestWrite = 600.0

    /// What is kept under a key; nil where there is nothing, or it is damaged: then it is removed.
    func value<Value: Decodable>(_ type: Value.Type, for key: ContentDigest) -> Value? {
        for file in files() where file.key == key {
            let path = "\(path)/\(file.name)"
            guard let value = read(type, file) else {
                unlink(path)
                continue
            }
            // Used now: the file's time says so.
            utimensat(AT_FDCWD, path, nil, 0)
            return value
        }
        return nil
    }

    /// A file that stays readable whatever becomes of its name.
    struct OpenFile {
        let source: FileByteSource
        let content: ContentDigest
        let bytes: Int
    }

    /// Opens the files that were used last, by their keys.
    func open(atMost count: Int) -> [ContentDigest: OpenFile] {
        var opened: [ContentDigest: OpenFile] = [:]
        for file in files().prefix(count) where opened[file.key] == nil && file.bytes <= limit {
            guard let source = try? FileByteSource(path: "\(path)/\(file.name)") else { continue }
            opened[file.key] = OpenFile(source: source, content: file.content, bytes: file.bytes)
        }
        return opened
    }

    /// What an open file holds; nil where it is damaged.
    func value<Value: Decodable>(_ type: Value.Type, in file: OpenFile) -> Value? {
        var bytes = [UInt8](repeating: 0, count: file.bytes)
        var span = bytes.mutableSpan
        var target = span.mutableBytes
        guard (try? file.source.read(at: 0, into: &target)) == file.bytes else { return nil }
        file.source.touch()
        return decode(type, Data(bytes), file.content)
    }

    /// Keeps a value under a key. What cannot be kept is made again the next time: a full disk fails no run.
    func keep(_ value: some Encodable, for key: ContentDigest) {
        guard let data = try? PropertyListEncoder.binary.encode(value) else { return }
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        removeLeftovers()
        let name = "\(key)-\(ContentDigest(of: data)).\(kind)"
        let partial = "\(path)/\(name).\(getpid()).\(UInt32.random(in: 0 ... .max))\(Self.partialSuffix)"
        guard (try? data.write(to: URL(filePath: partial))) != nil, rename(partial, "\(path)/\(name)") == 0 else {
            unlink(partial)
            return
        }
        removeOldest(but: name)
    }

    /// All that is kept, what was used last first.
    func files() -> [File] {
        let files = names.compactMap { name -> File? in
            guard name.hasSuffix(".\(kind)") else { return nil }
            let parts = name.dropLast(kind.count + 1).split(separator: "-").map { ContentDigest(String($0)) }
            guard parts.count == 2, let key = parts[0], let content = parts[1], let (bytes, used) = facts(of: name)
            else { return nil }
            return File(name: name, key: key, content: content, bytes: bytes, used: used)
        }
        return files.sorted { $0.used > $1.used }
    }

    /// What a file holds; nil where it is damaged.
    func read<Value: Decodable>(_ type: Value.Type, _ file: File) -> Value? {
        guard file.bytes <= limit, let data = FileManager.default.contents(atPath: "\(path)/\(file.name)"),
            let value = decode(type, data, file.content)
        else { return nil }
        return value
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ data: Data, _ content: ContentDigest) -> Value? {
        guard ContentDigest(of: data) == content else { return nil }
        return try? PropertyListDecoder().decode(type, from: data)
    }

    /// Removes all files.
    ///
    /// - Returns: how many there were.
    func clear() -> Int {
        removeLeftovers()
        return files().count { unlink("\(path)/\($0.name)") == 0 }
    }

    private var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }

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

    private func removeOldest(but name: String) {
        let files = files()
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
