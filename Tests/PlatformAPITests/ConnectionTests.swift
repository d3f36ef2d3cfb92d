import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import PlatformAPI

struct ConnectionTests {
    private func table(total: Int = 4, perAddress: Int = 2, proxies: String = "0") throws -> ConnectionTable {
        var limits = ConnectionLimits()
        (limits.total, limits.perAddress) = (total, perAddress)
        return ConnectionTable(limits, proxies: try #require(Proxies(proxies)), logger: Logger(label: "test"))
    }

    private func channel(_ address: String) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        channel.remoteAddress = try SocketAddress(ipAddress: address, port: 1)
        return channel
    }

    @Test("an address has so many connections, and a /64 of IPv6 is one; proxies have as many as they need")
    func perAddress() throws {
        let (table, now) = (try table(total: 100), NIODeadline.now())
        let first = try channel("192.0.2.1")
        let second = try channel("::ffff:192.0.2.1")
        for channel in [first, second] {
            #expect(table.add(channel, at: now))
            table.idleClock(of: channel)?.since = nil
        }
        // Requests are under way on both.
        #expect(!table.add(try channel("192.0.2.1"), at: now))
        #expect(table.add(try channel("192.0.2.2"), at: now))
        table.remove(first)
        table.remove(first)
        #expect(table.add(try channel("192.0.2.1"), at: now))
        let idle = try ["2001:db8::1", "2001:db8::ffff:1"].map { try channel($0) }
        for (index, channel) in idle.enumerated() {
            try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
            #expect(table.add(channel, at: now + .seconds(Int64(index))))
        }
        // The one that has waited longer makes room.
        #expect(table.add(try channel("2001:db8:0:0:1::1"), at: now + .seconds(2)))
        #expect(idle.map(\.isActive) == [false, true])
        #expect(table.add(try channel("2001:db8:0:1::1"), at: now))
        let behind = try self.table(total: 100, proxies: "10.0.0.0/8")
        for _ in 0..<50 { #expect(behind.add(try channel("10.1.2.3"), at: now)) }
    }

    @Test("at the limit the longest idle connection is closed, and none with a request in progress")
    func eviction() throws {
        let (table, now) = (try table(perAddress: 100), NIODeadline.now())
        let channels = try (0..<4).map { _ in try channel("192.0.2.1") }
        for (index, channel) in channels.enumerated() {
            try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
            #expect(table.add(channel, at: now + .seconds(Int64(index))))
        }
        table.idleClock(of: channels[0])?.since = nil
        #expect(table.add(try channel("192.0.2.9"), at: now + .seconds(9)))
        #expect(channels.map(\.isActive) == [true, false, true, true] && table.count == 4)
        for channel in channels { table.idleClock(of: channel)?.since = nil }
        // The newcomer waits, and is the only one.
        #expect(table.add(try channel("192.0.2.9"), at: now + .seconds(10)))
    }

    @Test("who is behind a proxy is told apart, and what clients write themselves is not believed")
    func proxies() throws {
        let cases: [(String, remote: String, forwarded: [String], client: String)] = [
            ("0", "192.0.2.1", ["198.51.100.1"], "192.0.2.1"),
            ("1", "10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
            ("1", "10.0.0.1", ["203.0.113.9, 198.51.100.1"], "198.51.100.1"),
            ("1", "10.0.0.1", ["203.0.113.9", " 198.51.100.1 "], "198.51.100.1"),
            ("2", "10.0.0.1", ["203.0.113.9, 198.51.100.1"], "203.0.113.9"),
            ("2", "10.0.0.1", ["198.51.100.1"], "198.51.100.1"), ("1", "10.0.0.1", [], "10.0.0.1"),
            ("1", "10.0.0.1", ["unknown"], "10.0.0.1"),
            ("10.0.0.0/8,fd00::/8", "10.9.9.9", ["203.0.113.9, 198.51.100.1, 10.1.1.1"], "198.51.100.1"),
            ("10.0.0.0/8", "192.0.2.1", ["198.51.100.1"], "192.0.2.1"),
            ("fd00::/8", "fd12::1", ["2001:db8::5"], "2001:db8::5"),
        ]
        for (proxies, remote, forwarded, client) in cases {
            let (proxy, address) = (try #require(Proxies(proxies)), try #require(IPAddress(remote)))
            let found = proxy.client(address, forwarded: forwarded)
            #expect(found == IPAddress(client), "\(proxies) \(forwarded)")
        }
        for text in ["-1", "17", "", "x", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0/8"] {
            #expect(Proxies(text) == nil, "\(text)")
        }
        #expect(IPAddress("2001:db8:1:2:3:4:5:6")?.network.description == "2001:db8:1:2::")
    }

    @Test("a process that may open few files has few connections")
    func openFiles() {
        for (openFiles, total, uploads) in [
            (256, 86, 21), (1024, 598, 149), (20_000, 10_000, 500), (1 << 20, 10_000, 500), (10, 8, 8),
        ] {
            let limits = ConnectionLimits().fitting(openFiles: openFiles)
            #expect(limits.total == total && limits.uploads == uploads, "\(openFiles): \(limits)")
        }
    }
}
