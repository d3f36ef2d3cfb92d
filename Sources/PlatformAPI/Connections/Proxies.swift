/// Trusted proxies, such as load balancers, whose `X-Forwarded-For` entries are used.
///
/// Each proxy appends its client's address. Entries to the left of those of trusted proxies are client-supplied and ignored.
public struct Proxies: Hashable, Sendable {
    private struct Block: Hashable {
        var address: IPAddress
        var bits: Int
    }

    /// How proxies are identified.
    private enum Kind: Hashable {
        /// Number of hops in front of the server.
        case count(Int)
        /// Address blocks.
        case blocks([Block])
    }

    private let kind: Kind

    /// No proxy: clients connect to the server.
    public static let none = Proxies(kind: .count(0))

    private init(kind: Kind) { self.kind = kind }

    /// Reads a number of proxies, or CIDR blocks with commas between (`10.0.0.0/8,fd00::/8`).
    ///
    /// - Returns: nil for any other text.
    public init?(_ text: String) {
        if let count = Int(text) {
            guard (0...16).contains(count) else { return nil }
            kind = .count(count)
            return
        }
        var blocks: [Block] = []
        for part in text.split(separator: ",") {
            let sides = part.filter { $0 != " " }.split(separator: "/", maxSplits: 1)
            guard let address = sides.first.flatMap({ IPAddress($0) }) else { return nil }
            let all = address.bytes.count * 8
            let bits = sides.count == 2 ? Int(sides[1]) : all
            guard let bits, (0...all).contains(bits) else { return nil }
            blocks.append(Block(address: address, bits: bits))
        }
        guard !blocks.isEmpty else { return nil }
        kind = .blocks(blocks)
    }

    /// True if connections from `address` come from a proxy; with a number of hops, always.
    func contains(_ address: IPAddress) -> Bool {
        switch kind {
        case .count(let count): count > 0
        case .blocks(let blocks): blocks.contains { address.isWithin($0.address, bits: $0.bits) }
        }
    }

    /// The client of a request.
    ///
    /// - Parameters:
    ///   - remote: where the connection comes from.
    ///   - forwarded: the values of `X-Forwarded-For`, in their order.
    func client(_ remote: IPAddress, forwarded: [String]) -> IPAddress {
        let hops = forwarded.flatMap { $0.split(separator: ",") }.map { IPAddress($0.filter { $0 != " " }) }
        var client = remote
        var passed = 0
        for hop in hops.reversed() {
            let isBehindProxy =
                switch kind {
                case .count(let count): passed < count
                case .blocks: contains(client)
                }
            guard isBehindProxy, let hop else { break }
            client = hop
            passed += 1
        }
        return client
    }
}
