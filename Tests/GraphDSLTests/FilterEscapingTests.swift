import GraphDSL
import Testing

struct FilterEscapingTests {
    @Test("each level of quoting gets its own backslashes")
    func levels() {
        #expect(FilterEscaping.option("text", "plain") == "text=plain")
        #expect(FilterEscaping.option("x", "a:b") == #"x=a\\:b"#)
        #expect(FilterEscaping.option("x", "a,b;c[d]") == #"x=a\,b\;c\[d\]"#)
        #expect(FilterEscaping.option("x", "it's") == #"x=it\\\'s"#)
        #expect(FilterEscaping.option("x", #"a\b"#) == #"x=a\\\\b"#)
    }

    @Test("white space is protected at the ends, where libavfilter would drop it, and left alone inside")
    func whitespace() {
        #expect(FilterEscaping.option("x", " a b\n") == "x=\\\\ a b\\\\\\\n")
        #expect(FilterEscaping.option("x", " ") == #"x=\\\ "#)
    }

    @Test(
        "characters without a meaning stay as they are", arguments: ["%", "%{pts}", "é", "👩‍🚀", "=", "#", "\"", "$(x)"])
    func untouched(text: String) {
        #expect(FilterEscaping.option("x", text) == "x=\(text)")
    }

    @Test("a NUL cannot end the graph early")
    func nul() { #expect(FilterEscaping.option("x", "a\0b") == "x=ab") }
}
