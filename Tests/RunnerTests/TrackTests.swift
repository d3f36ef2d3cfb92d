import Foundation
import LibAV
import TestSupport
import Testing

@testable import Runner

/// Files with several pictures: which of them is the video.
struct TrackTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// A track of a test file.
    struct Track: Sendable {
        var size = "320x180"
        var rate = "30"
        var frames = 30
        var codec = "libx264"
        var disposition = "0"
        var handler = "vide"
    }

    /// Tracks, and the one that is to be chosen; nil where the file is refused.
    struct Case: CustomTestStringConvertible, Sendable {
        let what: String
        let tracks: [Track]
        let chosen: Int?
        var container = "mp4"
        var testDescription: String { what }
    }

    static let cases = [
        Case(
            what: "a motion photo: two large stills beside the default",
            tracks: [Track(frames: 53, disposition: "default"), Track(size: "640x480", rate: "2", frames: 2)], chosen: 0
        ),
        Case(
            what: "stills that come first and are the default",
            tracks: [Track(size: "640x480", rate: "2", frames: 2, disposition: "default"), Track(frames: 53)], chosen: 1
        ),
        Case(
            what: "two that move: the default, though it is smaller",
            tracks: [Track(size: "640x480"), Track(disposition: "default")], chosen: 1),
        Case(
            what: "two enabled ones that move: the larger",
            tracks: [Track(disposition: "default"), Track(size: "640x480", disposition: "default")], chosen: 1),
        Case(
            what: "a sparse companion as long as the video",
            tracks: [Track(size: "640x480", rate: "2", frames: 4, disposition: "default"), Track(frames: 60)], chosen: 1
        ),
        Case(
            what: "one that cannot be decoded", tracks: [Track(size: "640x480", codec: "snow"), Track()], chosen: 1,
            container: "mkv"),
        Case(
            what: "cover art, larger than the video",
            tracks: [Track(), Track(size: "640x640", frames: 1, codec: "png", disposition: "attached_pic")], chosen: 0),
        Case(
            what: "an auxiliary track that moves, is larger and enabled",
            tracks: [Track(size: "640x480", disposition: "default", handler: "auxv"), Track(disposition: "default")],
            chosen: 1),
        Case(
            what: "the number of frames is not in the header",
            tracks: [Track(size: "640x480", rate: "2", frames: 2), Track(frames: 53)], chosen: 1, container: "mkv"),
        Case(
            what: "an auxiliary picture alone", tracks: [Track(size: "10x12", frames: 5, handler: "auxv")], chosen: nil),
    ]

    @Test("the video is the default or enabled track that moves", arguments: cases)
    func choice(_ it: Case) async throws {
        var words = ""
        for track in it.tracks {
            words +=
                "-f lavfi -i testsrc2=s=\(track.size):r=\(track.rate):d=\(Double(track.frames) / (Double(track.rate) ?? 30)) "
        }
        for (index, track) in it.tracks.enumerated() {
            words += "-map \(index):v -c:v:\(index) \(track.codec) -disposition:v:\(index) \(track.disposition) "
            if track.codec != "png" { words += "-pix_fmt:v:\(index) yuv420p " }
        }
        let clip = try TestClip.make("clip.\(it.container)", in: scratch, words + "-strict -2")
        try setHandlers(it.tracks.map(\.handler), in: clip)
        let info = try await testRunner().probe(clip)
        #expect(info.video?.stream == it.chosen)
        if it.chosen == nil {
            let error = await #expect(throws: RunError.self) {
                try await run(publishedManifest("showcase@3"), of: clip, to: scratch.path("out.mp4"))
            }
            #expect(error?.classification.code == .noVideo)
            #expect(error?.description.contains("no video that moves or can be shown") == true)
        } else {
            let frames = try await run(publishedManifest("showcase@3"), of: clip, to: scratch.path("out.mp4")).frames
            #expect(frames == 150 + (it.chosen.map { it.tracks[$0].frames } ?? 0))
        }
    }

    /// Writes the handlers of an MP4 file's tracks: they stand behind a version and a type that is 0.
    private func setHandlers(_ handlers: [String], in path: String) throws {
        guard handlers.contains(where: { $0 != "vide" }) else { return }
        var data = try Data(contentsOf: URL(filePath: path))
        var place = data.startIndex
        for handler in handlers {
            let found = try #require(data.range(of: Data("hdlr\0\0\0\0\0\0\0\0vide".utf8), in: place..<data.endIndex))
            data.replaceSubrange(found.upperBound - 4..<found.upperBound, with: Data(handler.utf8))
            place = found.upperBound
        }
        try data.write(to: URL(filePath: path))
    }

    @Test(
        "raw DV and Theora in Ogg are read",
        arguments: [
            (
                "clip.dv", "-f lavfi -i testsrc2=s=720x576:r=25:d=1 -f lavfi -i sine=f=440:r=48000:d=1 -target pal-dv",
                30
            ),
            (
                "clip.ogv",
                "-f lavfi -i testsrc2=s=320x180:r=25:d=1 -f lavfi -i sine=f=440:r=48000:d=1 -c:v libtheora -c:a libvorbis",
                30
            ),
        ])
    func otherContainers(name: String, words: String, frames: Int) async throws {
        let clip = try TestClip.make(name, in: scratch, words)
        let report = try await run(publishedManifest("interview@1"), of: clip, to: scratch.path("out.mp4"))
        #expect(report.frames == 150 + frames)
        #expect(try DecodedClip(scratch.path("out.mp4")).errors == 0)
    }

    @Test("a peak that no HDR picture has is not believed", arguments: ["0.005", "20000"])
    func implausiblePeak(peak: String) async throws {
        let units = Int((Double(peak) ?? 0) * 10_000)
        let clip = try TestClip.make(
            "peak.mp4", in: scratch,
            """
            -f lavfi -i testsrc2=s=320x180:r=30:d=0.2 -pix_fmt yuv420p10le -c:v libx265 -tag:v hvc1 -x265-params
            log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:master-display=G(8500,39850)B(6550,2300)R(35400,14600)WP(15635,16450)L(\(units),1):max-cll=0,0
            """)
        let info = try await testRunner().probe(clip)
        #expect(info.video?.colour.isHDR == true && info.video?.colour.lightLevel == nil)
    }

    @Test("a plausible peak is believed, the content's before the display's")
    func plausiblePeak() async throws {
        let clip = try TestClip.make(
            "peak.mp4", in: scratch,
            """
            -f lavfi -i testsrc2=s=320x180:r=30:d=0.2 -pix_fmt yuv420p10le -c:v libx265 -tag:v hvc1 -x265-params
            log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:master-display=G(8500,39850)B(6550,2300)R(35400,14600)WP(15635,16450)L(40000000,1):max-cll=600,700
            """)
        // MaxCLL is below MaxFALL, so the display's 4000 cd/m² count.
        #expect(try await testRunner().probe(clip).video?.colour.lightLevel == 4000)
    }
}
