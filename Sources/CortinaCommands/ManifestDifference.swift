import GraphDSL
import Runner

/// What differs between two pipelines: their descriptions, line by line.
struct ManifestDifference {
    /// A line of the two descriptions.
    struct Line: Encodable {
        /// Which of the two has it.
        enum Mark: String, Encodable {
            case same, removed, added
        }

        let mark: Mark
        let text: String
    }

    /// The names of the two.
    let names: (String, String)
    /// All lines, in order.
    let lines: [Line]

    init(_ first: Manifest, _ second: Manifest) {
        names = ("\(first.reference)  \(first.digest.short)", "\(second.reference)  \(second.digest.short)")
        let (old, new) = (Self.description(first), Self.description(second))
        // The shortest way from one to the other (Myers, "An O(ND) Difference Algorithm", 1986, by the standard library).
        let difference = new.difference(from: old)
        var (removed, added): (Set<Int>, Set<Int>) = ([], [])
        for change in difference {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): added.insert(offset)
            }
        }
        var lines: [Line] = []
        var (i, j) = (0, 0)
        while i < old.count || j < new.count {
            if i < old.count, removed.contains(i) {
                lines.append(Line(mark: .removed, text: old[i]))
                i += 1
            } else if j < new.count, added.contains(j) {
                lines.append(Line(mark: .added, text: new[j]))
                j += 1
            } else {
                lines.append(Line(mark: .same, text: old[i]))
                (i, j) = (i + 1, j + 1)
            }
        }
        self.lines = lines
    }

    /// Whether nothing differs that changes a video.
    var isEmpty: Bool { lines.allSatisfy { $0.mark == .same } }

    /// The lines as `diff -u` prints them.
    var text: String {
        guard !isEmpty else { return "\(names.0)\n\(names.1)\nnothing differs" }
        let marks: [Line.Mark: String] = [.same: " ", .removed: "-", .added: "+"]
        return (["--- \(names.0)", "+++ \(names.1)"] + lines.map { "\(marks[$0.mark] ?? "") \($0.text)" })
            .joined(separator: "\n")
    }

    /// A pipeline, a fact or a node a line; without numbers, which would change with every node before.
    private static func description(_ manifest: Manifest) -> [String] {
        let parameters = manifest.parameters.map { "parameter \($0.name): \($0.range)" }
        let assets = manifest.assets.map { "asset \($0.path)  \($0.sha256.short)" }
        let output = manifest.output
        let video = output.video
        let facts = [
            "output \(output.container.rawValue), \(output.frameRate) fps",
            "video \(video.codec.rawValue), \(video.preset.rawValue), crf \(video.crf)"
                + (video.lookahead.map { ", lookahead \($0)" } ?? ""),
            "audio \(output.audio.codec.rawValue), \(output.audio.bitRate) bit/s, \(output.audio.sampleRate) Hz, "
                + output.audio.channelLayout,
        ]
        return parameters + assets + facts + GraphStep(asWritten: manifest).drawing.lines
    }
}
