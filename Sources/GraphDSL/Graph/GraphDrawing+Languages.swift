extension GraphDrawing {
    /// The drawing in Graphviz's language (graphviz.org/doc/info/lang.html).
    public var dot: String {
        var lines = [
            "digraph graph_ {", "  label=\(Self.quoted(title)); labelloc=t; fontname=\"sans-serif\"; rankdir=TB;",
            "  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\", fontsize=11];",
            "  edge [fontname=\"sans-serif\", fontsize=9, color=\"#555555\"];",
        ]
        for (index, box) in boxes.enumerated() {
            let stage = box.stage.map { ["(\($0))"] } ?? []
            let label = ([box.title] + box.details + stage).joined(separator: "\n")
            lines.append("  n\(index) [label=\(Self.quoted(label)), fillcolor=\"\(box.colour)\"];")
        }
        for arrow in arrows {
            let look = arrow.isReference ? "style=dotted, constraint=false" : "label=\(Self.quoted(arrow.label))"
            lines.append("  n\(arrow.from) -> n\(arrow.to) [\(look)];")
        }
        return (lines + ["}"]).joined(separator: "\n")
    }

    /// The drawing in Mermaid's language (mermaid.js.org/syntax/flowchart.html).
    public var mermaid: String {
        func escaped(_ text: String) -> String {
            String(
                text.flatMap { character -> [Character] in
                    switch character {
                    case "\"": Array("#quot;")
                    case "#": Array("#35;")
                    case "<": Array("#lt;")
                    case ">": Array("#gt;")
                    case "\n": Array("<br>")
                    default: [character]
                    }
                })
        }
        var lines = ["flowchart TB"]
        for (index, box) in boxes.enumerated() {
            let label = ([box.title] + box.details).map(escaped).joined(separator: "<br>")
            lines.append("  n\(index)[\"\(label)\"]")
        }
        for arrow in arrows {
            let label = arrow.label.isEmpty ? "" : "|\"\(escaped(arrow.label))\"|"
            lines.append("  n\(arrow.from) \(arrow.isReference ? "-.->" : "-->")\(label) n\(arrow.to)")
        }
        return lines.joined(separator: "\n")
    }

    /// The nodes as lines of text without their numbers, each with the titles of the nodes that it reads.
    public var lines: [String] {
        boxes.enumerated().map { index, box in
            let inputs = arrows.filter { $0.to == index && !$0.isReference }.map { boxes[$0.from].title }
            var line = ([box.title] + box.details).joined(separator: " ")
            if !inputs.isEmpty { line += "  <- \(inputs.joined(separator: ", "))" }
            if let stage = box.stage { line += "  (\(stage))" }
            return line
        }
    }

    /// The drawing as lines of text, a node each, in the order of the graph.
    public var text: String {
        let names = boxes.indices.map { "n\($0)" }
        let rows = boxes.enumerated().map { index, box in
            let inputs = arrows.filter { $0.to == index && !$0.isReference }.map { names[$0.from] }
            let outputs = arrows.first { $0.from == index && !$0.isReference }?.label ?? ""
            var line = "\(names[index])  \(box.title)"
            if !box.details.isEmpty { line += "  \(box.details.joined(separator: " "))" }
            if !inputs.isEmpty { line += "  <- \(inputs.joined(separator: ", "))" }
            if !outputs.isEmpty { line += "  [\(outputs)]" }
            if let stage = box.stage { line += "  (\(stage))" }
            return "  \(line)"
        }
        return ([title] + rows).joined(separator: "\n")
    }

    /// A string of Graphviz's language; nothing in it ends the string, and a line ends where it says.
    private static func quoted(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\"", "\\": result += "\\\(character)"
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
        return "\"\(result)\""
    }
}

extension GraphDrawing.Box {
    /// Ours, the pipeline's and what binding put in, told apart.
    fileprivate var colour: String {
        switch kind {
        case .source: "#cfe3f7"
        case .sink: "#d7f0d2"
        case .filter: stage == nil ? "#f7e6c4" : "#f2f2f2"
        }
    }
}
