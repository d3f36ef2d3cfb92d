import Database
import FoundationEssentials
import Hummingbird
import NIOCore

/// `/api/public/rankings`: players by their votes.
struct RankingRoutes: Sendable {
    let rankings: RankingRepository
    private let pages = MomentaryCache<PlacesQuery, ByteBuffer>()

    init(rankings: RankingRepository) { self.rankings = rankings }

    /// Which places are asked for.
    private struct PlacesQuery: Hashable, Sendable {
        var page: PageRequest
        var filter: RankingRepository.Filter
    }

    func add(to router: RouterGroup<APIContext>) { router.get("rankings", use: list) }

    private struct Place: Encodable {
        var userID: Int
        var firstName, lastName, city, country: String
        var totalVotes, ranking: Int
        var lastUpdated: Date

        init(_ ranking: Ranking) {
            userID = ranking.user.rawValue
            (firstName, lastName) = (ranking.firstName, ranking.lastName)
            (city, country) = (ranking.city, ranking.country)
            (totalVotes, self.ranking, lastUpdated) = (ranking.votes, ranking.place, ranking.updatedAt)
        }
    }

    private struct List: Encodable {
        var rankings: [Place]
        var pagination: Pagination
    }

    private struct Pagination: Encodable {
        var currentPage, pageSize, totalItems, totalPages: Int
    }

    private func list(_ request: Request, _ context: APIContext) async throws -> Response {
        var query = Query(request)
        let page = query.page(size: 10)
        let votes = 0...Int.max
        let filter = RankingRepository.Filter(
            city: query.text("city"), country: query.text("country"), minVotes: query.number("min_votes", in: votes),
            maxVotes: query.number("max_votes", in: votes))
        try query.check()
        let body = try await pages.value(for: .init(page: page, filter: filter)) { [rankings] in
            let found = try await rankings.rankings(page, filter)
            let list = List(
                rankings: found.elements.map(Place.init),
                pagination: Pagination(
                    currentPage: page.number, pageSize: page.size, totalItems: found.total,
                    totalPages: page.count(of: found.total)))
            return try JSON.encode(list)
        }
        return JSON.response(encoded: body)
    }
}

extension PageRequest {
    /// How many pages of this size there are of so many things.
    func count(of total: Int) -> Int { (total + size - 1) / size }
}
