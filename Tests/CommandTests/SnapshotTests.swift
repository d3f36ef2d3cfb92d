import Foundation
import TestSupport
import Testing

/// What the commands print, held against `Snapshots/`. Where a change is meant, `make snapshots` writes them anew; look
/// at the difference before it is committed.
@Suite(.serialized)
struct SnapshotTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Snapshots")

    /// Runs a command in the checkout and compares what it prints.
    ///
    /// - Parameter mask: what stands for the numbers that another machine would print otherwise.
    private func expect(
        _ name: String, _ arguments: [String], mask: (String) -> String = { $0 },
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let result = try Program.run(arguments)
        #expect(result.status == 0, "\(result.errors)", sourceLocation: sourceLocation)
        let text = mask(result.output.replacing(Checkout.root.path, with: "CHECKOUT"))
        let file = Self.folder.appending(path: name)
        if ProcessInfo.processInfo.environment["CORTINA_SNAPSHOTS"] == "write" {
            try Data(text.utf8).write(to: file)
            return
        }
        let known = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        guard text != known else { return }
        let difference = text.split(separator: "\n", omittingEmptySubsequences: false)
            .difference(from: known.split(separator: "\n", omittingEmptySubsequences: false))
        let lines = difference.map { change in
            switch change {
            case .remove(_, let line, _): "- \(line)"
            case .insert(_, let line, _): "+ \(line)"
            }
        }
        Issue.record("\(name) differs:\n\(lines.joined(separator: "\n"))", sourceLocation: sourceLocation)
    }

    private let clip = "Tests/Fixtures/turned-90.mp4"

    @Test("help", arguments: [[], ["run"], ["dry-run"], ["explain"], ["preview"], ["diff"], ["new"], ["manifest"]])
    func help(command: [String]) throws {
        try expect("help-\(command.first ?? "all").txt", command + ["--help"])
    }

    @Test("stages and pipelines")
    func catalog() throws {
        try expect("stages.txt", ["stages"])
        try expect("stages-watermark.txt", ["stages", "watermark"])
        try expect("stages-title.json", ["stages", "title", "--json"])
        try expect("pipelines.txt", ["pipelines"])
        try expect("probe.txt", ["probe", clip])
        try expect("errors.txt", ["errors"])
    }

    @Test("explain, in each language")
    func explain() throws {
        try expect("explain.txt", ["explain", "showcase", clip])
        try expect("explain.dot", ["explain", "showcase", "--format", "dot"])
        try expect("explain.mermaid", ["explain", "interview", "--format", "mermaid"])
    }

    @Test("dry-run, its measured numbers left out")
    func dryRun() throws {
        try expect("dry-run.txt", ["dry-run", "showcase", clip, "--sample-time", "60"]) { text in
            text.replacing(/about [\d.]+ (s|MB)/) { "about N \($0.1)" }
                .replacing(/and \d+ MB of memory, by \d+ frames/, with: "and N MB of memory, by N frames")
        }
        let keys = ["bytes", "memory", "seconds", "sampledFrames", "sampleSeconds"]
        try expect(
            "dry-run.json", ["dry-run", "interview", clip, "--json", "--sample-time", "60", "--cache", "/nowhere"]
        ) { text in
            keys.reduce(text) { text, key in
                text.replacing(try! Regex("\"\(key)\" : [0-9.]+"), with: "\"\(key)\" : N")
            }
        }
    }

    @Test("diff, of the graphs and of the pictures")
    func diff() throws {
        try expect("diff.txt", ["diff", "showcase", "showcase-fit"])
        try expect("diff-clip.txt", ["diff", "showcase", "showcase", clip])
    }
}
