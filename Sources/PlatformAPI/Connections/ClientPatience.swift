import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Closes connections whose clients take too long: to send a request's head, its body, or the next request. How long an answer takes is
/// no matter: events go on for hours.
final class ClientPatience: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How patient we are.
    struct Limits: Sendable {
        /// Until a request's head is whole, and for a body at the least.
        var head = TimeAmount.seconds(20)
        /// Until the next request comes.
        var next = TimeAmount.seconds(60)
        /// How fast a body comes on average, in bytes a second.
        var rate: Int64 = 16 << 10
    }

    private enum State {
        /// No request is under way since this moment.
        case waiting(since: NIODeadline, for: TimeAmount)
        /// A body has come so far since this moment.
        case reading(since: NIODeadline, bytes: Int64)
        /// It is our turn.
        case answering
    }

    private let limits: Limits
    private var state = State.answering
    private var timer: Scheduled<Void>?

    init(_ limits: Limits = Limits()) { self.limits = limits }

    /// When patience ends; nil where it does not.
    private var deadline: NIODeadline? {
        switch state {
        case .waiting(let begin, let time): begin + time
        case .reading(let begin, let bytes): begin + limits.head + .milliseconds(bytes * 1000 / limits.rate)
        case .answering: nil
        }
    }

    func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { begin(context) } }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head, _):
            state = .reading(since: context.eventLoop.now, bytes: 0)
            watch(context)
        case (.body(let buffer), .reading(let begin, let bytes)):
            state = .reading(since: begin, bytes: bytes + Int64(buffer.readableBytes))
        case (.end, _): state = .answering
        default: break
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data), case .answering = state {
            state = .waiting(since: context.eventLoop.now, for: limits.next)
            watch(context)
        }
        context.write(data, promise: promise)
    }

    private func begin(_ context: ChannelHandlerContext) {
        state = .waiting(since: context.eventLoop.now, for: limits.head)
        watch(context)
    }

    /// Looks when patience ends, unless that is to come already.
    private func watch(_ context: ChannelHandlerContext) {
        guard timer == nil, let deadline else { return }
        let loop = context.eventLoop
        timer = loop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.timer = nil
            guard let deadline = self.deadline else { return }
            if deadline <= loop.now { context.close(promise: nil) } else { self.watch(context) }
        }
    }
}
