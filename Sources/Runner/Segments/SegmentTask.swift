import Dispatch
import FoundationEssentials
import GraphDSL
import LibAV
import Synchronization

/// Encodes the picture that leaves a filter graph, and keeps the packets.
final class SegmentTask: FrameSink {
    private let task: EncodeTask
    private let job: RunJob
    private let collection: SegmentCollection

    init(_ graph: FilterGraphInstance, into collection: SegmentCollection, job: RunJob) throws(RunError) {
        do throws(AVError) {
            let encoder = try job.plan.output.encoder(of: .video, size: graph.size(ofOutput: 0))
            task = EncodeTask(
                encoder, timeBase: graph.timeBase(ofOutput: 0), isVideo: true, capacity: 3, job: job)
        } catch {
            throw .fault("the encoder refuses its settings: \(error)")
        }
        self.job = job
        self.collection = collection
        collection.begin(task.encoder.header)
    }

    func start(in group: DispatchGroup) {
        job.spawn("encode", in: group) { [self] () throws(RunError) in
            let count = try task.run { packet throws(RunError) in collection.append(packet) }
            if let count { job.complete(frames: count) }
        }
    }

    func push(_ frame: Frame, to index: Int) -> Bool { task.frames.push(frame) }

    func finish() { task.frames.finish() }
}

/// The packets of a segment on their way.
final class SegmentCollection: Sendable {
    private let collected = Mutex<EncodedSegment?>(nil)

    /// What was collected; nil before the encoder was there.
    var segment: EncodedSegment? { collected.withLock(\.self) }

    func begin(_ header: [UInt8]) { collected.withLock { $0 = EncodedSegment(header: .init(header)) } }

    func append(_ packet: Packet) { collected.withLock { $0?.append(packet) } }
}
