/// Bounds the uploads that are received or looked at, at a time: each has up to two files open beside its connection. One address has a
/// tenth of them at most.
struct UploadSlots: Sendable {
    private enum Key: Hashable {
        case all
        case address(String)
    }

    private let slots = Slots<Key>()
    private let limit: Int

    /// - Parameter limit: ``ConnectionLimits/uploads``.
    init(limit: Int) { self.limit = limit }

    /// Does work with a slot.
    ///
    /// - Parameter address: the client's.
    /// - Throws: ``APIError/busy`` if there is none; whatever `work` throws.
    func run<Result>(for address: String, _ work: () async throws -> Result) async throws -> Result {
        guard let own = slots.take(.address(address), limit: max(4, limit / 10)),
            let slot = slots.take(.all, limit: limit)
        else { throw APIError.busy }
        defer { withExtendedLifetime((own, slot)) {} }
        return try await work()
    }
}
