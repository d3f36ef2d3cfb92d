import Database
import NIOCore

/// Public videos as they were a second ago or less; what an owner changes through this server is seen at once.
struct PublicVideos: Sendable {
    private let videos: VideoRepository
    private let searches: VideoRepository
    private let pages = MomentaryCache<Query, ByteBuffer>()
    private let totals = MomentaryCache<VideoRepository.Filter, Int>()

    /// - Parameter searches: the same videos, over connections that searches have to themselves.
    init(_ videos: VideoRepository, searches: VideoRepository) {
        self.videos = videos
        self.searches = searches
    }

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
        let videos = filter.isEmpty ? videos : searches
        async let body = pages.value(for: .init(page: page, order: order, filter: filter)) {
            let found = try await videos.publicVideos(page, order, filter)
            return try JSON.encode(found.map { VideoBody($0) })
        }
        async let total = totals.value(for: filter) { try await videos.publicVideoCount(filter) }
        return (try await body, try await total)
    }

    /// Forgets what it has kept: something has changed.
    func forget() {
        pages.forget()
        totals.forget()
    }
}
