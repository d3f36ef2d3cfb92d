import CLibAV
import Glibc

/// Puts encoded streams together into a file.
///
/// Sendable because its one user, `OutputTask`, keeps it in a `Mutex` and calls it under that lock only.
public final class Muxer: @unchecked Sendable {
    private let context: UnsafeMutablePointer<AVFormatContext>
    private let bytes: OutputBytes
    private var timeBases: [Fraction] = []

    /// Creates a muxer that writes to an open, empty file.
    ///
    /// - Parameters:
    ///   - descriptor: the file, open for reading and writing; the muxer closes it, also if this throws.
    ///   - format: the container, by libavformat's name.
    /// - Throws: ``AVError``.
    public init(descriptor: Int32, format: String) throws(AVError) {
        bytes = try OutputBytes(descriptor)
        var pointer: UnsafeMutablePointer<AVFormatContext>?
        try AVError.check(avformat_alloc_output_context2(&pointer, nil, format, nil), "make the \(format) output")
        context = try AVError.check(pointer, "make the \(format) output")
        OutputBytes.attach(bytes, to: context)
    }

    /// Creates a muxer that writes to a file of a name; what was there is lost.
    ///
    /// - Throws: ``AVError``.
    public convenience init(path: String, format: String) throws(AVError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        try AVError.check(descriptor >= 0 ? 0 : cav_error(errno), "open the output")
        try self.init(descriptor: descriptor, format: format)
    }

    deinit { avformat_free_context(context) }

    /// Adds a stream for an encoder's packets and returns its index.
    ///
    /// - Throws: ``AVError``.
    public func addStream(_ encoder: Encoder) throws(AVError) -> Int {
        let stream = try AVError.check(avformat_new_stream(context, nil), "add a stream")
        try AVError.check(
            avcodec_parameters_from_context(stream.pointee.codecpar, encoder.context), "add a stream")
        stream.pointee.time_base = encoder.timeBase.rational
        if encoder.context.pointee.codec_type == AVMEDIA_TYPE_VIDEO {
            stream.pointee.avg_frame_rate = encoder.context.pointee.framerate
            stream.pointee.sample_aspect_ratio = encoder.context.pointee.sample_aspect_ratio
        }
        timeBases.append(encoder.timeBase)
        return Int(stream.pointee.index)
    }

    /// Adds a stream for packets that are passed on from another container, and returns its index.
    ///
    /// - Parameter frameRate: the picture's, constant: its inverse is the unit of the packets' times.
    /// - Throws: ``AVError``.
    public func addStream(_ parameters: StreamParameters, frameRate: Fraction) throws(AVError) -> Int {
        let stream = try AVError.check(avformat_new_stream(context, nil), "add a stream")
        try AVError.check(avcodec_parameters_copy(stream.pointee.codecpar, parameters.pointer), "add a stream")
        let timeBase = Fraction(frameRate.denominator, frameRate.numerator)
        stream.pointee.time_base = timeBase.rational
        stream.pointee.avg_frame_rate = frameRate.rational
        stream.pointee.sample_aspect_ratio = parameters.pointer.pointee.sample_aspect_ratio
        timeBases.append(timeBase)
        return Int(stream.pointee.index)
    }

    /// Writes the header; no stream can be added any more.
    ///
    /// - Parameter options: the container's own options.
    /// - Throws: ``AVError``.
    public func begin(options: [String: String]) throws(AVError) {
        var dictionary: OpaquePointer?
        defer { av_dict_free(&dictionary) }
        for (key, value) in options { av_dict_set(&dictionary, key, value, 0) }
        try AVError.check(avformat_write_header(context, &dictionary), "write the output's header")
    }

    /// How many bytes the file has so far.
    public var bytesWritten: Int64 { context.pointee.pb.map { avio_seek($0, 0, SEEK_CUR) } ?? 0 }

    /// Writes a packet, in the order of time over all streams.
    ///
    /// - Throws: ``AVError``.
    public func write(_ packet: Packet, to stream: Int) throws(AVError) {
        guard let target = context.pointee.streams[stream] else { return }
        packet.pointer.pointee.stream_index = Int32(stream)
        av_packet_rescale_ts(packet.pointer, timeBases[stream].rational, target.pointee.time_base)
        try AVError.check(av_interleaved_write_frame(context, packet.pointer), "write the output")
    }

    /// Writes what is left and the index, and closes the file.
    ///
    /// - Throws: ``AVError``.
    public func finish() throws(AVError) {
        try AVError.check(av_write_trailer(context), "finish the output")
        context.pointee.pb = nil
        try bytes.close()
    }
}
