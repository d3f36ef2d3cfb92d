import FoundationEssentials
import GraphDSL
import LibAV

/// All that a constant piece of an output depends on: its graph, its assets' content, the encoder's settings and the
/// libraries' versions.
struct SegmentKey: Codable {
    private struct Input: Codable {
        let content: ContentDigest?
        let start: Seconds
        let streams: [String]
    }

    private let graph: String
    private let inputs: [Input]
    private let frameRate: Rational
    private let video: VideoEncoding
    private let libraries: String

    /// - Parameters:
    ///   - plan: what makes the piece.
    ///   - graph: its graph in libavfilter's syntax, with families in place of font files.
    ///   - assets: the assets with their content's digests.
    init(_ plan: Plan, graph: String, assets: [AssetReference]) {
        self.graph = graph
        inputs = plan.inputs.map { input in
            Input(
                content: assets.first { $0.path == input.asset }?.sha256, start: input.start,
                streams: input.streams.map { "\($0.label) \($0.sampleAspect)" })
        }
        frameRate = plan.output.frameRate
        video = plan.output.video
        libraries = Encoder.version
    }

    /// What the piece is kept under.
    var digest: ContentDigest {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        // Strings and numbers alone: none can fail to encode.
        return ContentDigest(of: (try? encoder.encode(self)) ?? Data())
    }
}
