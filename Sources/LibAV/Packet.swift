import CLibAV

/// A piece of one compressed stream.
///
/// Sendable because it has one owner at a time: a task hands it on through a queue, whose lock orders their accesses, and does not use it
/// afterwards.
public final class Packet: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<AVPacket>

    init() throws(AVError) { pointer = try AVError.check(av_packet_alloc(), "allocate a packet") }

    /// A packet with a content of its own, in units of a time base that its user knows.
    ///
    /// - Throws: ``AVError`` where there is no memory for it.
    public init(_ bytes: some Collection<UInt8>, pts: Int64, dts: Int64, duration: Int64, isKey: Bool) throws(AVError) {
        var pointer: UnsafeMutablePointer<AVPacket>? = try AVError.check(av_packet_alloc(), "allocate a packet")
        let result = av_new_packet(pointer, Int32(clamping: bytes.count))
        guard result >= 0, let packet = pointer else {
            av_packet_free(&pointer)
            throw AVError(result, "allocate a packet")
        }
        _ = UnsafeMutableBufferPointer(start: packet.pointee.data, count: bytes.count).update(fromContentsOf: bytes)
        packet.pointee.pts = pts
        packet.pointee.dts = dts
        packet.pointee.duration = duration
        if isKey { packet.pointee.flags |= AV_PKT_FLAG_KEY }
        self.pointer = packet
    }

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
    public var dts: Int64? {
        get { pointer.pointee.dts == cav_no_pts ? nil : pointer.pointee.dts }
        set { pointer.pointee.dts = newValue ?? cav_no_pts }
    }
    /// Whether it is decoded but not shown, because an edit list leaves it out.
    public var isHidden: Bool { pointer.pointee.flags & AV_PKT_FLAG_DISCARD != 0 }
    /// Has it decoded and not shown.
    func hide() { pointer.pointee.flags |= AV_PKT_FLAG_DISCARD }
    /// Whether decoding can begin with it.
    public var isKey: Bool { pointer.pointee.flags & AV_PKT_FLAG_KEY != 0 }
    /// Whether the container could not read it whole.
    public var isCorrupt: Bool { pointer.pointee.flags & AV_PKT_FLAG_CORRUPT != 0 }
    /// Whether the decoder is given other parameters with it than the container's header has.
    public var changesParameters: Bool { av_packet_get_side_data(pointer, AV_PKT_DATA_NEW_EXTRADATA, nil) != nil }

    /// Gives it other times, in units of a time base that its user knows.
    public func set(pts: Int64, dts: Int64, duration: Int64) {
        pointer.pointee.pts = pts
        pointer.pointee.dts = dts
        pointer.pointee.duration = duration
    }

    /// Moves it in time, by units of its stream's time base.
    public func delay(by time: Int64) {
        if pointer.pointee.pts != cav_no_pts { pointer.pointee.pts &+= time }
        if pointer.pointee.dts != cav_no_pts { pointer.pointee.dts &+= time }
    }

    /// How long it is shown, in units of its stream's time base; 0 where that is unknown.
    public var duration: Int64 { pointer.pointee.duration }
}
