import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Closes connections whose clients are too slow: to send a request's head, its body or the next request, or to read a response. A response
/// may last for hours (server-sent events): only written bytes that wait to be sent are timed.
final class ClientPatience: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum State {
        /// No request has been under way since this moment.
        case waiting(since: NIODeadline, seconds: Int)
        /// A request has been read since this moment, with so many bytes of its body.
        case reading(since: NIODeadline, bytes: Int)
        /// The response was written before the whole body was read.
        case discarding(since: NIODeadline)
        /// The request was read; its response is not complete.
        case answering
    }

    /// Bytes written since the socket's buffer was last empty.
    private struct Sending {
        var since: NIODeadline
        var bytes: Int
        var taken = 0
    }

    private let limits: ConnectionLimits
    private let table: ConnectionTable?
    private var state = State.answering
    private var sending: Sending?
    private var timer: (deadline: NIODeadline, task: Scheduled<Void>)?
    private var shutdown: Scheduled<Void>?

    /// - Parameter table: where the connection is counted; nil for none.
    init(_ limits: ConnectionLimits, _ table: ConnectionTable? = nil) {
        self.limits = limits
        self.table = table
    }

    // MARK: Events of the channel

    func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { begin(context) } }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(context)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end(context) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent, shutdown == nil {
            // The server shuts down: requests in progress have this long.
            shutdown = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(Int64(limits.shutdown))) {
                context.close(promise: nil)
            }
        }
        if case .inputClosed? = event as? ChannelEvent { table?.noteGone(context.channel) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head, _):
            table?.note(context.channel, idleSince: nil)
            state = .reading(since: context.eventLoop.now, bytes: 0)
        case (.body(let buffer), .reading(let begin, let bytes)):
            state = .reading(since: begin, bytes: bytes + buffer.readableBytes)
        case (.end, .discarding): wait(context)
        case (.end, _): state = .answering
        default: break
        }
        watch(context)
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var promise = promise
        switch unwrapOutboundIn(data) {
        case .head: break
        case .body(let buffer):
            let written = promise ?? context.eventLoop.makePromise()
            promise = written
            let bytes = buffer.readableBytes
            sending = sending ?? Sending(since: context.eventLoop.now, bytes: 0)
            sending?.bytes += bytes
            written.futureResult.assumeIsolated().whenComplete { _ in self.taken(bytes) }
        case .end:
            switch state {
            case .answering: wait(context)
            case .reading: state = .discarding(since: context.eventLoop.now)
            case .waiting, .discarding: break
            }
        }
        watch(context)
        context.write(data, promise: promise)
    }

    // MARK: State

    private func begin(_ context: ChannelHandlerContext) {
        guard table?.add(context.channel, at: context.eventLoop.now) ?? true else {
            return context.close(promise: nil)
        }
        state = .waiting(since: context.eventLoop.now, seconds: limits.head)
        watch(context)
    }

    private func end(_ context: ChannelHandlerContext) {
        table?.remove(context.channel)
        timer?.task.cancel()
        shutdown?.cancel()
    }

    private func wait(_ context: ChannelHandlerContext) {
        table?.note(context.channel, idleSince: context.eventLoop.now)
        state = .waiting(since: context.eventLoop.now, seconds: limits.next)
    }

    private func taken(_ bytes: Int) {
        sending?.taken += bytes
        if let sending, sending.taken >= sending.bytes { self.sending = nil }
    }

    // MARK: Time

    /// When patience ends; nil if it does not.
    private var deadline: NIODeadline? {
        let reading: NIODeadline? =
            switch state {
            case .waiting(let begin, let seconds): begin + .seconds(Int64(seconds))
            case .reading(let begin, let bytes): due(begin, bytes)
            case .discarding(let begin): begin + .seconds(Int64(limits.unreadBody))
            case .answering: nil
            }
        let writing = sending.map { due($0.since, $0.bytes) }
        guard let reading, let writing else { return reading ?? writing }
        return min(reading, writing)
    }

    /// When so many bytes must have passed.
    private func due(_ begin: NIODeadline, _ bytes: Int) -> NIODeadline {
        begin + .seconds(Int64(limits.head)) + .milliseconds(Int64(bytes) * 1000 / Int64(limits.rate))
    }

    /// Looks when patience ends, unless that is to come already.
    private func watch(_ context: ChannelHandlerContext) {
        guard let deadline else { return }
        if let timer {
            // A later deadline is looked up when the timer fires.
            if timer.deadline <= deadline { return }
            timer.task.cancel()
        }
        let loop = context.eventLoop
        let task = loop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.timer = nil
            guard let deadline = self.deadline else { return }
            if deadline <= loop.now { context.close(promise: nil) } else { self.watch(context) }
        }
        timer = (deadline, task)
    }
}
