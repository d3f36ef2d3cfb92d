import GraphDSL
import Runner

/// The page of `explain --format html`: a picture of the graph after each step, with what the step changed and why.
struct ExplainPage {
    private let title: String
    private let sections: [HTML]

    /// Lays the graphs out.
    ///
    /// - Throws: ``Failure`` where Graphviz is missing.
    init(_ manifest: Manifest, clip: String?, _ steps: [GraphStep]) async throws {
        title = "\(manifest.reference)" + (clip.map { " with \($0)" } ?? "")
        var sections: [HTML] = []
        var shown: [String] = []
        for step in steps {
            // A step that changes nothing needs no picture.
            let picture: HTML
            if step.drawing.lines == shown {
                picture = ""
            } else {
                picture = """
                    <div class="graph">\(HTML(markup: try await Graphviz.inlineSVG(of: step.drawing.dot)))</div>
                    """
                shown = step.drawing.lines
            }
            sections.append(
                """
                <section id="\(step.name)">
                <h2>\(step.name.prefix(1).uppercased() + step.name.dropFirst())</h2>
                <ul>\(HTML.each(step.changes) { "<li>\($0)</li>" })</ul>
                \(picture)
                </section>
                """)
        }
        self.sections = sections
    }

    /// The page as a file.
    var text: String {
        Page(
            title: title,
            content: """
                <h1>\(title)</h1>
                <p class="quiet">Blue: what comes in. Grey: the pipeline's stages. Yellow: what binding put in. Green: what leaves.</p>
                \(sections)
                """
        ).text
    }
}
