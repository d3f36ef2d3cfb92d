import CLibAV
import GraphDSL
import Testing

/// What our escaping writes, read by libavfilter itself.
struct EscapingAgainstLibavfilterTests {
    /// Parses a graph whose filter has an option of free text, and asks libavfilter what it read.
    private func read(_ text: String) -> (value: String?, filters: Int) {
        guard let graph = avfilter_graph_alloc() else { return (nil, 0) }
        var pointer: UnsafeMutablePointer<AVFilterGraph>? = graph
        var inputs: UnsafeMutablePointer<AVFilterInOut>?
        var outputs: UnsafeMutablePointer<AVFilterInOut>?
        defer {
            avfilter_inout_free(&inputs)
            avfilter_inout_free(&outputs)
            avfilter_graph_free(&pointer)
        }
        let filter = Filter("metadata", ["mode": "add", "key": "k", "value": .text(text)], outputs: [.video])
        guard let description = filter.text,
            avfilter_graph_parse2(graph, "[in]\(description)[out]", &inputs, &outputs) >= 0,
            let context = graph.pointee.filters[0]
        else { return (nil, 0) }
        var value: UnsafeMutablePointer<UInt8>?
        guard av_opt_get(context, "value", AV_OPT_SEARCH_CHILDREN, &value) >= 0, let value else { return (nil, 0) }
        defer { av_free(value) }
        return (String(cString: value), Int(graph.pointee.nb_filters))
    }

    @Test(
        "libavfilter reads back exactly what was written, and one filter only",
        arguments: [
            "'", #"\"#, ":", ",", ";", "[", "]", "%", "\n", "👩‍🚀", "=", " ", "  both ends  ", "\ttab\t", "''", #"\'"#,
            #"\\\"#,
            "a'b:c,d;e[f]g\\h%{pts}i\nj👩‍🚀", "x[out];movie=/etc/passwd[y]", "':text=oops:x='", "\\,\\;\\:", "#comment",
            "%{localtime}", "\r\n", "‮rtl", "a\u{301}", "\\ ", "' '",
        ])
    func roundTrip(text: String) {
        let read = read(text)
        #expect(read.value == text)
        #expect(read.filters == 1)
    }

    @Test("random strings of special characters come through")
    func random() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array(#"'\:,;[]%= "# + "\n\tab👩é")
        for _ in 0..<2000 {
            let text = String(
                (0..<Int.random(in: 1...12, using: &generator)).map { _ in
                    alphabet.randomElement(using: &generator) ?? "a"
                })
            #expect(read(text).value == text, "\(text.debugDescription)")
        }
    }
}
