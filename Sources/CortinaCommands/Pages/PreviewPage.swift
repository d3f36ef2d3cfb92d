import FoundationEssentials
import GraphDSL
import Runner

/// What a preview shows of a pipeline and a clip, beside the pictures.
struct PreviewFacts {
    /// The pipeline.
    let manifest: Manifest
    /// The clip's name.
    let clip: String
    /// What a run would do.
    let dryRun: DryRun
    /// The graph as it would run, drawn; nil where there is no Graphviz.
    let graph: String?

    /// Finds it all out.
    init(_ manifest: Manifest, clip: String, parameters: [String: String], runner: Runner) async throws {
        self.manifest = manifest
        self.clip = clip
        async let dryRun = runner.dryRun(manifest, for: clip, parameters: parameters)
        async let steps = runner.explain(manifest, for: clip, parameters: parameters)
        let last = try await steps.last
        self.graph = if let last { try? await Graphviz.inlineSVG(of: last.drawing.dot) } else { nil }
        self.dryRun = try await dryRun
    }

    /// The page's head.
    var title: HTML {
        """
        <h1>\(manifest.reference)</h1>
        <p class="quiet">\(manifest.summary.isEmpty ? "" : "\(manifest.summary). ")Clip: \(clip)</p>
        """
    }

    /// The report and the graph.
    var details: HTML {
        let output = dryRun.output
        let cost = dryRun.cost
        let rows: [(String, String)] = [
            ("needs", dryRun.normalisations.isEmpty ? "nothing" : dryRun.normalisations.joined(separator: ", ")),
            (
                "output",
                "\(output.size), \(output.frameRate) fps, \(output.hasAudio ? "with sound" : "silent")"
            ),
            ("length", output.frames.map { "\($0) frames, \(output.duration ?? .zero) s" } ?? "unknown"),
            ("size", output.bytes.map { "about \(Double($0 / 100_000) / 10) MB" } ?? "unknown"),
            ("time", cost.seconds.map { "about \($0) s on this machine" } ?? "unknown"),
            ("memory", "about \(cost.memory / 1_000_000) MB"), ("digest", "\(manifest.digest)"),
        ]
        return """
            <h2>Report</h2>
            \(HTML.each(dryRun.warnings) { "<p class=\"warning\">\($0)</p>" })
            <div class="scroll"><table>\(HTML.each(rows) { "<tr><th>\($0.0)</th><td>\($0.1)</td></tr>" })</table></div>
            <h2>Graph</h2>
            \(graph.map { "<div class=\"graph\">\(HTML(markup: $0))</div>" as HTML }
                ?? "<p class=\"quiet\">Install Graphviz to see it here.</p>")
            """
    }
}

/// A self-contained page: pictures of the clip and of what becomes of it, side by side at several moments; a contact
/// sheet; the report; the graph.
struct PreviewPage {
    private let facts: PreviewFacts
    private let moments: [Pair]
    private let sheet: [(time: Seconds, still: Still)]

    private struct Pair {
        let time: Seconds
        let before, after: Still
    }

    /// How wide the compared pictures and those of the contact sheet are, in pixels.
    private static let (pairWidth, sheetWidth) = (960, 320)
    /// How many of each there are.
    private static let (pairCount, sheetCount) = (5, 16)

    /// Makes the pictures.
    init(_ facts: PreviewFacts, _ stills: StillMaker) async throws {
        self.facts = facts
        let duration = stills.duration ?? Seconds(5)
        func spread(_ count: Int) -> [Seconds] {
            (0..<count).map { Seconds(duration.value * (Double($0) + 0.5) / Double(count)) }
        }
        var sheet: [(Seconds, Still)] = []
        for time in spread(Self.sheetCount) {
            sheet.append((time, try await stills.after(at: time, width: Self.sheetWidth)))
        }
        self.sheet = sheet
        // Where the clip is to be seen; the bumpers have nothing to be compared with.
        var body = sheet.filter { $0.1.clipTime != nil }.map(\.0)
        if body.isEmpty { body = try Self.firstMoment(of: stills, facts.manifest.output.frameRate, before: duration) }
        let chosen =
            body.count <= Self.pairCount
            ? body : (0..<Self.pairCount).map { body[$0 * (body.count - 1) / (Self.pairCount - 1)] }
        var moments: [Pair] = []
        for time in chosen {
            let after = try await stills.after(at: time, width: Self.pairWidth)
            let before = try await stills.before(at: after.clipTime ?? .zero, width: Self.pairWidth)
            moments.append(Pair(time: time, before: before, after: after))
        }
        self.moments = moments
    }

    /// The first moment that shows the clip: one of a few frames lies between the sheet's moments.
    private static func firstMoment(
        of stills: StillMaker, _ rate: Rational, before end: Seconds
    ) throws(RunError) -> [Seconds] {
        for frame in 0..<end.frames(at: rate) {
            let time = Seconds((Double(frame) + 0.5) / rate.value)
            if try stills.clipTime(at: time) != nil { return [time] }
        }
        return []
    }

    /// The page as a file.
    func text() throws -> String {
        let pictures = moments.map { ["before": Self.url($0.before), "after": Self.url($0.after)] }
        return Page(
            title: "\(facts.manifest.reference), \(facts.clip)",
            content: """
                \(facts.title)
                \(moments.first.map(comparison) ?? "<p>Nothing of the clip is to be seen in the output.</p>")
                <h2>Contact sheet</h2>
                <div class="frames">\(HTML.each(sheet, Self.figure))</div>
                \(facts.details)
                """,
            script: moments.isEmpty ? "" : "const moments = \(try HTML.script(pictures));\n\(Self.script)"
        ).text
    }

    private func comparison(_ first: Pair) -> HTML {
        let buttons = moments.enumerated().map { index, pair -> HTML in
            "<button aria-pressed=\"\(index == 0)\" data-moment=\"\(index)\">\(Self.clock(pair.time))</button>"
        }
        return """
            <h2>Before and after</h2>
            <nav aria-label="Moments">\(buttons)</nav>
            <div class="compare" style="aspect-ratio: \(first.after.size.width) / \(first.after.size.height)">
            <img class="after" alt="The output" src="\(Self.url(first.after))">
            <img class="before" alt="The clip" src="\(Self.url(first.before))">
            <div class="edge"></div><span>clip</span><span>output</span>
            </div>
            <input type="range" min="0" max="100" value="50" aria-label="Where the clip ends and the output begins">
            """
    }

    private static func figure(_ item: (time: Seconds, still: Still)) -> HTML {
        """
        <figure><img alt="" loading="lazy" src="\(url(item.still))"><figcaption>\(clock(item.time))</figcaption></figure>
        """
    }

    private static func clock(_ time: Seconds) -> String { "\((time.value * 100).rounded() / 100) s" }

    /// A picture within a page.
    static func url(_ still: Still) -> String {
        "data:image/jpeg;base64,\(Data(still.jpeg).base64EncodedString())"
    }

    private static let script = """
        const box = document.querySelector('.compare'), range = document.querySelector('input[type=range]');
        range.addEventListener('input', () => box.style.setProperty('--at', range.value + '%'));
        box.addEventListener('pointermove', event => {
          if (event.pointerType === 'mouse' && !event.buttons) return;
          const edge = box.getBoundingClientRect();
          range.value = 100 * (event.clientX - edge.left) / edge.width;
          range.dispatchEvent(new Event('input'));
        });
        for (const button of document.querySelectorAll('button[data-moment]'))
          button.addEventListener('click', () => {
            const moment = moments[button.dataset.moment];
            box.querySelector('.before').src = moment.before;
            box.querySelector('.after').src = moment.after;
            for (const other of document.querySelectorAll('button[data-moment]'))
              other.setAttribute('aria-pressed', other === button);
          });
        """
}
