import LibAV

/// The packets of the upload's picture on their way to the output, where it is passed on as it is.
final class CopyFeed: Sendable {
    private let packets: PacketBuffer
    private let stream: Int
    private let header = BoundedQueue<StreamParameters>(capacity: 1)

    init(_ packets: PacketBuffer, stream: Int) {
        self.packets = packets
        self.stream = stream
    }

    /// Says what the stream is, once the file is open.
    ///
    /// - Throws: ``RunError``.
    func begin(_ demuxer: Demuxer, name: String) throws(RunError) {
        guard demuxer.streams.indices.contains(stream) else {
            throw .fault("'\(name)' has changed since it was probed")
        }
        do throws(AVError) { _ = header.push(try StreamParameters(demuxer, stream: stream)) } catch {
            throw .fault(error.reason)
        }
    }

    /// What the stream is, waiting until the file is open; nil where it never was. Asked for once.
    func parameters() -> StreamParameters? { header.pop() }

    /// The next packet, waiting for one; nil at the end.
    func pop() -> Packet? { packets.pop(stream) }

    /// Says that the file has ended.
    func finish() { header.finish() }

    /// Says that no more are wanted: who reads and who writes stop waiting.
    func close() {
        header.close()
        packets.close(stream)
    }
}
