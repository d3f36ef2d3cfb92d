import CLibAV

/// A configured libavfilter graph: frames go in where it asks for them and come out as they are ready.
///
/// Used from one thread at a time.
public final class FilterGraphInstance {
    /// A stream that is fed into the graph.
    public struct Input {
        /// The link's label in the graph's text.
        public var label: String
        /// The stream's first frame, which tells size and format.
        public var first: Frame
        /// The unit of the frames' times.
        public var timeBase: Fraction
        /// Frames a second; 0/1 where unknown, and for audio.
        public var frameRate: Fraction
        /// The shape of a pixel; 0/1 where unknown, and for audio.
        public var sampleAspect: Fraction

        /// A stream by the label that the graph's text gives it.
        public init(label: String, first: Frame, timeBase: Fraction, frameRate: Fraction, sampleAspect: Fraction) {
            self.label = label
            self.first = first
            self.timeBase = timeBase
            self.frameRate = frameRate
            self.sampleAspect = sampleAspect
        }
    }

    /// A stream that leaves the graph.
    public struct Output: Sendable {
        /// The link's label in the graph's text.
        public var label: String
        /// Whether it is video; else audio.
        public var isVideo: Bool

        /// A stream by the label that the graph's text gives it.
        public init(label: String, isVideo: Bool) {
            self.label = label
            self.isVideo = isVideo
        }
    }

    /// What the graph does next.
    public enum Event {
        /// A frame left the graph at an output.
        case frame(Frame, output: Int)
        /// It can do nothing before an input gets a frame.
        case wants(input: Int)
        /// All outputs have ended.
        case ended
    }

    private let graph: UnsafeMutablePointer<AVFilterGraph>
    private var sources: [UnsafeMutablePointer<AVFilterContext>] = []
    private var sinks: [UnsafeMutablePointer<AVFilterContext>] = []
    private var closed: Set<Int> = []

    /// Builds and configures a graph.
    ///
    /// - Parameters:
    ///   - text: the graph in libavfilter's syntax, its open links labelled.
    ///   - threads: how many threads filters may use.
    /// - Throws: ``AVError`` where libavfilter refuses the text or cannot agree on formats.
    public init(text: String, inputs: [Input], outputs: [Output], threads: Int = Processors.threads) throws(AVError) {
        graph = try AVError.check(avfilter_graph_alloc(), "allocate the filter graph")
        graph.pointee.nb_threads = Int32(threads)
        graph.pointee.scale_sws_opts = av_strdup("flags=bicubic")
        // Every property has its value by now: where this throws, deinit frees the graph.
        try configure(text, inputs, outputs)
    }

    deinit {
        var pointer: UnsafeMutablePointer<AVFilterGraph>? = graph
        avfilter_graph_free(&pointer)
    }

    private func configure(_ text: String, _ inputs: [Input], _ outputs: [Output]) throws(AVError) {
        var openInputs: UnsafeMutablePointer<AVFilterInOut>?
        var openOutputs: UnsafeMutablePointer<AVFilterInOut>?
        defer {
            avfilter_inout_free(&openInputs)
            avfilter_inout_free(&openOutputs)
        }
        try AVError.check(avfilter_graph_parse2(graph, text, &openInputs, &openOutputs), "build the filter graph")
        for (index, input) in inputs.enumerated() {
            let source = try makeSource(input, index)
            let open = try find(input.label, in: openInputs)
            try AVError.check(
                avfilter_link(source, 0, open.pointee.filter_ctx, UInt32(open.pointee.pad_idx)), "link \(input.label)")
            sources.append(source)
        }
        for (index, output) in outputs.enumerated() {
            let open = try find(output.label, in: openOutputs)
            let sink = try make(output.isVideo ? "buffersink" : "abuffersink", "out\(index)")
            try AVError.check(avfilter_init_str(sink, nil), "make an output")
            try AVError.check(
                avfilter_link(open.pointee.filter_ctx, UInt32(open.pointee.pad_idx), sink, 0), "link \(output.label)")
            sinks.append(sink)
        }
        try AVError.check(avfilter_graph_config(graph, nil), "configure the filter graph")
    }

    /// The names of the filters that libavfilter reads in a text, in their order; nothing is configured.
    ///
    /// - Throws: ``AVError`` where it refuses the text.
    public static func filters(of text: String) throws(AVError) -> [String] {
        var graph: UnsafeMutablePointer<AVFilterGraph>? = try AVError.check(
            avfilter_graph_alloc(), "allocate the filter graph")
        var openInputs: UnsafeMutablePointer<AVFilterInOut>?
        var openOutputs: UnsafeMutablePointer<AVFilterInOut>?
        defer {
            avfilter_inout_free(&openInputs)
            avfilter_inout_free(&openOutputs)
            avfilter_graph_free(&graph)
        }
        try AVError.check(avfilter_graph_parse2(graph, text, &openInputs, &openOutputs), "build the filter graph")
        guard let graph else { return [] }
        return (0..<Int(graph.pointee.nb_filters)).compactMap { index in
            graph.pointee.filters[index].map { String(cString: $0.pointee.filter.pointee.name) }
        }
    }

    private func make(_ filter: String, _ name: String) throws(AVError) -> UnsafeMutablePointer<AVFilterContext> {
        try AVError.check(avfilter_graph_alloc_filter(graph, avfilter_get_by_name(filter), name), "make \(filter)")
    }

    private func makeSource(
        _ input: Input, _ index: Int
    ) throws(AVError) -> UnsafeMutablePointer<AVFilterContext> {
        let frame = input.first.pointer.pointee
        let source = try make(frame.width > 0 ? "buffer" : "abuffer", "in\(index)")
        let parameters = try AVError.check(av_buffersrc_parameters_alloc(), "describe an input")
        defer { av_free(parameters) }
        parameters.pointee.format = frame.format
        parameters.pointee.time_base = input.timeBase.rational
        parameters.pointee.width = frame.width
        parameters.pointee.height = frame.height
        parameters.pointee.sample_aspect_ratio = input.sampleAspect.rational
        parameters.pointee.frame_rate = input.frameRate.rational
        parameters.pointee.sample_rate = frame.sample_rate
        cav_buffersrc_set_colour(parameters, input.first.pointer)
        if frame.width == 0 {
            // A layout without an order (raw PCM) becomes the usual one for its number of channels.
            if frame.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC {
                av_channel_layout_default(&parameters.pointee.ch_layout, frame.ch_layout.nb_channels)
            } else {
                try AVError.check(
                    av_channel_layout_copy(&parameters.pointee.ch_layout, &input.first.pointer.pointee.ch_layout),
                    "describe an input")
            }
        }
        defer { av_channel_layout_uninit(&parameters.pointee.ch_layout) }
        try AVError.check(av_buffersrc_parameters_set(source, parameters), "describe an input")
        try AVError.check(avfilter_init_str(source, nil), "make an input")
        return source
    }

    private func find(
        _ label: String, in list: UnsafeMutablePointer<AVFilterInOut>?
    ) throws(AVError) -> UnsafeMutablePointer<AVFilterInOut> {
        var item = list
        while let it = item {
            if it.pointee.name.map({ String(cString: $0) }) == label { return it }
            item = it.pointee.next
        }
        throw AVError(cav_error(EINVAL), "find the link \(label) in the filter graph")
    }

    /// Gives a frame to an input; the frame is the graph's then, and empty.
    ///
    /// - Returns: whether the input takes more.
    /// - Throws: ``AVError``.
    public func push(_ frame: Frame, to input: Int) throws(AVError) -> Bool {
        let result = av_buffersrc_add_frame_flags(sources[input], frame.pointer, 0)
        if result == cav_error_eof {
            closed.insert(input)
            return false
        }
        try AVError.check(result, "filter")
        return true
    }

    /// Says that an input has ended.
    ///
    /// - Parameter end: when its last frame ceases to be shown, in units of the input's time base.
    /// - Throws: ``AVError``.
    public func close(_ input: Int, at end: Int64) throws(AVError) {
        closed.insert(input)
        try AVError.check(av_buffersrc_close(sources[input], end, UInt32(AV_BUFFERSRC_FLAG_PUSH)), "filter")
    }

    /// Runs the graph until a frame comes out, or it needs one.
    ///
    /// - Throws: ``AVError``.
    public func next() throws(AVError) -> Event {
        if let event = try ready() { return event }
        let result = avfilter_graph_request_oldest(graph)
        if result == cav_error_eof { return try ready() ?? .ended }
        if result != cav_error(EAGAIN) {
            try AVError.check(result, "filter")
            if let event = try ready() { return event }
        }
        return hungriest.map { .wants(input: $0) } ?? .ended
    }

    /// The unit of the times of the frames that leave at an output.
    public func timeBase(ofOutput output: Int) -> Fraction { Fraction(av_buffersink_get_time_base(sinks[output])) }

    /// The size of the pictures that leave at an output.
    public func size(ofOutput output: Int) -> (width: Int, height: Int) {
        (Int(av_buffersink_get_w(sinks[output])), Int(av_buffersink_get_h(sinks[output])))
    }

    /// Makes an audio output give frames of exactly so many samples, as an encoder wants them.
    public func setFrameSize(_ samples: Int, ofOutput output: Int) {
        av_buffersink_set_frame_size(sinks[output], UInt32(samples))
    }

    /// A link as libavfilter configured it.
    public struct Link: Sendable {
        /// The name of the filter that it leaves: `Parsed_NAME_N` for the Nth filter of the text, `auto_NAME_N` for one that
        /// libavfilter put in, `inN` and `outN` for inputs and outputs.
        public var from: String
        /// The name of the filter that it reaches.
        public var to: String
        /// Whether it carries video; else audio.
        public var isVideo: Bool
        /// The pixel or sample format, by libavutil's name.
        public var format: String
        /// The picture's size; 0 for audio.
        public var size: (width: Int, height: Int)
        /// The shape of a pixel; 0/1 where unknown, and for audio.
        public var sampleAspect: Fraction
        /// Frames a second; 0/1 where it is not constant or not told, and for audio.
        public var frameRate: Fraction
        /// Samples a second; 0 for video.
        public var sampleRate: Int
        /// The channel layout, by libavutil's name; empty for video.
        public var channelLayout: String
        /// The unit of its times.
        public var timeBase: Fraction
    }

    /// All links, in the order of the filters that they leave.
    public var links: [Link] {
        (0..<Int(graph.pointee.nb_filters)).flatMap { index -> [Link] in
            guard let filter = graph.pointee.filters[index] else { return [] }
            return (0..<Int(filter.pointee.nb_outputs)).compactMap { pad in
                filter.pointee.outputs[pad].flatMap { Link($0) }
            }
        }
    }

    private func ready() throws(AVError) -> Event? {
        for (output, sink) in sinks.enumerated() {
            let frame = try Frame()
            let result = av_buffersink_get_frame_flags(sink, frame.pointer, Int32(AV_BUFFERSINK_FLAG_NO_REQUEST))
            if result >= 0 { return .frame(frame, output: output) }
            if result != cav_error(EAGAIN), result != cav_error_eof { throw AVError(result, "filter") }
        }
        return nil
    }

    /// The open input that the graph asked in vain most often since it last got a frame.
    private var hungriest: Int? {
        sources.indices.filter { !closed.contains($0) }
            .max { av_buffersrc_get_nb_failed_requests(sources[$0]) < av_buffersrc_get_nb_failed_requests(sources[$1]) }
    }
}

extension FilterGraphInstance.Link {
    fileprivate init?(_ link: UnsafeMutablePointer<AVFilterLink>) {
        // Field by field: libavfilter allocates less than the header's structure, which ends in reserved bytes.
        guard let from = link.pointee.src.pointee.name, let to = link.pointee.dst.pointee.name else { return nil }
        let isVideo = link.pointee.type == AVMEDIA_TYPE_VIDEO
        let name =
            isVideo
            ? av_get_pix_fmt_name(AVPixelFormat(link.pointee.format))
            : av_get_sample_fmt_name(AVSampleFormat(link.pointee.format))
        var layout = ""
        if !isVideo {
            var text = [CChar](repeating: 0, count: 128)
            let count = av_channel_layout_describe(&link.pointee.ch_layout, &text, text.count)
            if count > 0 {
                layout = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            }
        }
        self.init(
            from: String(cString: from), to: String(cString: to), isVideo: isVideo,
            format: name.map { String(cString: $0) } ?? "unknown",
            size: isVideo ? (Int(link.pointee.w), Int(link.pointee.h)) : (0, 0),
            sampleAspect: isVideo ? Fraction(link.pointee.sample_aspect_ratio) : Fraction(0, 1),
            frameRate: isVideo ? Fraction(cav_link_frame_rate(link)) : Fraction(0, 1),
            sampleRate: isVideo ? 0 : Int(link.pointee.sample_rate), channelLayout: layout,
            timeBase: Fraction(link.pointee.time_base))
    }
}
