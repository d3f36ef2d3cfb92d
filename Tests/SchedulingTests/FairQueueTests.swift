import Scheduling
import Testing

struct FairQueueTests {
    @Test("clients are served round robin; cancelled work does not begin; a full queue refuses")
    func roundRobin() async throws {
        let queue = FairQueue(width: 1, limit: 20, clientLimit: 10)
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let order = Order()
        await withTaskGroup { group in
            group.addTask {
                try? await queue.run(for: "flood") {
                    for await _ in gate { break }
                }
            }
            while queue.free > 0 { await Task.yield() }
            for index in 0..<12 {
                group.addTask {
                    do { try await queue.run(for: "flood") { await order.add("flood \(index)") } } catch {
                        await order.add("refused")
                    }
                }
            }
            while await queue.waiting + order.count < 12 { await Task.yield() }
            let gone = Task { try await queue.run(for: "gone") { await order.add("gone") } }
            while queue.waiting < 11 { await Task.yield() }
            gone.cancel()
            await #expect(throws: FairQueue.Refusal.cancelled) { try await gone.value }
            group.addTask { try? await queue.run(for: "other") { await order.add("other") } }
            while queue.waiting < 11 { await Task.yield() }
            open.yield()
        }
        let names = await order.names
        #expect(names.count(where: { $0 == "refused" }) == 2 && !names.contains("gone"))
        let served = names.filter { $0 != "refused" }
        #expect(served.count == 11 && (served.firstIndex(of: "other") ?? 99) <= 1, "\(served)")
        #expect(queue.free == 1 && queue.waiting == 0)
    }

    @Test("a client whose jobs take long waits for those whose jobs do not, also if it has one job at a time")
    func cost() async throws {
        let queue = FairQueue(width: 1, limit: 20)
        let order = Order()
        let first = try await queue.enter(for: "slow")
        try await withThrowingTaskGroup { group in
            group.addTask { try await queue.run(for: "slow") { await order.add("slow") } }
            while queue.waiting < 1 { await Task.yield() }
            for index in 1...3 {
                group.addTask { try await queue.run(for: "quick") { await order.add("quick \(index)") } }
                while queue.waiting < 1 + index { await Task.yield() }
            }
            // The slow job's cost is what it takes.
            try await Task.sleep(for: .milliseconds(300))
            queue.leave(first)
            try await group.waitForAll()
        }
        #expect(await order.names == ["quick 1", "quick 2", "quick 3", "slow"])
    }

    private actor Order {
        var names: [String] = []
        var count: Int { names.count }
        func add(_ name: String) { names.append(name) }
    }
}
