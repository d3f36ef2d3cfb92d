import Database
import Hummingbird
import NIOCore

/// A page of a public list, ready to be sent.
struct PublicPage: Sendable {
    var body: ByteBuffer
    /// How long the list is in all.
    var total: Int

    init(_ body: some Encodable, total: Int) throws {
        self.body = ByteBuffer(bytes: try JSON.encode(body))
        self.total = total
    }

    var response: Response {
        Response(status: .ok, headers: JSON.headers, body: ResponseBody(byteBuffer: body))
    }
}

/// Pages of public videos as they were a second ago or less; what this server changes is seen at once.
typealias PublicVideoPages = MomentaryCache<PublicVideoQuery, PublicPage>

/// Which public videos are asked for.
struct PublicVideoQuery: Hashable, Sendable {
    var page: PageRequest
    var order: VideoRepository.Order
    var filter: VideoRepository.Filter
}
