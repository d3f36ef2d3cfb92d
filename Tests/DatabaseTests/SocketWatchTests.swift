import Dispatch
import Glibc
import Testing

@testable import Database

struct SocketWatchTests {
    /// Two sockets that are connected.
    private static func pair() throws -> (Int32, Int32) {
        var sockets: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &sockets) == 0)
        return (sockets[0], sockets[1])
    }

    @Test("a wait that is cancelled as it is met is the one that is cancelled, and not the next one")
    func race() async throws {
        let (ours, theirs) = try Self.pair()
        defer {
            close(ours)
            close(theirs)
        }
        var met = 0
        for turn in 0..<3000 {
            let watch = try SocketWatch(ours)
            let wait = Task { await watch.wait(for: .reading, until: .now() + .seconds(600)) }
            for _ in 0..<(turn % 40) { await Task.yield() }
            let cancelling = Task.detached { wait.cancel() }
            #expect(write(theirs, "x", 1) == 1)
            let outcome = await wait.value
            await cancelling.value
            if outcome == .ready {
                met += 1
                // Nobody has cancelled this one.
                let next = await watch.wait(for: .reading, until: .now() + .seconds(600))
                #expect(next == .ready)
                var buffer: UInt8 = 0
                #expect(read(ours, &buffer, 1) == 1)
                // What is waited for in earnest, and not found at once.
                let later = Task { await watch.wait(for: .reading, until: .now() + .seconds(600)) }
                await Task.yield()
                #expect(write(theirs, "x", 1) == 1)
                #expect(await later.value == .ready)
            }
            var buffer: UInt8 = 0
            #expect(read(ours, &buffer, 1) == 1)
        }
        #expect(met > 0)
    }
}
