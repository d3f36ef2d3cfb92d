import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import PlatformAPI

/// On a clock of its own.
struct ClientPatienceTests {
    private let channel: EmbeddedChannel
    private let socket = Socket()

    /// What the socket has not taken.
    private final class Socket {
        var pending = 0
    }

    init() throws {
        var limits = ConnectionLimits()
        limits.rate = 1000
        limits.unreadBody = 5
        channel = EmbeddedChannel(handler: ClientPatience(limits) { [socket] _ in socket.pending })
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    /// - Parameter isWanted: false if the server asks for no further bytes yet.
    private func send(_ part: HTTPRequestPart, isWanted: Bool = true) throws {
        try channel.writeInbound(part)
        if isWanted { channel.read() }
    }
    private static let head = HTTPRequestPart.head(
        HTTPRequest(method: .post, scheme: "http", authority: "x", path: "/"))

    /// Writes a piece of a response, after which so many bytes are pending.
    private func write(_ bytes: Int, pending: Int) throws {
        socket.pending = pending
        try channel.writeOutbound(HTTPResponsePart.body(ByteBuffer(repeating: 0, count: bytes)))
    }

    private func pass(_ seconds: Int64) { channel.embeddedEventLoop.advanceTime(by: .seconds(seconds)) }

    @Test("a silent connection is closed after 20 s")
    func silent() {
        pass(19)
        #expect(channel.isActive)
        pass(1)
        #expect(!channel.isActive)
    }

    @Test("a body slower than the minimum rate is closed")
    func drip() throws {
        try send(Self.head)
        // As fast as is asked for, for longer than a silent one is waited for.
        for _ in 0..<100 {
            try send(.body(ByteBuffer(repeating: 0, count: 1000)))
            pass(1)
        }
        #expect(channel.isActive)
        for _ in 0..<19 {
            try send(.body(ByteBuffer(repeating: 0, count: 1)))
            pass(1)
        }
        #expect(channel.isActive)
        pass(2)
        #expect(!channel.isActive)
    }

    @Test("a body is not timed while the server asks for no bytes")
    func backPressure() throws {
        try send(Self.head)
        try send(.body(ByteBuffer(repeating: 0, count: 1000)), isWanted: false)
        pass(3600)
        #expect(channel.isActive)
        channel.read()
        pass(19)
        #expect(channel.isActive)
        pass(11)
        #expect(!channel.isActive)
    }

    @Test("an unread body is taken for a moment after its answer, however fast it comes")
    func unreadBody() throws {
        try send(Self.head)
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .unauthorized)))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        for _ in 0..<4 {
            pass(1)
            try send(.body(ByteBuffer(repeating: 0, count: 1 << 20)))
        }
        #expect(channel.isActive)
        pass(1)
        #expect(!channel.isActive)
    }

    @Test("a body that ends after its answer leaves the connection for the next request")
    func readBody() throws {
        try send(Self.head)
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .unauthorized)))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        pass(1)
        try send(.end(nil))
        pass(59)
        #expect(channel.isActive)
        pass(1)
        #expect(!channel.isActive)
    }

    @Test("a response that is not read is closed; one that is read at the minimum rate is not")
    func unreadAnswer() throws {
        try send(Self.head)
        try send(.end(nil))
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
        // At the minimum rate, for longer than it may stand still.
        try write(100_000, pending: 100_000)
        for _ in 0..<100 {
            pass(1)
            socket.pending -= 1000
        }
        #expect(channel.isActive)
        pass(3600)
        #expect(channel.isActive)
        try write(10_000, pending: 10_000)
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        pass(29)
        #expect(channel.isActive)
        pass(1)
        #expect(!channel.isActive)
    }

    @Test("a transfer that stalls is closed, however fast it was before")
    func stall() throws {
        try send(Self.head)
        try send(.body(ByteBuffer(repeating: 0, count: 100 << 20)))
        pass(29)
        #expect(channel.isActive)
        try send(.end(nil))
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
        // All but the last is taken at once.
        for _ in 0..<50 { try write(1 << 20, pending: 1 << 20) }
        pass(29)
        #expect(channel.isActive)
        pass(1)
        #expect(!channel.isActive)
    }

    @Test("at shutdown, requests have the grace period")
    func shutdown() throws {
        try send(Self.head)
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        for _ in 0..<19 {
            try send(.body(ByteBuffer(repeating: 0, count: 100_000)))
            pass(1)
        }
        #expect(channel.isActive)
        pass(1)
        #expect(!channel.isActive)
    }

    @Test("a connection is idle only when all requests are answered and all responses are sent")
    func pipelining() throws {
        for _ in 0..<2 {
            try send(Self.head)
            try send(.end(nil))
        }
        let head = HTTPResponsePart.head(HTTPResponse(status: .ok))
        try channel.writeOutbound(head)
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        // The second one is still worked on.
        pass(3600)
        #expect(channel.isActive)
        try channel.writeOutbound(head)
        // The response is taken after a while; the next request is waited for from then on.
        try write(1000, pending: 1000)
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        pass(20)
        socket.pending = 0
        pass(60)
        #expect(channel.isActive)
        pass(1)
        #expect(!channel.isActive)
    }

    @Test("the body of a pipelined request is timed from the response before it")
    func pipelinedBody() throws {
        try send(Self.head)
        try send(.end(nil))
        try send(Self.head)
        pass(3600)
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        pass(19)
        #expect(channel.isActive)
        pass(1)
        #expect(!channel.isActive)
    }

    @Test("an answer takes as long as it takes; then the next request is waited for")
    func answers() throws {
        try send(Self.head)
        try send(.end(nil))
        pass(3600)
        #expect(channel.isActive)
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        pass(59)
        try send(Self.head)
        try send(.end(nil))
        pass(3600)
        #expect(channel.isActive)
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        pass(60)
        #expect(!channel.isActive)
    }
}
