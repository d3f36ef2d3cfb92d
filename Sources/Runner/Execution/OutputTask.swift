import Dispatch
import GraphDSL
import LibAV
import Synchronization

/// Writes the output: a thread a stream that encodes or passes packets on, and the muxer that all of them share.
///
/// Segments that are encoded already stand before and behind what is encoded here, as packets.
final class OutputTask: FrameSink {
    /// A stream that is encoded.
    private struct Lane: Sendable {
        let task: EncodeTask
        let stream: Int
    }

    /// The picture, where it is passed on.
    private struct Passage: Sendable {
        let task: CopyTask
        let stream: Int
    }

    /// How many filtered frames may wait for the encoder.
    private static let capacity = 8

    private let lanes: [Lane]
    private let passage: Passage?
    private let muxer: Mutex<Muxer>
    private let path: String
    private let segments: JoinedSegments
    private let job: RunJob
    private let left: Mutex<Int>
    private let frames = Mutex(0)
    private let lastNote = Mutex(0.0)

    /// Opens the encoders and the file, for the formats that the graph gives.
    ///
    /// - Parameters:
    ///   - graph: what frames come from; nil where none are encoded.
    ///   - copy: the picture's packets, where it is passed on.
    ///   - segments: gives the segments before and behind, for the header of the picture's encoder.
    init(
        _ graph: FilterGraphInstance?, _ copy: CopyFeed?, file: OutputFile,
        segments: ([UInt8]) throws(RunError) -> JoinedSegments, job: RunJob
    ) throws(RunError) {
        path = file.path
        self.job = job
        let muxer: Muxer
        let descriptor = try file.open()
        do throws(AVError) {
            muxer = try Muxer(descriptor: descriptor, format: job.plan.output.container.rawValue)
        } catch {
            throw Self.writing(path, error)
        }
        passage = try Self.passage(copy, muxer, job)
        var header: [UInt8] = []
        do throws(AVError) {
            var lanes: [Lane] = []
            for (index, sink) in job.plan.sinks.enumerated() {
                guard let graph else { break }
                let encoder = try job.plan.output.encoder(of: sink.kind, size: graph.size(ofOutput: index))
                if encoder.frameSize > 0 { graph.setFrameSize(encoder.frameSize, ofOutput: index) }
                if sink.kind == .video { header = encoder.header }
                let task = EncodeTask(
                    encoder, timeBase: graph.timeBase(ofOutput: index), isVideo: sink.kind == .video,
                    capacity: Self.capacity, job: job)
                lanes.append(Lane(task: task, stream: try muxer.addStream(encoder)))
            }
            self.lanes = lanes
        } catch {
            throw .fault("the encoder refuses its settings: \(error)")
        }
        self.segments = try segments(header)
        do throws(AVError) { try muxer.begin(options: job.plan.output.container.options) } catch {
            throw Self.writing(path, error)
        }
        self.muxer = Mutex(muxer)
        left = Mutex(lanes.count + (passage == nil ? 0 : 1))
    }

    private static func passage(
        _ copy: CopyFeed?, _ muxer: Muxer, _ job: RunJob
    ) throws(RunError) -> Passage? {
        guard let copy, let picture = job.plan.copied else { return nil }
        // The file could not be opened: its task has said why.
        guard let task = CopyTask(copy, picture, job: job) else { throw .cancelled }
        do throws(AVError) {
            return Passage(
                task: task,
                stream: try muxer.addStream(task.parameters, frameRate: Fraction(job.plan.output.frameRate)))
        } catch {
            throw .fault("the clip's picture cannot be passed on: \(error.reason)")
        }
    }

    /// Starts the encoders' threads.
    func start(in group: DispatchGroup) {
        if let passage {
            job.spawn("copy", in: group) { [self] () throws(RunError) in try pass(passage) }
        }
        for lane in lanes {
            job.spawn("encode", in: group) { [self] () throws(RunError) in try encode(lane) }
        }
    }

    /// Passes a frame on to an encoder.
    ///
    /// - Returns: whether it wants more.
    func push(_ frame: Frame, to index: Int) -> Bool { lanes[index].task.frames.push(frame) }

    /// Says that no more frames come.
    func finish() { for lane in lanes { lane.task.frames.finish() } }

    private func encode(_ lane: Lane) throws(RunError) {
        let before = lane.task.isVideo ? try write(segments.leading, at: 0, to: lane.stream) : 0
        let count = try lane.task.run { packet throws(RunError) in
            packet.delay(by: Int64(before))
            try write(packet, to: lane.stream)
        } advance: { count in
            if lane.task.isVideo { note(frames: before + count) }
        }
        guard let count else { return }
        if lane.task.isVideo {
            guard count > 0 else {
                throw .unsuitable("nothing of the clip is left after the pipeline's trims; try a longer clip")
            }
            let whole = before + count
            let total = whole + (try write(segments.trailing, at: whole, to: lane.stream))
            end(frames: total)
        }
        try endLane()
    }

    private func pass(_ passage: Passage) throws(RunError) {
        let count = try passage.task.run { packet throws(RunError) in
            try write(packet, to: passage.stream)
        } advance: {
            note(frames: $0)
        }
        guard let count else { return }
        end(frames: count)
        try endLane()
    }

    /// Notes how many frames the picture has in the end.
    private func end(frames total: Int) {
        frames.withLock { $0 = total }
        job.advance(frames: total)
    }

    /// Ends a stream, and with the last one the file.
    private func endLane() throws(RunError) {
        let isLast = left.withLock { left in
            left -= 1
            return left == 0
        }
        if isLast { try end() }
    }

    /// Says how far it is, some ten times a second.
    private func note(frames: Int) {
        let isDue = lastNote.withLock { last in
            guard job.meter.elapsed - last > 0.1 else { return false }
            last = job.meter.elapsed
            return true
        }
        if isDue { job.advance(frames: frames) }
    }

    /// Writes segments from a frame on.
    ///
    /// - Returns: how many frames they have.
    private func write(_ segments: [EncodedSegment], at begin: Int, to stream: Int) throws(RunError) -> Int {
        var frames = 0
        for segment in segments {
            for packet in segment.packets {
                let delay = Int64(begin + frames)
                let copy: Packet
                do throws(AVError) {
                    copy = try Packet(
                        packet.content, pts: packet.pts + delay, dts: packet.dts + delay, duration: packet.duration,
                        isKey: packet.isKey)
                } catch {
                    throw .tooMuchMemory(limit: job.limits.memory)
                }
                try write(copy, to: stream)
            }
            frames += segment.frames
        }
        return frames
    }

    private func write(_ packet: Packet, to stream: Int) throws(RunError) {
        try mux { muxer throws(AVError) in try muxer.write(packet, to: stream) }
        if muxer.withLock({ $0.bytesWritten }) > job.limits.outputBytes {
            throw .outputTooLarge(path, limit: job.limits.outputBytes)
        }
    }

    private func end() throws(RunError) {
        try mux { muxer throws(AVError) in try muxer.finish() }
        job.complete(frames: frames.withLock(\.self))
    }

    private func mux(_ work: (Muxer) throws(AVError) -> Void) throws(RunError) {
        let failure: AVError? = muxer.withLock { muxer in
            do throws(AVError) {
                try job.measure("mux") { () throws(AVError) in try work(muxer) }
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw Self.writing(path, failure) }
    }

    private static func writing(_ path: String, _ error: AVError) -> RunError {
        error.isStorage
            ? .cannotWrite(path, reason: error.reason) : .fault("the output cannot be written: \(error.reason)")
    }
}

extension OutputProfile.Container {
    /// libavformat's options.
    fileprivate var options: [String: String] {
        switch self {
        // The index first, so that a player can begin before it has the whole file.
        case .mp4: ["movflags": "+faststart"]
        }
    }
}
