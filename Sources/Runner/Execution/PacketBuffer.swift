import Foundation
import LibAV

/// Holds the packets of one input until the decoder of each stream takes them.
///
/// The demuxer waits while a stream has plenty, unless another stream's decoder is waiting for a packet that lies further
/// on in the file: so badly interleaved files go through, and well interleaved ones take little memory.
///
/// Sendable because every access to its state is under its condition's lock.
final class PacketBuffer: @unchecked Sendable {
    private struct Lane {
        var packets: [Packet] = []
        var bytes = 0
        var isAwaited = false
        var isWanted = true

        /// A second of most streams; a large packet or two of the heaviest.
        var isFull: Bool { packets.count >= 64 || (bytes >= 8 << 20 && packets.count >= 2) }
    }

    /// What may be held for a stream whose packets lie far from the other's, in bytes.
    private static let most = 256 << 20

    private let condition = NSCondition()
    private var lanes: [Int: Lane]
    private var isFinished = false

    /// A buffer for the packets of some streams.
    init(streams: [Int]) { lanes = Dictionary(uniqueKeysWithValues: streams.map { ($0, Lane()) }) }

    /// Puts a packet in, waiting while there is no need for it.
    ///
    /// - Returns: whether any decoder wants more.
    func push(_ packet: Packet) -> Bool {
        condition.withLock {
            while mustWait(packet.stream) { condition.wait() }
            if lanes[packet.stream]?.isWanted == true {
                lanes[packet.stream]?.packets.append(packet)
                lanes[packet.stream]?.bytes += packet.size
                condition.broadcast()
            }
            return lanes.values.contains(where: \.isWanted)
        }
    }

    private func mustWait(_ stream: Int) -> Bool {
        guard let lane = lanes[stream], lane.isWanted, lane.isFull else { return false }
        let isStarving = lanes.values.contains { $0.isWanted && $0.isAwaited && $0.packets.isEmpty }
        return !isStarving || lane.bytes >= Self.most
    }

    /// The next packet of a stream, waiting for one; nil at the end of the input, or once the stream is closed.
    func pop(_ stream: Int) -> Packet? {
        condition.withLock {
            while let lane = lanes[stream], lane.isWanted, lane.packets.isEmpty, !isFinished {
                lanes[stream]?.isAwaited = true
                condition.broadcast()
                condition.wait()
            }
            lanes[stream]?.isAwaited = false
            guard lanes[stream]?.packets.isEmpty == false, let packet = lanes[stream]?.packets.removeFirst() else {
                return nil
            }
            lanes[stream]?.bytes -= packet.size
            condition.broadcast()
            return packet
        }
    }

    /// Says that the input has ended.
    func finish() {
        condition.withLock {
            isFinished = true
            condition.broadcast()
        }
    }

    /// Says that no more packets of a stream are wanted, and drops those that are there.
    func close(_ stream: Int) {
        condition.withLock {
            lanes[stream]?.isWanted = false
            lanes[stream]?.packets.removeAll()
            lanes[stream]?.bytes = 0
            condition.broadcast()
        }
    }
}
