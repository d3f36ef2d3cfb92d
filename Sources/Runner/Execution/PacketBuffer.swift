import LibAV

/// Holds the packets of one input until the decoder of each stream takes them.
///
/// The demuxer waits while a stream has plenty, unless another stream's decoder is waiting for a packet that lies further
/// on in the file: so badly interleaved files go through, and well interleaved ones take little memory.
final class PacketBuffer: Sendable {
    private struct Lane {
        var packets: [Packet] = []
        var bytes = 0
        var isAwaited = false
        var isWanted = true

        /// A large packet or two of the heaviest streams are enough.
        func isFull(_ capacity: Int) -> Bool {
            packets.count >= capacity || (bytes >= 8 << 20 && packets.count >= 2)
        }
    }

    private struct State {
        var lanes: [Int: Lane]
        let capacity: Int
        var isFinished = false

        func mustWait(_ stream: Int, isSpare: Bool) -> Bool {
            guard let lane = lanes[stream], lane.isWanted, lane.isFull(isSpare ? 1 : capacity) else { return false }
            let isStarving = lanes.values.contains { $0.isWanted && $0.isAwaited && $0.packets.isEmpty }
            return !isStarving || lane.bytes >= PacketBuffer.most
        }
    }

    /// What may be held for a stream whose packets lie far from the other's, in bytes.
    private static let most = 256 << 20

    private let monitor: Monitor<State>

    /// A buffer for the packets of some streams.
    ///
    /// - Parameter capacity: how many packets a stream has waiting at the most: 64 are a second or two.
    init(streams: [Int], capacity: Int = 64) {
        let lanes = Dictionary(uniqueKeysWithValues: streams.map { ($0, Lane()) })
        monitor = Monitor(State(lanes: lanes, capacity: capacity))
    }

    /// Puts a packet in, waiting while there is no need for it.
    ///
    /// - Parameter isSpare: whether it may never be asked for, lying beyond the last trim: one such is enough.
    /// - Returns: whether any decoder wants more.
    func push(_ packet: Packet, isSpare: Bool = false) -> Bool {
        monitor.wait { state in
            guard !state.mustWait(packet.stream, isSpare: isSpare) else { return nil }
            if state.lanes[packet.stream]?.isWanted == true {
                state.lanes[packet.stream]?.packets.append(packet)
                state.lanes[packet.stream]?.bytes += packet.size
            }
            return state.lanes.values.contains(where: \.isWanted)
        }
    }

    /// The next packet of a stream, waiting for one; nil at the end of the input, or once the stream is closed.
    func pop(_ stream: Int) -> Packet? {
        monitor.update { $0.lanes[stream]?.isAwaited = true }
        let next: Packet?? = monitor.wait { state in
            guard let lane = state.lanes[stream], lane.isWanted else { return .some(nil) }
            guard let packet = lane.packets.first else { return state.isFinished ? .some(nil) : nil }
            state.lanes[stream]?.packets.removeFirst()
            state.lanes[stream]?.bytes -= packet.size
            state.lanes[stream]?.isAwaited = false
            return .some(packet)
        }
        return next ?? nil
    }

    /// Says that the input has ended.
    func finish() { monitor.update { $0.isFinished = true } }

    /// Waits until the packets that there are do not do, now that no more can be had.
    ///
    /// - Returns: whether a decoder waits for one; false once none wants any.
    func isMissed() -> Bool {
        monitor.wait { state in
            let wanted = state.lanes.values.filter(\.isWanted)
            if wanted.isEmpty { return false }
            return wanted.contains { $0.isAwaited && $0.packets.isEmpty } ? true : nil
        }
    }

    /// Says that no more packets of a stream are wanted, and drops those that are there.
    func close(_ stream: Int) {
        monitor.update { state in
            state.lanes[stream]?.isWanted = false
            state.lanes[stream]?.packets.removeAll()
            state.lanes[stream]?.bytes = 0
        }
    }
}
