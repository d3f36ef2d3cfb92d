import GraphDSL
import LibAV
import Testing

/// What is said of filters' links, held against the links that libavfilter configures.
struct InferenceAgainstLibavfilterTests {
    /// The filters of a kind that this libavfilter has, of those that are said to change no fact.
    private static func unchanging(_ kind: MediaKind) -> [String] {
        (FormatInference.unchanging[kind] ?? []).filter(FilterLibrary.has).sorted()
    }

    /// The link behind a graph's last filter.
    private func end(_ text: String, _ last: String, isVideo: Bool) throws -> FilterGraphInstance.Link {
        let graph = try FilterGraphInstance(
            text: "\(text),\(last)[out]", inputs: [], outputs: [.init(label: "out", isVideo: isVideo)])
        return try #require(graph.links.first { $0.to.hasPrefix("Parsed_\(last)") })
    }

    @Test("filters that are said to change no fact of a picture change none", arguments: unchanging(.video))
    func pictures(name: String) throws {
        // With the options and inputs that it cannot be without.
        let filter =
            [
                "drawtext": "drawtext=text=a", "overlay": "split[a][b];[a][b]overlay",
                "premultiply": "premultiply=inplace=1",
            ][
                name] ?? name
        // Whose pictures have transparency.
        let format = name == "premultiply" ? "yuva444p" : "yuv420p"
        let end = try end("testsrc2=s=320x180:r=30:d=0.1,format=\(format),\(filter)", "null", isVideo: true)
        #expect(end.format == format && end.size == (320, 180) && end.frameRate == Fraction(30, 1))
        #expect(end.sampleAspect == Fraction(1, 1))
    }

    @Test("filters that are said to change no fact of sound change none", arguments: unchanging(.audio))
    func sound(name: String) throws {
        let end = try end("sine=r=44100:d=0.1,aformat=channel_layouts=stereo,\(name)", "anull", isVideo: false)
        #expect(end.sampleRate == 44100 && end.channelLayout == "stereo")
    }
}
