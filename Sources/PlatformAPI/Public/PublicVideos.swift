import Database
import NIOCore

/// Public videos as they were a second ago or less; what an owner changes through this server is seen at once.
struct PublicVideos: Sendable {
    private let videos: VideoRepository
    private let pages = MomentaryCache<Query, ByteBuffer>()
    private let totals = MomentaryCache<VideoRepository.Filter, Int>()

    init(_ videos: VideoRepository) { self.videos = videos }

    /// Which are asked for.
    private struct Query: Hashable, Sendable {
        var page: PageRequest
        var order: VideoRepository.Order
        var filter: VideoRepository.Filter
    }

    /// A page of the list as JSON, and how long the list is in all.
    func page(
        _ page: PageRequest, _ order: VideoRepository.Order, _ filter: VideoRepository.Filter
    ) async throws -> (body: ByteBuffer, total: Int) {
        async let body = pages.value(for: .init(page: page, order: order, filter: filter)) { [videos] in
            let found = try await videos.publicVideos(page, order, filter)
            return try JSON.encode(found.map { VideoBody($0) })
        }
        async let total = totals.value(for: filter) { [videos] in try await videos.publicVideoCount(filter) }
        return (try await body, try await total)
    }

    /// Forgets what it has kept: something has changed.
    func forget() {
        pages.forget()
        totals.forget()
    }
}
