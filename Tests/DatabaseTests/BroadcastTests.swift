import Testing

@testable import Database

struct BroadcastTests {
    @Test("who has subscribed is told what is said under their key, and to all; who has gone is forgotten")
    func telling() async {
        let broadcast = Broadcast<String, Int>(buffer: 2)
        do {
            let (first, second) = (broadcast.subscribe(to: "a"), broadcast.subscribe(to: "b"))
            #expect(broadcast.count == 2 && broadcast.keys.sorted() == ["a", "b"])
            for number in 1...3 { broadcast.send(number, to: "a") }
            broadcast.sendToAll(4)
            first.end()
            second.end()
            var told: [[Int]] = [[], []]
            for await number in first.elements { told[0].append(number) }
            for await number in second.elements { told[1].append(number) }
            // Of what is not taken the newest are kept.
            #expect(told == [[3, 4], [4]])
        }
        #expect(broadcast.count == 0 && !broadcast.isHeard("a"))
    }

    @Test("nobody waits for what will never be said")
    func end() async {
        let broadcast = Broadcast<String, Int>(buffer: 1)
        let before = broadcast.subscribe(to: "a")
        broadcast.finish()
        let after = broadcast.subscribe(to: "a")
        for subscription in [before, after] { for await _ in subscription.elements { Issue.record("told") } }
        #expect(broadcast.count == 0)
    }
}
