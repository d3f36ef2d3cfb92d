import Dispatch
import GraphDSL
import LibAV
import Synchronization

/// Writes the output: a thread a stream that encodes, and the muxer that all of them share.
final class OutputTask: FrameSink {
    private struct Lane: Sendable {
        let encoder: Encoder
        let frames: BoundedQueue<Frame>
        let stream: Int
        let timeBase: Fraction
        let isVideo: Bool
    }

    /// How many filtered frames may wait for the encoder.
    private static let capacity = 3

    private let lanes: [Lane]
    private let muxer: Mutex<Muxer>
    private let path: String
    private let job: RunJob
    private let left: Mutex<Int>
    private let frames = Mutex(0)

    /// Opens the encoders and the file, for the formats that the graph gives.
    init(_ graph: FilterGraphInstance, file: OutputFile, job: RunJob) throws(RunError) {
        let path = file.path
        self.path = path
        self.job = job
        let muxer: Muxer
        do throws(AVError) { muxer = try Muxer(path: file.partial, format: job.plan.output.container.rawValue) } catch {
            throw Self.writing(path, error)
        }
        do throws(AVError) {
            var lanes: [Lane] = []
            for (index, sink) in job.plan.sinks.enumerated() {
                let encoder = try job.plan.output.encoder(of: sink.kind, size: graph.size(ofOutput: index))
                if encoder.frameSize > 0 { graph.setFrameSize(encoder.frameSize, ofOutput: index) }
                lanes.append(
                    Lane(
                        encoder: encoder, frames: BoundedQueue(capacity: Self.capacity),
                        stream: try muxer.addStream(encoder), timeBase: graph.timeBase(ofOutput: index),
                        isVideo: sink.kind == .video))
            }
            self.lanes = lanes
        } catch {
            throw .fault("the encoder refuses its settings: \(error)")
        }
        do throws(AVError) { try muxer.begin(options: job.plan.output.container.options) } catch {
            throw Self.writing(path, error)
        }
        self.muxer = Mutex(muxer)
        left = Mutex(lanes.count)
        for lane in lanes { job.onEnd { lane.frames.close() } }
    }

    /// Starts the encoders' threads.
    func start(in group: DispatchGroup) {
        for lane in lanes {
            job.spawn("encode", in: group) { [self] () throws(RunError) in try encode(lane) }
        }
    }

    /// Passes a frame on to an encoder.
    ///
    /// - Returns: whether it wants more.
    func push(_ frame: Frame, to index: Int) -> Bool { lanes[index].frames.push(frame) }

    /// Says that no more frames come.
    func finish() { for lane in lanes { lane.frames.finish() } }

    private func encode(_ lane: Lane) throws(RunError) {
        var next: Int64 = 0
        var lastNote = 0.0
        while let frame = lane.frames.pop() {
            // A video frame's time is its number: rounding in the graph's time base must neither repeat nor skip one.
            let time = lane.timeBase.rescale(frame.pts ?? 0, to: lane.encoder.timeBase)
            let stamp = max(next, time)
            next = stamp &+ 1
            if lane.isVideo, stamp >= job.limits.frames {
                throw .tooManyFrames(job.uploadName, limit: job.limits.frames)
            }
            try send(frame, at: stamp, lane)
            guard lane.isVideo else { continue }
            frames.withLock { $0 += 1 }
            if job.meter.elapsed - lastNote > 0.1 {
                lastNote = job.meter.elapsed
                job.advance(frames: Int(next))
            }
        }
        guard !job.cancellation.isCancelled else { return }
        try send(nil, at: next, lane)
        if lane.isVideo { job.advance(frames: Int(next)) }
        if left.withLock({ left in
            left -= 1; return left
        }) == 0 {
            try end()
        }
    }

    private func send(_ frame: Frame?, at time: Int64, _ lane: Lane) throws(RunError) {
        do throws(AVError) {
            try job.meter.measure("encode") { () throws(AVError) in try lane.encoder.send(frame, at: time) }
        } catch {
            throw .fault("the encoder failed: \(error.reason)")
        }
        while !job.cancellation.isCancelled {
            let packet: Packet?
            do throws(AVError) {
                packet = try job.meter.measure("encode") { () throws(AVError) in try lane.encoder.receive() }
            } catch {
                throw .fault("the encoder failed: \(error.reason)")
            }
            guard let packet else { return }
            try mux { muxer throws(AVError) in try muxer.write(packet, to: lane.stream) }
            if muxer.withLock({ $0.bytesWritten }) > job.limits.outputBytes {
                throw .outputTooLarge(path, limit: job.limits.outputBytes)
            }
        }
    }

    private func end() throws(RunError) {
        let frames = frames.withLock(\.self)
        guard frames > 0 else {
            throw .unsuitable("nothing of the clip is left after the pipeline's trims; try a longer clip")
        }
        try mux { muxer throws(AVError) in try muxer.finish() }
        job.complete(frames: frames)
    }

    private func mux(_ work: (Muxer) throws(AVError) -> Void) throws(RunError) {
        let failure: AVError? = muxer.withLock { muxer in
            do throws(AVError) {
                try job.meter.measure("mux") { () throws(AVError) in try work(muxer) }
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
