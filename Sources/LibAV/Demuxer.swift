import CLibAV

/// Takes a container apart into packets.
///
/// Used from one thread at a time. The container's kind is told from its bytes, never from a name, and nothing that the
/// file names is opened: libav sees no protocol, only the ``ByteSource``.
public final class Demuxer {
    /// The streams, in the container's order.
    public let streams: [StreamDescription]
    /// The container's kind, by libavformat's names: `mov,mp4,m4a,3gp,3g2,mj2`.
    public let format: String
    /// Its earliest time, in microseconds; times count from here.
    public let start: Int64
    /// How long the container says it is, in microseconds.
    public let duration: Int64?

    private let reader: ByteReader
    private let context: UnsafeMutablePointer<AVFormatContext>

    /// The containers that are opened, by libavformat's names. Playlists and anything that leads elsewhere are not among
    /// them.
    private static let formats = [
        "mov", "matroska", "webm", "avi", "mpegts", "mpeg", "flv", "png_pipe", "jpeg_pipe", "webp_pipe",
    ]

    /// Opens a container and looks far enough into it to know its streams.
    ///
    /// - Throws: ``AVError``, `isInvalidData` where it is no container that can be read.
    public init(_ source: any ByteSource, cancellation: CancellationFlag) throws(AVError) {
        reader = try ByteReader(source, cancellation)
        let opened = try AVError.check(avformat_alloc_context(), "allocate the input")
        opened.pointee.pb = reader.context
        opened.pointee.interrupt_callback.callback = { opaque in
            guard let opaque else { return 0 }
            return Unmanaged<CancellationFlag>.fromOpaque(opaque).takeUnretainedValue().isCancelled ? 1 : 0
        }
        opened.pointee.interrupt_callback.opaque = Unmanaged.passUnretained(cancellation).toOpaque()
        self.cancellation = cancellation

        var options: OpaquePointer?
        defer { av_dict_free(&options) }
        av_dict_set(&options, "format_whitelist", Self.formats.joined(separator: ","), 0)
        av_dict_set(&options, "protocol_whitelist", "", 0)
        var pointer: UnsafeMutablePointer<AVFormatContext>? = opened
        // On failure libav frees the context itself.
        try AVError.check(avformat_open_input(&pointer, nil, nil, &options), "open the input")
        context = try AVError.check(pointer, "open the input")
        let result = avformat_find_stream_info(context, nil)
        guard result >= 0 else {
            avformat_close_input(&pointer)
            throw AVError(result, "read the input's streams")
        }
        let it = context.pointee
        streams = (0..<Int(it.nb_streams)).compactMap { index in it.streams[index].map { StreamDescription($0) } }
        format = String(cString: it.iformat.pointee.name)
        start = it.start_time == cav_no_pts ? 0 : it.start_time
        duration = it.duration > 0 ? it.duration : nil
    }

    private let cancellation: CancellationFlag

    deinit {
        var pointer: UnsafeMutablePointer<AVFormatContext>? = context
        avformat_close_input(&pointer)
    }

    /// Reads packets of these streams only; the others are skipped before they are parsed.
    public func select(_ indices: Set<Int>) {
        for index in streams.indices {
            context.pointee.streams[index]?.pointee.discard =
                indices.contains(index) ? AVDISCARD_DEFAULT : AVDISCARD_ALL
        }
    }

    /// The next packet of a selected stream, its times counted from the container's start, or nil at the end.
    ///
    /// - Throws: ``AVError``.
    public func next() throws(AVError) -> Packet? {
        let packet = try Packet()
        let result = av_read_frame(context, packet.pointer)
        if result == cav_error_eof { return nil }
        try AVError.check(result, "read the input")
        let offset = Fraction.microseconds.rescale(start, to: streams[packet.stream].timeBase)
        // Wrapping: a file may claim any time, and none may end the process.
        if packet.pointer.pointee.pts != cav_no_pts { packet.pointer.pointee.pts &-= offset }
        if packet.pointer.pointee.dts != cav_no_pts { packet.pointer.pointee.dts &-= offset }
        return packet
    }

    /// How many bytes have been read of the source.
    public var bytesRead: Int64 { reader.bytesRead }

    /// What kept the source from being read, where that is why ``next()`` failed.
    public var sourceFailure: ByteSourceError? { reader.failure }

    /// What a decoder of a stream needs to know.
    func parameters(of stream: Int) -> UnsafePointer<AVCodecParameters>? {
        context.pointee.streams[stream].map { UnsafePointer($0.pointee.codecpar) }
    }

    /// The frame rate that libav thinks a stream has.
    func frameRate(of stream: Int) -> AVRational {
        av_guess_frame_rate(context, context.pointee.streams[stream], nil)
    }
}
