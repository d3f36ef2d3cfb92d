import FoundationEssentials

/// A piece of HTML. Text that is put in by interpolation is escaped; other pieces go in as they are.
struct HTML: ExpressibleByStringInterpolation, CustomStringConvertible {
    /// The markup.
    var description: String

    init(stringLiteral value: String) { description = value }

    init(stringInterpolation: Interpolation) { description = stringInterpolation.markup }

    /// Markup that is known to be whole and safe.
    init(markup: String) { description = markup }

    /// A place in HTML where things are put in.
    struct Interpolation: StringInterpolationProtocol {
        var markup = ""

        init(literalCapacity: Int, interpolationCount: Int) {}

        mutating func appendLiteral(_ literal: String) { markup += literal }

        mutating func appendInterpolation(_ html: HTML) { markup += html.description }

        mutating func appendInterpolation(_ pieces: [HTML]) {
            markup += pieces.map(\.description).joined(separator: "\n")
        }

        mutating func appendInterpolation(_ text: some CustomStringConvertible) {
            markup += HTML.escaped(text.description)
        }
    }

    /// Text with the five characters that mean something in HTML written as references.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
        return result
    }

    /// A value as JSON that can stand in a `script` element: nothing in it ends the element.
    static func script(_ value: some Encodable) throws -> HTML {
        HTML(markup: try Console.json(value, indented: false).replacing("<", with: "\\u003c"))
    }

    /// An element of each item.
    static func each<Item>(_ items: some Sequence<Item>, _ make: (Item) -> HTML) -> [HTML] { items.map(make) }
}

/// A page that stands for itself: it loads nothing.
struct Page {
    /// What the browser's tab says.
    let title: String
    /// What the page shows.
    let content: HTML
    /// What runs in it.
    var script = ""

    /// The page as a file.
    var text: String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>\(HTML.escaped(title))</title>
        <link rel="icon" href="data:,">
        <style>
        \(Self.style)
        </style>
        </head>
        <body>
        <main>
        \(content)
        </main>
        \(script.isEmpty ? "" : "<script>\n\(script)\n</script>")
        </body>
        </html>

        """
    }

    /// The look of all pages.
    private static let style = """
        :root { --ink: #1c2127; --quiet: #5d6874; --line: #dfe3e8; --paper: #fff; --shade: #f4f6f8; --accent: #1767b3; }
        @media (prefers-color-scheme: dark) {
          :root { --ink: #e8ebee; --quiet: #98a3af; --line: #333b44; --paper: #14181d; --shade: #1d232a; --accent: #6cb2f5; }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
        main { max-width: 72rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
        h1 { font-size: 1.6rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
        p { margin: .25rem 0; }
        .quiet { color: var(--quiet); }
        .warning { border-left: 3px solid #d29922; padding-left: .6rem; margin: .25rem 0; }
        table { border-collapse: collapse; font-size: .9rem; }
        th, td { text-align: left; vertical-align: top; padding: .25rem .9rem .25rem 0; }
        tr + tr > * { border-top: 1px solid var(--line); }
        th { font-weight: 600; white-space: nowrap; }
        .scroll { overflow-x: auto; }
        .graph { overflow: auto; max-height: 80vh; background: #fff; border: 1px solid var(--line); border-radius: 6px; padding: .5rem; }
        .graph svg { display: block; margin: auto; max-width: max(100%, 44rem); height: auto; }
        .frames { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .5rem; }
        figure { margin: 0; }
        figure img { display: block; width: 100%; border-radius: 4px; background: var(--shade); }
        figcaption { font-size: .8rem; color: var(--quiet); font-variant-numeric: tabular-nums; }
        .compare { position: relative; overflow: hidden; border-radius: 6px; background: #000; touch-action: pan-y; }
        .compare img { display: block; width: 100%; height: 100%; object-fit: contain; }
        .compare .before { position: absolute; inset: 0; clip-path: inset(0 calc(100% - var(--at, 50%)) 0 0); background: #000; }
        .compare .edge { position: absolute; inset: 0 auto 0 var(--at, 50%); width: 2px; background: #fff; box-shadow: 0 0 4px #000; }
        .compare span { position: absolute; bottom: .5rem; padding: .1rem .5rem; border-radius: 4px; background: #000a; color: #fff; font-size: .8rem; }
        .compare span:first-of-type { left: .5rem; } .compare span:last-of-type { right: .5rem; }
        input[type=range] { width: 100%; margin: .75rem 0; accent-color: var(--accent); }
        nav { display: flex; flex-wrap: wrap; gap: .4rem; margin: .5rem 0; }
        button { font: inherit; font-size: .9rem; padding: .25rem .7rem; border: 1px solid var(--line); border-radius: 4px; background: var(--shade); color: inherit; cursor: pointer; }
        button[aria-pressed=true] { background: var(--accent); border-color: var(--accent); color: var(--paper); }
        h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
        pre { font: .85rem/1.5 ui-monospace, monospace; background: var(--shade); padding: .75rem; border-radius: 6px; }
        .diff { white-space: normal; }
        .diff span { display: block; white-space: pre; width: max-content; min-width: 100%; }
        .diff .removed { background: #d1242f33; } .diff .added { background: #1a7f3733; }
        .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: .5rem; }
        .plot { width: 100%; min-width: 40rem; height: auto; display: block; }
        .plot text { fill: var(--quiet); font-size: 11px; }
        """
}
