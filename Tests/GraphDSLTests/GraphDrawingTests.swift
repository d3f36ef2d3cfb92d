import GraphDSL
import Testing

struct GraphDrawingTests {
    private struct Note: Stage {
        static let descriptor = StageDescriptor("note", "Writes", example: "Note()")

        func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
            var clip = clip
            clip.video = graph.filter(.scale(width: 640, height: 360), on: clip.video)
            clip.video = graph.filter(
                Filter("drawtext", ["text": "\"]; n0 -> evil\n<b>#1</b>\\"], outputs: [.video]), on: clip.video)
            clip.audio = nil
            return clip
        }
    }

    private func drawing() throws -> GraphDrawing {
        let manifest = try Pipeline("test", version: 1, summary: "A test") {
            Note()
        } output: {
            MP4(frameRate: 30)
        }.compile(assets: AssetCatalog()).manifest
        let formats = FormatInference.formats(of: manifest.graph) {
            GraphBuilder.format(of: $0, output: manifest.output)
        }
        return GraphDrawing(manifest.graph, formats: formats, title: "test@1")
    }

    @Test("text has a line a node, with what is read and what is known")
    func text() throws {
        let lines = try drawing().text.split(separator: "\n", maxSplits: 3)
        #expect(lines[0] == "test@1" && lines[1] == "  n0  upload: video  [30 fps, yuv420p]")
        #expect(lines[2] == "  n1  scale  flags=bicubic h=360 w=640  <- n0  [640x360, 30 fps, yuv420p]  (Note)")
    }

    @Test("text of a pipeline cannot end a string of Graphviz's or Mermaid's")
    func hostile() throws {
        let dot = try drawing().dot
        #expect(dot.contains(#"text=\"]; n0 -> evil\n<b>#1</b>\\\n(Note)""#), "\(dot)")
        #expect(
            dot.split(separator: "\n").filter { $0.contains(" -> ") && !$0.contains("label=\"drawtext") }.count == 3)
        let mermaid = try drawing().mermaid
        #expect(mermaid.contains("text=#quot;]; n0 -#gt; evil<br>#lt;b#gt;#35;1#lt;/b#gt;\\"))
        #expect(mermaid.split(separator: "\n").count == 1 + 4 + 3)
    }
}
