import CLibAV

/// A piece of one compressed stream.
///
/// Sendable because it has one owner at a time: a task makes it, hands it on through a queue, and touches it no more.
public final class Packet: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<AVPacket>

    init() throws(AVError) { pointer = try AVError.check(av_packet_alloc(), "allocate a packet") }

    deinit {
        var pointer: UnsafeMutablePointer<AVPacket>? = pointer
        av_packet_free(&pointer)
    }

    /// The stream of the container that it belongs to.
    public var stream: Int { Int(pointer.pointee.stream_index) }
    /// Its bytes.
    public var size: Int { Int(pointer.pointee.size) }
    /// Its content.
    public var bytes: [UInt8] { Array(UnsafeBufferPointer(start: pointer.pointee.data, count: size)) }
    /// When it is shown, in units of its stream's time base.
    public var pts: Int64? { pointer.pointee.pts == cav_no_pts ? nil : pointer.pointee.pts }
    /// When it is decoded, in units of its stream's time base.
    public var dts: Int64? { pointer.pointee.dts == cav_no_pts ? nil : pointer.pointee.dts }
    /// Whether it is decoded but not shown, because an edit list leaves it out.
    public var isHidden: Bool { pointer.pointee.flags & AV_PKT_FLAG_DISCARD != 0 }
    /// Whether decoding can begin with it.
    public var isKey: Bool { pointer.pointee.flags & AV_PKT_FLAG_KEY != 0 }
    /// How long it is shown, in units of its stream's time base; 0 where that is unknown.
    public var duration: Int64 { pointer.pointee.duration }
}
