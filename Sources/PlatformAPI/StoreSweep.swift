import Database
import FoundationEssentials
import Logging
import Storage

/// Removes from the store what nothing refers to: uploads that never came, results that nobody claimed, files of videos that
/// were deleted.
struct StoreSweep: Sendable {
    private let videos: VideoRepository
    private let store: any ObjectStore
    private let age: Duration
    private let logger: Logger

    /// - Parameter age: how old something must be: what is younger may be on its way.
    init(_ videos: VideoRepository, _ store: any ObjectStore, age: Duration = .seconds(86400), logger: Logger) {
        self.videos = videos
        self.store = store
        self.age = age
        self.logger = logger
    }

    /// Removes all of it that there is now.
    ///
    /// - Returns: how many uploads and objects.
    @discardableResult
    func sweep(at now: Date) async throws -> (uploads: Int, objects: Int) {
        var uploads = 0
        while true {
            let abandoned = try await videos.sweepAbandoned(olderThan: age)
            if abandoned.isEmpty { break }
            for upload in abandoned { await abandon(upload) }
            uploads += abandoned.count
        }
        if let local = store as? LocalObjectStore { try await local.sweep(olderThan: age, at: now) }
        var objects = 0
        for folder in [ObjectKey.Folder.uploaded, .processed] { objects += try await sweep(folder, at: now) }
        if uploads + objects > 0 {
            logger.info("swept the store", metadata: ["uploads": "\(uploads)", "objects": "\(objects)"])
        }
        return (uploads, objects)
    }

    private func abandon(_ upload: VideoRepository.Abandoned) async {
        guard let key = ObjectKey(upload.key) else { return }
        do {
            if let name = upload.uploadName {
                try await store.abandon(.init(key: key, name: name, bytes: Int64(upload.bytes)))
            }
            try await store.remove(key)
        } catch {
            // The object is an orphan by now, and the next sweep's; parts the store itself forgets.
            logger.warning("an upload was not removed", metadata: ["key": "\(key)", "error": "\(error)"])
        }
    }

    private func sweep(_ folder: ObjectKey.Folder, at now: Date) async throws -> Int {
        let past = now - age / .seconds(1)
        var removed = 0
        var last: ObjectKey?
        while true {
            let page = try await store.list(folder, after: last)
            guard let end = page.last else { return removed }
            last = end.key
            let old = page.filter { $0.date < past }.map(\.key.description)
            for key in try await videos.orphans(among: old).compactMap({ ObjectKey($0) }) {
                try await store.remove(key)
                removed += 1
            }
        }
    }
}
