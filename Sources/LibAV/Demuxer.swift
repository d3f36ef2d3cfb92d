import CLibAV

/// Takes a container apart into packets.
///
/// Used from one thread at a time. The container's kind is told from its bytes, never from a name, and nothing that the
/// file names is opened: libav sees no protocol, only the ``ByteSource``.
public final class Demuxer {
    /// What opening a container may take.
    public struct Allowance: Hashable, Sendable {
        /// The most streams that it may have.
        public var streams: Int
        /// The most bytes that are read before its streams are known; nil for any number.
        public var bytes: Int64?
        /// The most pixels that a picture may have.
        public var pictureArea: Int

        /// An allowance; the defaults are for files that are trusted.
        public init(streams: Int = 1000, bytes: Int64? = nil, pictureArea: Int = Int(Int32.max)) {
            self.streams = streams
            self.bytes = bytes
            self.pictureArea = pictureArea
        }
    }

    /// The streams, in the container's order.
    public let streams: [StreamDescription]
    /// The container's kind, by libavformat's names: `mov,mp4,m4a,3gp,3g2,mj2`.
    public let format: String
    /// How long the container says it is, in microseconds.
    public let duration: Int64?
    /// Whether all that is known was found in the container's headers and lists, and no frame was looked into.
    public let isListed: Bool
    /// The moment of the container that is time 0 of the packets' times, in microseconds.
    public var origin: Int64 = 0

    let allowance: Allowance

    private var timings: [Int: DecodeTiming]
    /// Whether the container can have edit lists.
    private let isEditable: Bool
    private var continuity = Continuity()
    private var keyDelays: [Int: Int64] = [:]
    private let reader: ByteReader
    private let context: UnsafeMutablePointer<AVFormatContext>
    private var cancellation: CancellationFlag

    /// How far it is looked into a file to know its streams.
    public enum Depth: Sendable {
        /// Into the first frames: all is known that ``streams`` can tell.
        case frames
        /// No further than a container's own lists where they are complete (MP4), for one who then decodes the first frames
        /// anyway; else as far as ``frames``.
        case lists
        /// No further than the streams' headers where the container has them (MP4), for a file that was opened before.
        case headers
    }

    /// Opens a container and looks far enough into it to know its streams.
    ///
    /// - Parameter depth: how far it looks.
    /// - Throws: ``OpenError``.
    public init(
        _ source: any ByteSource, allowing allowance: Allowance = Allowance(), depth: Depth = .frames,
        cancellation: CancellationFlag
    ) throws(OpenError) {
        let reader: ByteReader
        let opened: UnsafeMutablePointer<AVFormatContext>
        do throws(AVError) {
            reader = try ByteReader(source, cancellation)
            opened = try AVError.check(avformat_alloc_context(), "allocate the input")
        } catch {
            throw .unreadable(error)
        }
        reader.allowance = allowance.bytes
        self.reader = reader
        self.allowance = allowance
        self.cancellation = cancellation
        opened.pointee.pb = reader.context
        opened.pointee.interrupt_callback.callback = { opaque in
            guard let opaque else { return 0 }
            return Unmanaged<CancellationFlag>.fromOpaque(opaque).takeUnretainedValue().isCancelled ? 1 : 0
        }
        opened.pointee.interrupt_callback.opaque = Unmanaged.passUnretained(cancellation).toOpaque()
        cav_forbid_opening(opened)

        var options: OpaquePointer?
        defer { av_dict_free(&options) }
        av_dict_set(
            &options, "format_whitelist", (AllowedMedia.containers + AllowedMedia.images).joined(separator: ","), 0)
        av_dict_set(&options, "codec_whitelist", AllowedMedia.decoderList, 0)
        av_dict_set(&options, "protocol_whitelist", "", 0)
        // libav takes a file with more for one that it has no memory for; up to here the reason can be told.
        av_dict_set_int(&options, "max_streams", Int64(max(1000, allowance.streams + 1)), 0)
        var pointer: UnsafeMutablePointer<AVFormatContext>? = opened
        // On failure libav frees the context itself.
        let result = avformat_open_input(&pointer, nil, Self.transportStream(source, cancellation), &options)
        guard result >= 0, let opened = pointer else {
            throw Self.failure(reader, result, "open the input")
        }
        // Whoever throws from here on has to close the input: the context is not this object's yet.
        guard opened.pointee.nb_streams <= allowance.streams else {
            avformat_close_input(&pointer)
            throw .tooManyStreams
        }
        let isEnough: Bool =
            switch depth {
            case .frames: false
            case .lists: Self.hasHeaders(opened) && Self.isListed(opened, size: source.size)
            case .headers: Self.hasHeaders(opened)
            }
        let found = isEnough ? 0 : Self.findStreams(opened, allowance)
        guard found >= 0, !reader.isOverdrawn, opened.pointee.nb_streams <= allowance.streams else {
            let isCrowded = opened.pointee.nb_streams > allowance.streams
            avformat_close_input(&pointer)
            throw isCrowded ? .tooManyStreams : Self.failure(reader, found, "read the input's streams")
        }
        context = opened
        isListed = isEnough
        let it = opened.pointee
        let format = String(cString: it.iformat.pointee.name)
        self.format = format
        isEditable = format.hasPrefix("mov")
        var streams = (0..<Int(it.nb_streams)).compactMap { index in it.streams[index].map { StreamDescription($0) } }
        if isEditable, Self.needsHandlers(streams) {
            let handlers = TrackHandlers.read(source, cancellation: cancellation)
            for index in streams.indices where streams[index].isVideo {
                guard let number = it.streams[index]?.pointee.id else { continue }
                streams[index].isAuxiliary = handlers[UInt32(truncatingIfNeeded: number)] == "auxv"
            }
        }
        self.streams = streams
        let hasSound = streams.contains { if case .audio = $0.content { true } else { false } }
        var timings: [Int: DecodeTiming] = [:]
        for index in 0..<Int(it.nb_streams) {
            timings[index] = it.streams[index].flatMap { DecodeTiming($0, container: format, hasSound: hasSound) }
        }
        self.timings = timings
        // Where the container says nothing, libav guesses from the bit rate or the last time stamp.
        duration =
            it.duration > 0 && it.duration_estimation_method == AVFMT_DURATION_FROM_STREAM ? it.duration : nil
    }

    /// True if the handlers are needed to tell the video: there are several pictures, or one under 64 pixels. Reading handlers costs
    /// requests where the source is distant.
    private static func needsHandlers(_ streams: [StreamDescription]) -> Bool {
        let pictures = streams.compactMap { stream in
            if case .video(let facts) = stream.content, !facts.isAttachedPicture { facts } else { nil }
        }
        return pictures.count > 1 || pictures.contains { max($0.width, $0.height) < 64 }
    }

    /// Returns libavformat's demuxer for a transport stream of a few packets, which libavformat would take for the elementary stream
    /// in it; nil for other files.
    private static func transportStream(
        _ source: any ByteSource, _ cancellation: CancellationFlag
    ) -> UnsafePointer<AVInputFormat>? {
        guard let size = source.size, size < 1 << 16 else { return nil }
        let length = 188  // ISO/IEC 13818-1, section 2.4.3.2; each packet begins with 0x47.
        var head = [UInt8](repeating: 0, count: 8 * length)
        var span = head.mutableSpan
        var bytes = span.mutableBytes
        guard let count = try? source.read(at: 0, into: &bytes, cancellation: cancellation), count >= 3 * length,
            stride(from: 0, to: count, by: length).allSatisfy({ head[$0] == 0x47 })
        else { return nil }
        return UnsafePointer(av_find_input_format("mpegts"))
    }

    /// Whether the container has said of all its streams what their decoders must know (MP4), and nothing need be decoded to
    /// find out.
    private static func hasHeaders(_ context: UnsafeMutablePointer<AVFormatContext>) -> Bool {
        guard String(cString: context.pointee.iformat.pointee.name).hasPrefix("mov") else { return false }
        return (0..<Int(context.pointee.nb_streams)).allSatisfy { index in
            guard let parameters = context.pointee.streams[index]?.pointee.codecpar.pointee else { return false }
            switch parameters.codec_type {
            case AVMEDIA_TYPE_VIDEO: return parameters.codec_id != AV_CODEC_ID_NONE && parameters.extradata_size > 0
            case AVMEDIA_TYPE_AUDIO: return parameters.codec_id != AV_CODEC_ID_NONE && parameters.sample_rate > 0
            default: return true
            }
        }
    }

    /// Whether the container lists the packets of all streams up to its own end, and all of them are in the file. A fragmented
    /// one lists a part at a time, and says nothing of its length or that of the whole.
    private static func isListed(_ context: UnsafeMutablePointer<AVFormatContext>, size: Int64?) -> Bool {
        var longest: Int64 = 0
        for index in 0..<Int(context.pointee.nb_streams) {
            guard let size, let stream = context.pointee.streams[index], let list = SampleIndex(stream),
                list.times.count > 1, list.end <= size
            else { return false }
            // The last packet may be longer than most.
            let length = list.length &+ list.interval
            longest = max(longest, Fraction(stream.pointee.time_base).rescale(length, to: .microseconds))
        }
        return context.pointee.duration > 0 && longest >= context.pointee.duration
    }

    private static func findStreams(_ context: UnsafeMutablePointer<AVFormatContext>, _ allowance: Allowance) -> Int32 {
        // libav decodes a little of some streams here: with the same bounds as later.
        let count = Int(context.pointee.nb_streams)
        var options: [OpaquePointer?] = Array(repeating: nil, count: max(1, count))
        for index in 0..<count {
            av_dict_set_int(&options[index], "max_pixels", Int64(allowance.pictureArea), 0)
            av_dict_set_int(&options[index], "threads", 1, 0)
        }
        defer { for index in options.indices { av_dict_free(&options[index]) } }
        return options.withUnsafeMutableBufferPointer { avformat_find_stream_info(context, $0.baseAddress) }
    }

    private static func failure(_ reader: ByteReader, _ code: Int32, _ operation: String) -> OpenError {
        if let failure = reader.failure { return .source(failure) }
        return reader.isOverdrawn ? .tooMuchToRead : .unreadable(AVError(code, operation))
    }

    deinit {
        var pointer: UnsafeMutablePointer<AVFormatContext>? = context
        avformat_close_input(&pointer)
    }

    /// Gives up, from now on, when this flag is raised, and not the one that it was opened with.
    public func obey(_ cancellation: CancellationFlag) {
        self.cancellation = cancellation
        reader.cancellation = cancellation
        context.pointee.interrupt_callback.opaque = Unmanaged.passUnretained(cancellation).toOpaque()
    }

    /// Whether it is a still picture, not a container of moving ones.
    public var isStill: Bool { AllowedMedia.images.contains(format) }

    /// Takes the bound off what may be read: the streams are known.
    public func liftAllowance() { reader.allowance = nil }

    /// Whether the bytes that were allowed are used up.
    public var isOverdrawn: Bool { reader.isOverdrawn }

    /// Reads packets of these streams only; the others are skipped before they are parsed.
    public func select(_ indices: Set<Int>) {
        for index in streams.indices {
            context.pointee.streams[index]?.pointee.discard =
                indices.contains(index) ? AVDISCARD_DEFAULT : AVDISCARD_ALL
        }
    }

    /// Goes to the last point at or before a moment from which a stream can be decoded.
    ///
    /// - Parameter time: in microseconds from ``origin``.
    /// - Throws: ``AVError`` where the container cannot be searched.
    public func seek(to time: Int64, stream: Int) throws(AVError) {
        let timestamp =
            Fraction.microseconds.rescale(time &+ origin, to: streams[stream].timeBase)
            &- correction(of: stream)
        try AVError.check(
            av_seek_frame(context, Int32(stream), timestamp, AVSEEK_FLAG_BACKWARD), "search the input")
        for index in timings.keys { timings[index]?.seek() }
    }

    /// The next packet of a selected stream, its times counted from ``origin``, or nil at the end.
    ///
    /// - Throws: ``AVError``.
    public func next() throws(AVError) -> Packet? {
        while true {
            let packet = try Packet()
            let result = av_read_frame(context, packet.pointer)
            if result == cav_error_eof { return nil }
            try AVError.check(result, "read the input")
            // A transport stream may begin new streams at any time; nobody has asked for those.
            guard streams.indices.contains(packet.stream) else { continue }
            let offset = Fraction.microseconds.rescale(
                origin &- shift(of: packet) &+ codecDelay(of: packet.stream), to: streams[packet.stream].timeBase)
            if packet.isKey, let shown = packet.pts, let decoded = packet.dts {
                keyDelays[packet.stream] = shown &- decoded
            }
            if let time = timings[packet.stream]?.time(ofNext: packet.dts) {
                packet.dts = time
                packet.pointer.pointee.pts = time
            }
            // An edit begins at 0. Frames before it are decoded for reference and not shown; libavformat does not mark them all if
            // no key frame precedes the edit.
            if isEditable, let shown = packet.pts, shown < 0, streams[packet.stream].isVideo { packet.hide() }
            // Wrapping: a file may claim any time, and none may end the process.
            if packet.pointer.pointee.pts != cav_no_pts { packet.pointer.pointee.pts &-= offset }
            if packet.pointer.pointee.dts != cav_no_pts { packet.pointer.pointee.dts &-= offset }
            return packet
        }
    }

    /// What a container that may start its clock anew needs added to a packet's times, in microseconds.
    private func shift(of packet: Packet) -> Int64 {
        guard context.pointee.iformat.pointee.flags & AVFMT_TS_DISCONT != 0, let time = packet.dts ?? packet.pts else {
            return 0
        }
        let timeBase = streams[packet.stream].timeBase
        return continuity.shift(
            stream: packet.stream, time: timeBase.rescale(time, to: .microseconds),
            duration: timeBase.rescale(packet.duration, to: .microseconds))
    }

    /// A new assigner of frame times; nil if the stream's packets have presentation times.
    func displayOrder(of stream: Int) -> DisplayOrder? { timings[stream]?.displayOrder }

    private func correction(of stream: Int) -> Int64 { timings[stream]?.correction ?? 0 }

    /// The delay of a sound that its container has no field for, in microseconds: MP3 in AVI begins with 1105 samples of the
    /// encoder's and the decoder's delay (LAME's `ENCDELAY` of 576, and 529 of any decoder).
    private func codecDelay(of stream: Int) -> Int64 {
        guard format == "avi", case .audio(let facts) = streams[stream].content, streams[stream].codec == "mp3",
            facts.sampleRate > 0
        else { return 0 }
        return 1_105_000_000 / Int64(facts.sampleRate)
    }

    /// How many bytes have been read of the source.
    public var bytesRead: Int64 { reader.bytesRead }

    /// What kept the source from being read, where that is why ``next()`` failed.
    public var sourceFailure: ByteSourceError? { reader.failure }

    /// The container's own list of a stream's packets, where it has one that is complete once it is open (MP4 that is not
    /// fragmented); nil elsewhere.
    public func index(of stream: Int) -> SampleIndex? {
        guard format.hasPrefix("mov"), let stream = context.pointee.streams[stream] else { return nil }
        return SampleIndex(stream)
    }

    /// How much later than it is decoded a frame is shown that decoding can begin with, in units of the stream's time base,
    /// where the container lists times of decoding (MP4): as of the last that was read. B frames make it a frame or two.
    private func keyDelay(of stream: Int) -> Int64 { format.hasPrefix("mov") ? keyDelays[stream] ?? 0 : 0 }

    /// The times of a stream's frames that decoding can begin with, as far as the container lists them, in microseconds from
    /// ``origin``. In MP4 they are right once a packet of such a frame was read.
    ///
    /// Some containers are asked for their list by the first ``seek(to:stream:)`` only.
    public func keyTimes(of stream: Int) -> [Int64] {
        guard let it = context.pointee.streams[stream] else { return [] }
        return (0..<avformat_index_get_entries_count(it)).compactMap { index in
            guard let entry = avformat_index_get_entry(it, index)?.pointee, entry.flags & AVINDEX_KEYFRAME != 0 else {
                return nil
            }
            let time = entry.timestamp &+ keyDelay(of: stream) &+ correction(of: stream)
            return streams[stream].timeBase.rescale(time, to: .microseconds) &- origin
        }
    }

    /// The last of ``keyTimes(of:)`` at or before a moment, both in microseconds from ``origin``; nil where none is listed.
    public func lastKeyTime(of stream: Int, before time: Int64) -> Int64? {
        guard let it = context.pointee.streams[stream] else { return nil }
        let timeBase = streams[stream].timeBase
        let delay = keyDelay(of: stream) &+ correction(of: stream)
        let moment = Fraction.microseconds.rescale(time &+ origin, to: timeBase) &- delay
        let entry = avformat_index_get_entry_from_timestamp(it, moment, AVSEEK_FLAG_BACKWARD)
        return entry.map { timeBase.rescale($0.pointee.timestamp &+ delay, to: .microseconds) &- origin }
    }

    /// What a decoder of a stream needs to know.
    func parameters(of stream: Int) -> UnsafePointer<AVCodecParameters>? {
        context.pointee.streams[stream].map { UnsafePointer($0.pointee.codecpar) }
    }

    /// The frame rate that libav thinks a stream has.
    func frameRate(of stream: Int) -> AVRational {
        av_guess_frame_rate(context, context.pointee.streams[stream], nil)
    }
}
