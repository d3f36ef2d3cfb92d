import Dispatch
import GraphDSL
import LibAV
import Synchronization

/// What a sample of a run showed.
struct Sample: Sendable {
    /// Frames of the body that went into the encoder.
    var sent = 0
    /// Frames that came out of it.
    var frames = 0
    /// What filtering and encoding them took, in seconds of the clock on the wall.
    var seconds = 0.0
    /// The sizes of the packets that decoding can begin with, in bytes.
    var keyBytes: [Int] = []
    /// The sizes of the others.
    var deltaBytes: [Int] = []
    /// The size of the pictures.
    var size = (width: 0, height: 0)
}

/// Passes frames of the body through the encoder and keeps nothing but the measures: what a run will cost.
///
/// What comes before the upload's first frame, an opening bumper, is only counted.
final class SampleTask: FrameSink {
    private let encoder: Encoder
    private let timeBase: Fraction
    private let frames = BoundedQueue<Frame>(capacity: 3)
    private let wanted: Int
    private let budget: Double
    private let job: RunJob
    private let sample: Mutex<Sample>
    private let begin = Mutex<ContinuousClock.Instant?>(nil)

    /// - Parameters:
    ///   - wanted: how many frames of the body are enough.
    ///   - budget: how many seconds from the job's start are enough, even if there are fewer.
    init(_ graph: FilterGraphInstance, wanted: Int, budget: Double, job: RunJob) throws(RunError) {
        let size = graph.size(ofOutput: 0)
        do throws(AVError) { encoder = try job.plan.output.encoder(of: .video, size: size) } catch {
            throw .fault("the encoder refuses its settings: \(error)")
        }
        timeBase = graph.timeBase(ofOutput: 0)
        self.wanted = wanted
        self.budget = budget
        self.job = job
        sample = Mutex(Sample(size: size))
        job.onEnd { [frames] in frames.close() }
    }

    func start(in group: DispatchGroup) {
        job.spawn("encode", in: group) { [self] () throws(RunError) in
            do throws(AVError) { try encode() } catch { throw .fault("the encoder failed: \(error.reason)") }
        }
    }

    /// Frames that a trim leaves out reach no sink, and yet take their time.
    var hasEnough: Bool { job.meter.elapsed >= budget }

    func push(_ frame: Frame, to index: Int) -> Bool {
        guard !hasEnough else { return false }
        // A buffer source holds one frame back: the second shows that the first is through.
        guard index == 0, job.uploadFrames > 1 else { return true }
        begin.withLock { if $0 == nil { $0 = .now } }
        return frames.push(frame)
    }

    func finish() { frames.finish() }

    private func encode() throws(AVError) {
        var count: Int64 = 0
        while count < wanted, let frame = frames.pop() {
            try encoder.send(frame, at: count)
            count += 1
            try collect()
        }
        // The rest of the pipeline stops here; what the encoder still holds is part of the sample.
        frames.close()
        if count > 0 {
            try encoder.send(nil, at: count)
            try collect()
        }
        let seconds = begin.withLock { $0.map { (ContinuousClock.now - $0).seconds } } ?? 0
        let result = sample.withLock { sample in
            sample.sent = Int(count)
            sample.frames = sample.keyBytes.count + sample.deltaBytes.count
            sample.seconds = seconds
            return sample
        }
        job.complete(sample: result)
    }

    /// How many times the budget the encoder may take to give out what it holds.
    private static let patience = 1.8

    private func collect() throws(AVError) {
        while job.meter.elapsed < Self.patience * budget, let packet = try encoder.receive() {
            sample.withLock { sample in
                if packet.isKey { sample.keyBytes.append(packet.size) } else { sample.deltaBytes.append(packet.size) }
            }
        }
    }
}
