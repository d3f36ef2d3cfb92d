public import GraphDSL
import LibAV
import Synchronization

/// A picture of a clip or of what a pipeline makes of it, at one moment.
public struct Still: Hashable, Sendable {
    /// A JPEG file.
    public var jpeg: [UInt8]
    /// Its size.
    public var size: PictureSize
    /// The clip's time that it shows; nil where nothing of the clip is to be seen, as in a bumper.
    public var clipTime: Seconds?
}

/// Makes single pictures of what a pipeline makes of a clip, without making the video: a few frames are decoded, and one
/// goes through the filters.
public struct StillMaker: Sendable {
    /// How long the output will be, where that can be told.
    public var duration: Seconds? { plan.duration }
    /// The plan of the whole run.
    public let plan: Plan

    private let manifest: Manifest
    private let clip: String
    private let upload: MediaInfo
    private let assets: [AssetPath: MediaInfo]
    private let parameters: [String: String]
    private let runner: Runner
    private let readers = FrameReaders()
    private let parking = ReaderParking()
    private let precedence = Precedence()

    init(
        _ manifest: Manifest, clip: String, upload: MediaInfo, assets: [AssetPath: MediaInfo],
        parameters: [String: String], runner: Runner
    ) throws(RunError) {
        self.manifest = manifest
        self.clip = clip
        self.upload = upload
        self.assets = assets
        self.parameters = parameters
        self.runner = runner
        plan = try Binder.bind(
            manifest, to: upload, named: runner.inputs.name(clip), assets: assets, parameters: parameters,
            limits: runner.limits)
    }

    /// Keeps readers standing in the clip where its key frames are far apart, so that every picture is near, until the task
    /// is cancelled. For a preview that goes on for long; they take up to ``nearMemory``, some 40 MB each for 1080p.
    public func keepNear() async {
        guard let duration = upload.duration, let input = plan.inputs.first,
            let stream = input.streams.first(where: { $0.kind == .video })
        else { return }
        let scout = makeReader(of: stream, in: input)
        guard let keys = try? await runner.blocking({ _ throws(RunError) in try scout.keyFrames() }), !keys.isEmpty
        else {
            return
        }
        parking.note(keys: keys)
        let most = ReaderParking.most(frameBytes: stream.frameBytes)
        let homes = ReaderParking.homes(
            between: keys, and: duration, in: shownRange(of: duration), most: most)
        for home in homes where !Task.isCancelled {
            let reader = makeReader(of: stream, in: input)
            let stands = try? await runner.blocking { cancellation throws(RunError) in
                try reader.frame(at: home, cancellation: cancellation, asideOf: precedence)
            }
            if stands != nil { parking.add(reader, at: home) }
        }
        while !Task.isCancelled, parking.count > 0 {
            let hasMoved = await parking.sendBack { reader, home in
                _ = try? await runner.blocking { cancellation throws(RunError) in
                    try reader.frame(at: home, cancellation: cancellation, asideOf: precedence)
                }
            }
            if !hasMoved { try? await Task.sleep(for: .milliseconds(50)) }
        }
    }

    /// The most memory that readers take that are kept standing, in bytes; it counts towards the runner's limit.
    public static var nearMemory: Int { ReaderParking.memory }

    /// What the output shows of the clip, from the first moment to the last.
    private func shownRange(of length: Seconds) -> ClosedRange<Seconds> {
        guard let duration else { return .zero...length }
        let times = (0...Self.looks).compactMap { look in
            try? clipTime(at: Seconds(duration.value * Double(look) / Double(Self.looks)))
        }
        let between = Seconds(duration.value / Double(Self.looks))
        guard let first = times.min(), let last = times.max() else { return .zero...length }
        return max(.zero, first - between)...min(length, last + between)
    }

    /// At how many moments it is looked what the output shows of the clip.
    private static let looks = 50

    /// How many readers stand in the clip.
    package var parkedReaders: Int { parking.count }

    /// The output's picture at a moment.
    ///
    /// - Parameters:
    ///   - time: a moment of the output; one outside it shows its first or last picture.
    ///   - width: the most pixels from left to right.
    /// - Throws: ``RunError``.
    public func after(at time: Seconds, width: Int) async throws(RunError) -> Still {
        let last = (duration ?? time) - Seconds(1 / manifest.output.frameRate.value)
        return try await still(manifest, at: max(.zero, min(time, last)), width: width)
    }

    /// The clip's moment that the output shows at one of its own; nil where it shows nothing of the clip.
    ///
    /// - Throws: ``RunError``.
    public func clipTime(at time: Seconds) throws(RunError) -> Seconds? {
        try Binder.still(
            manifest, to: upload, named: runner.inputs.name(clip), assets: assets, parameters: parameters, at: time,
            then: []
        ).clipTime
    }

    /// The clip's own picture at a moment of the clip, upright and with its true shape, but otherwise as it is.
    ///
    /// - Parameters:
    ///   - time: a moment of the clip, from its first picture on.
    ///   - width: the most pixels from left to right.
    /// - Throws: ``RunError``.
    public func before(at time: Seconds, width: Int) async throws(RunError) -> Still {
        let untouched = Manifest.untouched(output: manifest.output)
        return try await still(untouched, at: max(.zero, min(time, upload.duration ?? time)), width: width)
    }

    private func still(_ manifest: Manifest, at time: Seconds, width: Int) async throws(RunError) -> Still {
        try await runner.blocking { cancellation throws(RunError) in
            try self.still(manifest, at: time, width: width, cancellation)
        }
    }

    private func still(
        _ manifest: Manifest, at time: Seconds, width: Int, _ cancellation: CancellationFlag
    ) throws(RunError) -> Still {
        let still = try Binder.still(
            manifest, to: upload, named: runner.inputs.name(clip), assets: assets,
            parameters: manifest.parameters.isEmpty ? [:] : parameters, at: time,
            then: Self.jpegFilters(width: width))
        return try precedence.first { () throws(RunError) in try make(still, cancellation) }
    }

    /// The output's picture at a moment. Blocks.
    func picture(at time: Seconds, width: Int, _ cancellation: CancellationFlag) throws(RunError) -> Still {
        try still(manifest, at: time, width: width, cancellation)
    }

    /// JFIF has BT.601 in full range. The output's frames are BT.709 in limited range, whether they are tagged or not.
    private static func jpegFilters(width: Int) -> [Filter] {
        [
            Filter(
                "scale",
                [
                    "w": .expression(Expression("min(iw,\(width))")), "h": -2, "flags": "bicubic",
                    "in_color_matrix": "bt709", "in_range": "limited", "out_color_matrix": "bt601", "out_range": "full",
                ], outputs: [.video]), .pixelFormat("yuvj420p"),
        ]
    }

    private func make(_ still: Binder.Still, _ cancellation: CancellationFlag) throws(RunError) -> Still {
        var labels: [String] = []
        var frames: [DecodedFrame] = []
        var aspects: [Fraction] = []
        for input in still.plan.inputs {
            for stream in input.streams where stream.kind == .video {
                let time = still.times[stream.label] ?? .zero
                let parked = input.asset == nil ? parking.reader(for: time) : nil
                let reader =
                    parked ?? readers.reader(of: stream, in: input) { makeReader(of: stream, in: input) }
                let found = try reader.frame(at: time, cancellation: cancellation)
                do throws(AVError) {
                    guard let frame = try FrameAdapter(to: stream, first: found.frame).adapt(found) else { continue }
                    frames.append(frame)
                } catch {
                    throw .unsuitable("the picture changes its format within the file (\(error.reason))")
                }
                labels.append(stream.label)
                aspects.append(Fraction(stream.sampleAspect))
            }
        }
        let picture: Frame?
        do throws(AVError) { picture = try filter(still, labels, frames, aspects) } catch {
            throw .fault("libavfilter refuses the graph of \(still.plan.pipeline): \(error.reason)")
        }
        guard let picture else { throw .unsuitable("no picture comes out at this moment; try another one") }
        do throws(AVError) {
            return Still(
                jpeg: try Encoder.jpeg(picture), size: PictureSize(width: picture.width, height: picture.height),
                clipTime: still.clipTime)
        } catch {
            throw .fault("the picture cannot be written: \(error.reason)")
        }
    }

    private func makeReader(of stream: Plan.Stream, in input: Plan.Input) -> FrameReader {
        let asset = input.asset
        let info = input.asset.map { assets[$0] } ?? upload
        return FrameReader(
            stream, of: input, named: asset.map(runner.assets.file) ?? runner.inputs.name(clip), limits: runner.limits,
            isConstantRate: info?.video?.isVariableFrameRate == false
        ) { [runner, clip] () throws(RunError) in
            if let asset { return try runner.assets.source(of: asset) }
            return try runner.open(clip, CancellationFlag())
        }
    }

    private func filter(
        _ still: Binder.Still, _ labels: [String], _ frames: [DecodedFrame], _ aspects: [Fraction]
    ) throws(AVError) -> Frame? {
        let inputs = frames.indices.map { index in
            FilterGraphInstance.Input(
                label: labels[index], first: frames[index].frame, timeBase: frames[index].timeBase,
                frameRate: frames[index].frameRate, sampleAspect: aspects[index])
        }
        let graph = try FilterGraphInstance(
            text: still.plan.filterGraph, inputs: inputs, outputs: [.init(label: "v", isVideo: true)])
        for (index, frame) in frames.enumerated() {
            _ = try graph.push(frame.frame, to: index)
            let length = Fraction.microseconds.rescale(still.length.microseconds, to: frame.timeBase)
            try graph.close(index, at: frame.end &+ length)
        }
        guard case .frame(let picture, _) = try graph.next() else { return nil }
        return picture
    }
}

/// The readers that are open, each with its place in its file.
private final class FrameReaders: Sendable {
    private struct Key: Hashable {
        let asset: AssetPath?
        let stream: Int
    }

    private let readers = Mutex<[Key: FrameReader]>([:])

    /// The reader of a stream, made where there is none yet.
    func reader(of stream: Plan.Stream, in input: Plan.Input, make: () -> FrameReader) -> FrameReader {
        let key = Key(asset: input.asset, stream: stream.index)
        return readers.withLock { readers in
            if let known = readers[key] { return known }
            let reader = make()
            readers[key] = reader
            return reader
        }
    }
}

extension Manifest {
    /// A pipeline without a stage.
    static func untouched(output: OutputProfile) -> Manifest {
        var graph = FilterGraph()
        let source = graph.add(.init(.source(.init(asset: nil, content: .video))))
        graph.add(.init(.sink(.video), inputs: [source]))
        return Manifest(
            name: "untouched", version: 1, summary: "", parameters: [], assets: [], graph: graph, output: output)
    }
}
