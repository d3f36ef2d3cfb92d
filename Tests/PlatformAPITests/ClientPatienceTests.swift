import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import PlatformAPI

/// On a clock of its own.
struct ClientPatienceTests {
    private let channel: EmbeddedChannel

    init() throws {
        var limits = ConnectionLimits()
        limits.rate = 1000
        limits.unreadBody = 5
        channel = EmbeddedChannel(handler: ClientPatience(limits))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    private func send(_ part: HTTPRequestPart) throws { try channel.writeInbound(part) }
    private static let head = HTTPRequestPart.head(
        HTTPRequest(method: .post, scheme: "http", authority: "x", path: "/"))

    private func pass(_ seconds: Int64) { channel.embeddedEventLoop.advanceTime(by: .seconds(seconds)) }

    @Test("who says nothing is not waited for")
    func silent() {
        pass(19)
        #expect(channel.isActive)
        pass(1)
        #expect(!channel.isActive)
    }

    @Test("a body must come, and faster than a drip")
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

    @Test("who does not take what was written is not waited for; who takes it slowly is, as fast as is asked for")
    func unreadAnswer() throws {
        try send(Self.head)
        try send(.end(nil))
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
        // It is taken with the next flush.
        channel.write(HTTPResponsePart.body(ByteBuffer(repeating: 0, count: 10_000)), promise: nil)
        pass(29)
        #expect(channel.isActive)
        channel.flush()
        pass(3600)
        #expect(channel.isActive)
        channel.write(HTTPResponsePart.body(ByteBuffer(repeating: 0, count: 10_000)), promise: nil)
        channel.write(HTTPResponsePart.end(nil), promise: nil)
        pass(30)
        #expect(!channel.isActive)
    }

    @Test("whoever was fast and stands still is not waited for, either way")
    func stall() throws {
        try send(Self.head)
        try send(.body(ByteBuffer(repeating: 0, count: 100 << 20)))
        pass(29)
        #expect(channel.isActive)
        try send(.end(nil))
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
        // Megabytes go in one buffer, and part of it is taken.
        for _ in 0..<50 {
            channel.write(HTTPResponsePart.body(ByteBuffer(repeating: 0, count: 1 << 20)), promise: nil)
            channel.flush()
            channel.write(HTTPResponsePart.body(ByteBuffer(repeating: 0, count: 1 << 20)), promise: nil)
        }
        pass(29)
        #expect(channel.isActive)
        pass(1)
        #expect(!channel.isActive)
    }

    @Test("when the server ends, what is under way has so long and no longer")
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

    @Test("requests are waited for only when all are answered and their answers are taken")
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
        // As fast as is asked for, for longer than the next request is waited for.
        channel.write(HTTPResponsePart.body(ByteBuffer(repeating: 0, count: 1000)), promise: nil)
        channel.write(HTTPResponsePart.end(nil), promise: nil)
        pass(20)
        channel.flush()
        pass(59)
        #expect(channel.isActive)
        pass(1)
        #expect(!channel.isActive)
    }

    @Test("a body that comes while the request before it is worked on has its time when that is answered")
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
