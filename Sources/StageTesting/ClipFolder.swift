import Crypto
import FoundationEssentials
import GraphDSL
import LibAV
import Logging
import Runner

/// A folder with the clips of a check; it goes with the check.
final class ClipFolder: Sendable {
    private let folder: String

    init() throws {
        folder = "\(FileManager.default.temporaryDirectory.path)/stage-check-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// A second of libavfilter's moving test picture, with a tone or without sound.
    func clip(size: (Int, Int), audio: Bool) throws -> String {
        let path = "\(folder)/\(size.0)x\(size.1)-\(audio).mp4"
        guard !FileManager.default.fileExists(atPath: path) else { return path }
        let picture = "testsrc2=s=\(size.0)x\(size.1):r=30:d=1,format=yuv420p[v]"
        let graph = try FilterGraphInstance(
            text: audio ? "\(picture);sine=f=440:r=48000:d=1,aformat=fltp:48000:stereo[a]" : picture, inputs: [],
            outputs: [.init(label: "v", isVideo: true)] + (audio ? [.init(label: "a", isVideo: false)] : []))
        var encoders = [
            try Encoder(
                video: .init(
                    encoder: "mpeg4", width: size.0, height: size.1, frameRate: Fraction(30, 1),
                    options: ["flags": "+qscale", "global_quality": "236"]))
        ]
        if audio {
            encoders.append(
                try Encoder(
                    audio: .init(encoder: "aac", sampleRate: 48000, channelLayout: "stereo", bitRate: 128_000)))
            graph.setFrameSize(encoders[1].frameSize, ofOutput: 1)
        }
        let muxer = try Muxer(path: path, format: "mp4")
        let streams = try encoders.map { encoder throws(AVError) in try muxer.addStream(encoder) }
        try muxer.begin(options: [:])
        func drain(_ index: Int) throws {
            while let packet = try encoders[index].receive() { try muxer.write(packet, to: streams[index]) }
        }
        while case .frame(let frame, let output) = try graph.next() {
            let time = graph.timeBase(ofOutput: output).rescale(frame.pts ?? 0, to: encoders[output].timeBase)
            try encoders[output].send(frame, at: time)
            try drain(output)
        }
        for index in encoders.indices {
            try encoders[index].send(nil)
            try drain(index)
        }
        try muxer.finish()
        return path
    }

    private func runner(_ assets: AssetFolder?) -> Runner {
        Runner(
            // The memory that is limited is the process's, in which other tests run at the same time.
            assets: assets ?? AssetFolder(path: folder), limits: Limits(memory: 16 << 30),
            logger: Logger(label: "stage-check") { _ in SwiftLogNoOpLogHandler() })
    }

    /// The plan of a pipeline for a clip.
    func plan(
        _ manifest: Manifest, _ clip: String, _ values: [String: String], _ assets: AssetFolder?
    ) async throws(RunError) -> Plan {
        try await runner(assets).plan(manifest, for: clip, parameters: values)
    }

    /// Runs a pipeline on a clip, as a worker would: from the manifest that was read from JSON.
    func run(
        _ manifest: Manifest, _ clip: String, _ values: [String: String], _ assets: AssetFolder?
    ) async throws -> (frames: Int, size: PictureSize?) {
        let runner = runner(assets)
        let decoded = try Manifest(json: manifest.canonicalJSON)
        let plan = try await runner.plan(decoded, for: clip, parameters: values)
        let output = "\(folder)/out.mp4"
        let report = try await runner.run(plan, input: clip, output: output).report()
        return (report.frames, try await runner.probe(output).video?.codedSize)
    }

    /// The names of the filters that libavfilter reads in a plan's text, in their order.
    func filters(_ plan: Plan) throws(AVError) -> [String] {
        try FilterGraphInstance.filters(of: plan.filterGraph)
    }

    /// The digest of the sixteenth picture, as it leaves the filters.
    func pictureDigest(
        _ manifest: Manifest, _ clip: String, _ values: [String: String], _ assets: AssetFolder?
    ) async throws -> String {
        let runner = runner(assets)
        let plan = try await runner.plan(manifest, for: clip, parameters: values)
        let planes = try await runner.picture(15, of: plan, input: clip)
        var hash = SHA256()
        for plane in planes { hash.update(data: plane) }
        return hash.finalize().prefix(8).map { byte in
            let text = String(byte, radix: 16)
            return text.count < 2 ? "0" + text : text
        }.joined()
    }
}
