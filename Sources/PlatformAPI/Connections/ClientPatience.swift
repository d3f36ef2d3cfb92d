import Glibc
import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Closes connections whose clients are too slow to send a head, a body or the next request, or to read a response. A response may last for
/// hours (server-sent events): only pending bytes are timed.
final class ClientPatience: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Progress of a body in one direction.
    private struct Transfer {
        var begin: NIODeadline
        /// When bytes were last transferred.
        var progress: NIODeadline
        /// Bytes transferred, and bytes that were written but not yet taken by the socket.
        var passed = 0, pending = 0
        /// Bytes written since `pending` was measured.
        var written = 0

        init(at now: NIODeadline) {
            begin = now
            progress = now
        }

        mutating func pass(_ bytes: Int, at now: NIODeadline) {
            passed += bytes
            progress = now
        }

        /// Notes how many bytes are pending now.
        mutating func measure(_ pending: Int, at now: NIODeadline) {
            let taken = self.pending + written - pending
            if taken > 0 { pass(taken, at: now) }
            (self.pending, written) = (pending, 0)
        }
    }

    /// How often pending bytes are measured while there are some.
    private static let interval = TimeAmount.seconds(1)
    /// The most bytes that the kernel holds for a client beyond those in flight (`TCP_NOTSENT_LOWAT`, tcp(7)). With more, a socket that was
    /// full is writable only when megabytes are taken, and a slow client would look like one that reads nothing.
    private static let unsent = 128 << 10

    private let limits: ConnectionLimits
    private let table: ConnectionTable?
    private let pendingBytes: (any Channel) -> Int
    /// Requests whose head was read and whose response is not written: with pipelining (RFC 9112, section 9.3.2) more than one.
    private var unanswered = 0
    /// The body that is being read, of the newest request; nil if none is.
    private var reading: Transfer?
    /// When the server stopped to ask for bytes, because of back-pressure; nil while it waits for them.
    private var paused: NIODeadline?
    /// When the response was written whose request body is still being read; nil if there is none.
    private var discarding: NIODeadline?
    /// Response bytes that the socket has not taken; nil if none are pending.
    private var sending: Transfer?
    /// Start of the wait for the next request's head, and its timeout in seconds; nil while a request is in progress.
    private var waiting: (since: NIODeadline, seconds: Int)?
    private var idle: IdleClock?
    private var timer: (deadline: NIODeadline, task: Scheduled<Void>)?
    private var shutdown: Scheduled<Void>?

    /// - Parameters:
    ///   - table: where the connection is counted; nil for none.
    ///   - pendingBytes: measures the bytes that were written and that the socket has not taken.
    init(
        _ limits: ConnectionLimits, _ table: ConnectionTable? = nil,
        pendingBytes: @escaping (any Channel) -> Int = { channel in
            (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        }
    ) {
        self.limits = limits
        self.table = table
        self.pendingBytes = pendingBytes
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
        // A half-closed connection counts as closed: HTTP clients do not half-close.
        if case .inputClosed? = event as? ChannelEvent { table?.noteGone(context.channel) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let now = context.eventLoop.now
        switch unwrapInboundIn(data) {
        case .head(let head):
            unanswered += 1
            // RFC 9110, section 10.1.1: the client waits for it before it sends a body.
            if unanswered == 1, head.headerFields[.expect]?.lowercased() == "100-continue" {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
            (reading, discarding, waiting) = (Transfer(at: now), nil, nil)
            idle?.since = nil
        case .body(let buffer): reading?.pass(buffer.readableBytes, at: now)
        case .end:
            (reading, discarding) = (nil, nil)
            settle(context)
        }
        watch(context)
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        paused = paused ?? context.eventLoop.now
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if let since = paused {
            // The client is not to blame for this time.
            let now = context.eventLoop.now
            if var transfer = reading {
                transfer.begin = transfer.begin + (now - since)
                transfer.progress = now
                reading = transfer
            }
            paused = nil
            watch(context)
        }
        context.read()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head: break
        case .body(let buffer): sending?.written += buffer.readableBytes
        case .end:
            // A request that cannot be parsed is answered, though its head was not read.
            unanswered = max(0, unanswered - 1)
            if reading != nil {
                let now = context.eventLoop.now
                // The body of a pipelined request is read from now on.
                if unanswered == 0 { discarding = now } else if unanswered == 1 { reading = Transfer(at: now) }
            }
        }
        context.write(data, promise: promise)
    }

    func flush(context: ChannelHandlerContext) {
        context.flush()
        measure(context)
        watch(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        measure(context)
        context.fireChannelWritabilityChanged()
    }

    // MARK: State

    private func begin(_ context: ChannelHandlerContext) {
        guard table?.add(context.channel, at: context.eventLoop.now) ?? true else {
            return context.close(promise: nil)
        }
        idle = table?.idleClock(of: context.channel)
        // Where it is refused, a slow reader may look stalled.
        _ = context.channel.setOption(.tcpOption(.init(rawValue: TCP_NOTSENT_LOWAT)), value: Self.unsent)
        waiting = (context.eventLoop.now, limits.head)
        watch(context)
    }

    private func end(_ context: ChannelHandlerContext) {
        table?.remove(context.channel)
        timer?.task.cancel()
        shutdown?.cancel()
    }

    /// Measures how much of the responses the socket has not taken.
    private func measure(_ context: ChannelHandlerContext) {
        let pending = pendingBytes(context.channel)
        guard pending > 0 else {
            sending = nil
            return settle(context)
        }
        var transfer = sending ?? Transfer(at: context.eventLoop.now)
        transfer.measure(pending, at: context.eventLoop.now)
        (sending, waiting) = (transfer, nil)
        idle?.since = nil
    }

    /// Waits for the next request once all requests are read and answered, and the socket has taken the responses.
    private func settle(_ context: ChannelHandlerContext) {
        guard unanswered == 0, reading == nil, sending == nil, waiting == nil, context.channel.isActive else { return }
        waiting = (context.eventLoop.now, limits.next)
        idle?.since = context.eventLoop.now
        watch(context)
    }

    // MARK: Time

    /// Next deadline; nil if none applies.
    private var deadline: NIODeadline? {
        let idle = waiting.map { $0.since + .seconds(Int64($0.seconds)) }
        let discarded = discarding.map { $0 + .seconds(Int64(limits.unreadBody)) }
        // The server itself holds up a request behind another one.
        let read = discarding == nil && unanswered == 1 && paused == nil ? reading.map(due) : nil
        return [idle, discarded, read, sending.map(due)].compactMap(\.self).min()
    }

    /// Deadline by average rate and by stall timeout.
    private func due(_ transfer: Transfer) -> NIODeadline {
        let bytes = Int64(transfer.passed + transfer.pending)
        let average = transfer.begin + .seconds(Int64(limits.head)) + .milliseconds(bytes * 1000 / Int64(limits.rate))
        return min(average, transfer.progress + .seconds(Int64(limits.stall)))
    }

    /// Schedules the check at the next deadline, or the next measurement, unless an earlier check is scheduled.
    private func watch(_ context: ChannelHandlerContext) {
        let loop = context.eventLoop
        let measurement = sending == nil ? nil : loop.now + Self.interval
        guard let next = [deadline, measurement].compactMap(\.self).min() else { return }
        if let timer {
            // A later deadline is looked up when the timer fires.
            if timer.deadline <= next { return }
            timer.task.cancel()
        }
        let task = loop.assumeIsolated().scheduleTask(deadline: next) {
            self.timer = nil
            if self.sending != nil { self.measure(context) }
            guard let deadline = self.deadline else { return }
            if deadline <= loop.now { context.close(promise: nil) } else { self.watch(context) }
        }
        timer = (next, task)
    }
}
