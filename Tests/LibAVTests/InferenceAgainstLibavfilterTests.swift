import GraphDSL
import LibAV
import Testing

/// What is said of filters' links, held against the links that libavfilter configures.
struct InferenceAgainstLibavfilterTests {
    private static let pictures =
        FormatInference.unchanging
        .filter { FilterLibrary.has($0) && !$0.hasPrefix("a") && !sound.contains($0) }.sorted() + ["avgblur"]
    private static let sound: Set<String> = [
        "bass", "compand", "deesser", "dynaudnorm", "equalizer", "highpass", "lowpass", "treble", "volume",
    ]

    @Test("filters that are said to change no fact of a picture leave its size, format and rate", arguments: pictures)
    func unchanging(name: String) throws {
        // A filter with the options that it cannot be without.
        let filter = ["drawtext": "drawtext=text=a", "overlay": "split[a][b];[a][b]overlay"][name] ?? name
        // For `premultiply`, whose pictures have transparency.
        let format = name == "premultiply" ? "yuva444p" : "yuv420p"
        let premultiplied = name == "premultiply" ? "premultiply=inplace=1" : filter
        let graph = try FilterGraphInstance(
            text: "testsrc2=s=320x180:r=30:d=0.1,format=\(format),\(premultiplied),setpts=PTS[v]", inputs: [],
            outputs: [.init(label: "v", isVideo: true)])
        let end = try #require(graph.links.first { $0.to.hasPrefix("Parsed_setpts") })
        #expect(end.format == format && end.size == (320, 180) && end.frameRate == Fraction(30, 1))
        #expect(end.sampleAspect == Fraction(1, 1))
    }
}
