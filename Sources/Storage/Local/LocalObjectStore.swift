public import Crypto
public import Foundation
public import LibAV
import Transfer

/// A store that is a folder of this machine's. Somebody else's requests go to the API, which asks ``grant(for:_:_:at:)`` what they
/// may.
public struct LocalObjectStore: ObjectStore {
    /// The folder of all objects, and beside it that of what is not whole yet, so that it can be renamed.
    let objects: String
    let unfinished: String
    /// What may not be written any more, though it is not there: an empty file for each key.
    private let sealed: String
    private let base: String
    private let key: SymmetricKey
    private let receptions = Receptions()
    /// Joins parts, which is copying: reads do not wait for it.
    private let joining = BlockingQueue("store parts", width: 1)
    let queue = BlockingQueue("store", width: 8)

    /// - Parameters:
    ///   - folder: where it is, or will be.
    ///   - base: the beginning of addresses that end with a key: `https://host/store/`.
    ///   - key: what requests are signed with: nobody else knows it.
    /// - Throws: ``StoreError``.
    public init(folder: String, base: String, key: SymmetricKey) throws(StoreError) {
        objects = "\(folder)/objects"
        unfinished = "\(folder)/unfinished"
        sealed = "\(folder)/sealed"
        self.base = base
        self.key = key
        for path in [folder, objects, unfinished, sealed] {
            do {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch {
                throw .unavailable(reason: "the folder '\(path)' cannot be made")
            }
        }
    }

    func path(_ key: ObjectKey) -> String { "\(objects)/\(key)" }

    // MARK: Objects

    public func put(_ file: String, as key: ObjectKey) async throws(StoreError) {
        try await queue.run { cancellation throws(StoreError) in
            let source = try StoredFile.reading(file)
            let made = try StoredFile.writing("\(unfinished)/\(UUID().uuidString)")
            var offset: Int64 = 0
            while true {
                if cancellation.isCancelled { throw .cancelled }
                let bytes = try source.read(at: offset, count: 1 << 20)
                if bytes.isEmpty { break }
                try made.write(bytes)
                offset += Int64(bytes.count)
            }
            try made.commit(to: path(key))
        }
    }

    public func info(_ key: ObjectKey) async throws(StoreError) -> ObjectInfo? {
        try await queue.run { _ throws(StoreError) in try StoredFile.info(path(key), key) }
    }

    public func read(_ key: ObjectKey, _ range: Range<Int64>) async throws(StoreError) -> [UInt8] {
        try await queue.run { _ throws(StoreError) in
            guard try StoredFile.info(path(key), key) != nil else { throw .notFound(key) }
            return try StoredFile.reading(path(key)).read(at: range.lowerBound, count: range.count)
        }
    }

    public func remove(_ key: ObjectKey) async throws(StoreError) {
        receptions.discard(path(key))
        try await queue.run { _ throws(StoreError) in
            // First, so that whoever writes it just now sees it.
            if key.folder == .uploaded, !FileManager.default.createFile(atPath: seal(key), contents: nil) {
                throw .unavailable(reason: "'\(seal(key))' cannot be made")
            }
            try StoredFile.remove(path(key))
        }
    }

    private func seal(_ key: ObjectKey) -> String {
        "\(sealed)/\(key.description.replacingOccurrences(of: "/", with: "-"))"
    }

    /// Whether an address for writing an object is good no more.
    private func isSealed(_ key: ObjectKey) -> Bool {
        FileManager.default.fileExists(atPath: path(key)) || FileManager.default.fileExists(atPath: seal(key))
    }

    /// The seconds after which a file that is not written to was left behind.
    private static let silence = 3600.0

    /// Removes what uploads that were broken off have left, and seals of addresses that have long expired.
    ///
    /// - Parameter age: how old it must be: what is younger may be on its way.
    public func sweep(olderThan age: Duration, at now: Date) async throws(StoreError) {
        let past = now - age / .seconds(1)
        try await queue.run { _ throws(StoreError) in
            let manager = FileManager.default
            for folder in [unfinished, sealed] {
                for name in (try? manager.contentsOfDirectory(atPath: folder)) ?? [] {
                    let path = "\(folder)/\(name)"
                    // A file that is written is written to all the time; a part may come an hour after another.
                    let isWritten = folder == unfinished && !name.hasSuffix(".parts")
                    guard let date = (try? manager.attributesOfItem(atPath: path))?[.modificationDate] as? Date,
                        date < (isWritten ? max(past, now - Self.silence) : past)
                    else { continue }
                    try StoredFile.remove(path)
                }
            }
        }
    }

    public func list(_ folder: ObjectKey.Folder, after last: ObjectKey?) async throws(StoreError) -> [ObjectInfo] {
        try await queue.run { _ throws(StoreError) in
            let names =
                FileManager.default.enumerator(atPath: "\(objects)/\(folder)")?.compactMap { $0 as? String } ?? []
            let keys = names.compactMap { ObjectKey("\(folder)/\($0)") }.sorted { $0.description < $1.description }
                .drop { key in last.map { key.description <= $0.description } ?? false }
            var infos: [ObjectInfo] = []
            for key in keys where infos.count < 1000 {
                if let info = try StoredFile.info(path(key), key) { infos.append(info) }
            }
            return infos
        }
    }

    public func source(
        _ key: ObjectKey, matching tag: String?, at date: Date
    ) async throws(StoreError) -> any ByteSource {
        try await queue.run { _ throws(StoreError) in
            let source: FileByteSource
            do throws(ByteSourceError) { source = try FileByteSource(path: path(key)) } catch {
                if case .notFound = error { throw .notFound(key) }
                throw .unreadable(key.description, reason: "\(error)")
            }
            // Objects are never written again in place: what is open stays what it is.
            if let tag, try StoredFile.info(path(key), key)?.tag != tag { throw .changed(key) }
            return source
        }
    }

    // MARK: Somebody else's requests

    /// What a signed request may do.
    public struct Grant: Hashable, Sendable {
        public var key: ObjectKey
        /// Nil for reading.
        public var writing: Writing?

        /// What may be written.
        public struct Writing: Hashable, Sendable {
            /// Just so much.
            public var bytes: Int64
            /// The part of a large object, from 1; nil for a whole one.
            public var part: Part?
        }

        /// A part of a large object.
        public struct Part: Hashable, Sendable {
            var upload: String
            var number: Int
        }
    }

    public func download(
        _ key: ObjectKey, for lifetime: Int, at date: Date
    ) async throws(StoreError) -> SignedRequest {
        signed(Grant(key: key), for: lifetime, at: date)
    }

    public func upload(
        _ key: ObjectKey, bytes: Int64, for lifetime: Int, at date: Date
    ) async throws(StoreError) -> SignedRequest {
        signed(Grant(key: key, writing: .init(bytes: bytes)), for: lifetime, at: date)
    }

    private func signed(_ grant: Grant, for lifetime: Int, at date: Date) -> SignedRequest {
        let expires = Int(date.timeIntervalSince1970) + lifetime
        var query = "expires=\(expires)"
        if let writing = grant.writing { query += "&bytes=\(writing.bytes)" }
        if let part = grant.writing?.part { query += "&upload=\(part.upload)&part=\(part.number)" }
        let method = grant.writing == nil ? "GET" : "PUT"
        let code = HMAC<SHA256>.authenticationCode(for: Data(text(method, grant.key, query).utf8), using: key)
        return SignedRequest(
            method: method, url: "\(base)\(grant.key)?\(query)&signature=\(code.hexadecimal)",
            headers: grant.writing == nil
                ? [:] : ["Content-Type": grant.key.type.rawValue, "Content-Length": "\(grant.writing?.bytes ?? 0)"],
            expires: Date(timeIntervalSince1970: Double(expires)))
    }

    private func text(_ method: String, _ key: ObjectKey, _ query: String) -> String {
        [method, key.description, key.type.rawValue, query].joined(separator: "\n")
    }

    /// What a request may do; nil where its signature is not ours, or has expired.
    ///
    /// - Parameters:
    ///   - method: `GET`, `HEAD` or `PUT`.
    ///   - query: the address's, as it came.
    public func grant(for method: String, _ key: ObjectKey, _ query: String, at date: Date) -> Grant? {
        let parts = query.split(separator: "&signature=", omittingEmptySubsequences: false)
        let method = method == "HEAD" ? "GET" : method
        guard parts.count == 2, let code = Self.bytes(parts[1]),
            HMAC<SHA256>.isValidAuthenticationCode(
                code, authenticating: Data(text(method, key, String(parts[0])).utf8), using: self.key)
        else { return nil }
        // What is signed is what we wrote.
        var values: [Substring: Substring] = [:]
        for pair in parts[0].split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1)
            if sides.count == 2 { values[sides[0]] = sides[1] }
        }
        guard let expires = values["expires"].flatMap({ Int($0) }), date.timeIntervalSince1970 < Double(expires) else {
            return nil
        }
        guard method == "PUT" else { return Grant(key: key) }
        guard let bytes = values["bytes"].flatMap({ Int64($0) }) else { return nil }
        let part: Grant.Part? =
            if let upload = values["upload"], let number = values["part"].flatMap({ Int($0) }) {
                Grant.Part(upload: String(upload), number: number)
            } else {
                nil
            }
        return Grant(key: key, writing: .init(bytes: bytes, part: part))
    }

    private static func bytes(_ hexadecimal: Substring) -> [UInt8]? {
        guard hexadecimal.utf8.count == 64 else { return nil }
        var bytes: [UInt8] = []
        var rest = hexadecimal
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }

    /// Writes what somebody sends with a request that may write.
    ///
    /// - Throws: ``StoreError/refused(reason:)`` where it is more or less than may be; ``StoreError``; whatever `chunks` throws.
    public func receive(
        _ grant: Grant, _ chunks: some AsyncSequence<[UInt8], any Error> & Sendable
    ) async throws {
        guard let writing = grant.writing else { throw StoreError.refused(reason: "the address is for reading") }
        guard try await queue.run({ _ throws(StoreError) in !isSealed(grant.key) }) else {
            throw StoreError.sealed(grant.key)
        }
        let made = try await queue.run { _ throws(StoreError) in
            try StoredFile.writing("\(unfinished)/\(UUID().uuidString)")
        }
        let place = writing.part.map { partPath($0.upload, $0.number) } ?? path(grant.key)
        receptions.begin(made, for: place)
        defer { receptions.end(made, for: place) }
        var received: Int64 = 0
        for try await chunk in chunks {
            received += Int64(chunk.count)
            guard received <= writing.bytes else {
                throw StoreError.refused(reason: "more was sent than the \(writing.bytes) bytes that may be")
            }
            try await queue.run { _ throws(StoreError) in try made.write(chunk) }
        }
        guard received == writing.bytes else {
            throw StoreError.refused(reason: "\(received) bytes were sent, not the \(writing.bytes) that may be")
        }
        try await queue.run { _ throws(StoreError) in
            if writing.part != nil {
                guard !isSealed(grant.key) else { throw .sealed(grant.key) }
                try made.commit(to: place)
            } else {
                guard try made.commit(to: place, replacing: false) else { throw .sealed(grant.key) }
                // It may have been removed while it was sent.
                guard FileManager.default.fileExists(atPath: seal(grant.key)) else { return }
                try StoredFile.remove(path(grant.key))
                throw .sealed(grant.key)
            }
        }
    }

    // MARK: Large objects

    private func parts(_ upload: String) -> String { "\(unfinished)/\(upload).parts" }
    private func partPath(_ upload: String, _ number: Int) -> String { "\(parts(upload))/\(number)" }

    public func uploadInParts(
        _ key: ObjectKey, bytes: Int64, for lifetime: Int, at date: Date
    ) async throws(StoreError) -> PartedUpload {
        let name = UUID().uuidString
        let parts = PartedUpload.sizes(bytes).enumerated().map { index, size in
            Grant(key: key, writing: .init(bytes: size, part: .init(upload: name, number: index + 1)))
        }
        return PartedUpload(
            id: .init(key: key, name: name, bytes: bytes), parts: parts.map { signed($0, for: lifetime, at: date) })
    }

    public func finish(_ upload: PartedUpload.ID) async throws(StoreError) {
        try await joining.run { cancellation throws(StoreError) in
            // Somebody else asked for it at the same time, and the parts are about to be removed.
            let manager = FileManager.default
            if manager.fileExists(atPath: path(upload.key)), manager.fileExists(atPath: parts(upload.name)) { return }
            let made = try StoredFile.writing("\(unfinished)/\(UUID().uuidString)")
            for (index, size) in PartedUpload.sizes(upload.bytes).enumerated() {
                if cancellation.isCancelled { throw .cancelled }
                let path = partPath(upload.name, index + 1)
                guard FileManager.default.fileExists(atPath: path) else {
                    throw .refused(reason: "part \(index + 1) was not sent")
                }
                try made.write(try StoredFile.reading(path).read(at: 0, count: Int(size)))
            }
            try made.commit(to: path(upload.key), replacing: false)
        }
        try await abandon(upload)
    }

    public func abandon(_ upload: PartedUpload.ID) async throws(StoreError) {
        try await queue.run { _ throws(StoreError) in
            // The name is one of ours: part of a path and nothing else.
            guard UUID(uuidString: upload.name) != nil else { return }
            for number in 1...PartedUpload.sizes(upload.bytes).count {
                receptions.discard(partPath(upload.name, number))
            }
            try StoredFile.remove(parts(upload.name))
        }
    }
}
