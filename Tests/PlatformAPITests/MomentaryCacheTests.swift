import Synchronization
import Testing

@testable import PlatformAPI

struct MomentaryCacheTests {
    /// Numbers from 1 on, each given once.
    private final class Counter: Sendable {
        private let count = Atomic(0)
        func next() -> Int { count.add(1, ordering: .relaxed).newValue }
    }

    @Test("what many ask for at once is made once, and again when it is forgotten")
    func once() async throws {
        let cache = MomentaryCache<String, Int>(lifetime: .seconds(3600))
        let counter = Counter()
        let values = try await withThrowingTaskGroup { group in
            for _ in 0..<100 { group.addTask { try await cache.value(for: "a") { counter.next() } } }
            return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
        }
        #expect(values == [1])
        #expect(try await cache.value(for: "b") { counter.next() } == 2)
        cache.forget()
        #expect(try await cache.value(for: "a") { counter.next() } == 3)
    }

    @Test("what is too old is made again; what failed is not kept; no more is kept than may be")
    func ends() async throws {
        let counter = Counter()
        let hasty = MomentaryCache<String, Int>(lifetime: .zero)
        #expect(try await hasty.value(for: "a") { counter.next() } == 1)
        #expect(try await hasty.value(for: "a") { counter.next() } == 2)
        struct Trouble: Error {}
        let cache = MomentaryCache<String, Int>(lifetime: .seconds(3600), limit: 2)
        await #expect(throws: Trouble.self) { try await cache.value(for: "a") { throw Trouble() } }
        for name in ["a", "b", "c"] { _ = try await cache.value(for: name) { counter.next() } }
        #expect(try await cache.value(for: "c") { counter.next() } == 5)
        #expect(try await cache.value(for: "a") { counter.next() } == 6)
    }
}
