import CLibAV

/// Decodes one stream.
///
/// Sendable because one thread at a time uses it: the one that makes it hands it to the one that decodes, whose start orders their accesses,
/// and keeps no reference.
public final class Decoder: @unchecked Sendable {
    /// The unit of the times of its frames, in seconds.
    public let timeBase: Fraction
    /// The rate that the container gives the stream; 0/1 where it does not.
    public let frameRate: Fraction

    /// How a decoder shares its work among threads.
    public enum Threading: Sendable {
        /// Not at all.
        case none
        /// Each thread has a frame of its own, and waits for what it refers to: fastest, and a frame more of memory a thread.
        case frames
        /// Each core has a part of the frame, where the stream is coded so that it can.
        case slices

        fileprivate var threads: Int {
            switch self {
            case .none: 1
            case .frames: Processors.frameThreads
            case .slices: min(Processors.threads, Processors.frameThreads)
            }
        }
    }

    private let context: UnsafeMutablePointer<AVCodecContext>
    /// Gives frames their times where packets have decode times only.
    private var order: DisplayOrder?

    /// A decoder for a stream of a container.
    ///
    /// - Throws: ``AVError`` where there is no decoder, or it refuses the stream.
    public init(_ demuxer: Demuxer, stream index: Int, threading: Threading = .frames) throws(AVError) {
        let description = demuxer.streams[index]
        let operation = "decode \(description.codec)"
        guard let parameters = demuxer.parameters(of: index),
            let codec = AllowedMedia.decoder(of: parameters.pointee.codec_id, withAlpha: description.hasAlpha)
        else { throw AVError(cav_error_decoder_not_found, operation) }
        context = try AVError.check(avcodec_alloc_context3(codec), operation)
        timeBase = description.timeBase
        frameRate = Fraction(demuxer.frameRate(of: index))
        order = demuxer.displayOrder(of: index)
        context.pointee.pkt_timebase = timeBase.rational
        context.pointee.thread_count = Int32(threading.threads)
        context.pointee.thread_type = threading == .slices ? FF_THREAD_SLICE : FF_THREAD_FRAME | FF_THREAD_SLICE
        context.pointee.max_pixels = Int64(demuxer.allowance.pictureArea)
        // Every property has its value by now: where this throws, deinit frees the context.
        try AVError.check(avcodec_parameters_to_context(context, parameters), operation)
        try AVError.check(avcodec_open2(context, codec, nil), operation)
    }

    deinit {
        var pointer: UnsafeMutablePointer<AVCodecContext>? = context
        avcodec_free_context(&pointer)
    }

    /// Whether frames that no other frame needs are left out undecoded.
    public var skipsUnreferenced: Bool {
        get { context.pointee.skip_frame == AVDISCARD_NONREF }
        set { context.pointee.skip_frame = newValue ? AVDISCARD_NONREF : AVDISCARD_DEFAULT }
    }

    /// Forgets all that it was given: the next packet may be from anywhere in the stream.
    public func flush() {
        avcodec_flush_buffers(context)
        order?.clear()
    }

    /// Takes a packet, or nil at the end of the stream; call ``receive()`` until it gives nothing before the next.
    ///
    /// - Throws: ``AVError``, `isInvalidData` for a damaged packet; the next one may be whole again.
    public func send(_ packet: Packet?) throws(AVError) {
        if order != nil, let time = packet?.pts { order?.send(time) }
        let result = avcodec_send_packet(context, packet?.pointer)
        // The end, sent twice.
        if packet == nil, result == cav_error_eof { return }
        try AVError.check(result, "decode")
    }

    /// The next frame that is ready, with its best time, or nil where there is none.
    ///
    /// - Throws: ``AVError``.
    public func receive() throws(AVError) -> Frame? {
        let frame = try Frame()
        let result = avcodec_receive_frame(context, frame.pointer)
        if result == cav_error(EAGAIN) || result == cav_error_eof { return nil }
        try AVError.check(result, "decode")
        guard order != nil else {
            frame.pointer.pointee.pts = frame.pointer.pointee.best_effort_timestamp
            return frame
        }
        frame.pts = order?.time(own: frame.pts, isKey: cav_frame_is_key(frame.pointer) != 0)
        return frame
    }
}
