import Foundation
import GraphDSL
import LibAV
import Runner
import TestSupport
import Testing

struct ProbeTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test("a plain clip's facts")
    func plain() async throws {
        let info = try await testRunner().probe(try TestClip.plain(in: scratch, seconds: 2))
        let video = try #require(info.video)
        #expect(info.duration == 2 && !info.isDurationMeasured)
        #expect(video.codec == "h264" && video.displaySize == PictureSize(width: 320, height: 180))
        #expect(video.frameRate == 30 && !video.isVariableFrameRate && video.pixelFormat == "yuv420p")
        #expect(video.colour.matrix == "bt709" && !video.colour.isFullRange && !video.colour.isHDR)
        #expect(info.audio?.channelLayout == "stereo" && info.audio?.sampleRate == 48_000)
    }

    @Test(
        "a phone's portrait clip is reported upright",
        arguments: [(90, "counterclockwise"), (180, "upsideDown"), (270, "clockwise")])
    func rotation(degrees: Int, orientation: String) async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 0.5)
        let turned = try TestClip.make("turned.mp4", in: scratch, "-i \(clip) -c copy -metadata:s:v rotate=\(degrees)")
        let video = try #require(try await testRunner().probe(turned).video)
        #expect(video.orientation != .upright && video.turn != nil)
        #expect(
            video.displaySize
                == (degrees == 180 ? PictureSize(width: 320, height: 180) : PictureSize(width: 180, height: 320)))
        let pipeline = Pipeline("test", version: 1, summary: "A test") {
        } output: {
            MP4(video: .h264(preset: .ultrafast, crf: 4), frameRate: 30)
        }
        try await make(pipeline, of: turned, to: scratch.path("out.mp4"))
        // The ffmpeg program's own turning is the reference.
        let reference = try TestClip.make(
            "reference.mp4", in: scratch, "-i \(turned) -c:v libx264 -preset ultrafast -crf 4 -an")
        let (ours, theirs) = (
            try DecodedClip(scratch.path("out.mp4"), keeping: { $0 == 3 }),
            try DecodedClip(reference, keeping: { $0 == 3 })
        )
        #expect(ssim(try #require(ours.pictures[3]), try #require(theirs.pictures[3])) > 0.98)
    }

    @Test("pixels that are not square make a wider picture")
    func anamorphic() async throws {
        let clip = try TestClip.make(
            "sar.mp4", in: scratch,
            "-f lavfi -i testsrc2=s=320x240:r=30:d=0.5 -vf setsar=4/3 -pix_fmt yuv420p -c:v libx264")
        let video = try #require(try await testRunner().probe(clip).video)
        #expect(video.sampleAspect == Rational(4, 3) && video.displaySize == PictureSize(width: 426, height: 240))
    }

    @Test("cover art is not the video, a data stream is not used")
    func coverArt() async throws {
        let cover = try TestClip.make("cover.jpg", in: scratch, "-f lavfi -i color=red:s=64x64:d=1 -frames:v 1")
        let song = try TestClip.make(
            "song.mp4", in: scratch,
            "-f lavfi -i sine=d=1 -i \(cover) -map 0 -map 1 -c:v copy -disposition:v attached_pic")
        let info = try await testRunner().probe(song)
        #expect(info.video == nil && info.audio != nil && info.ignored == ["cover art (mjpeg)"])
    }

    @Test("a container that does not say how long it is gets measured")
    func measured() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 1)
        let live = try TestClip.make("live.mkv", in: scratch, "-i \(clip) -c copy -f matroska -live 1")
        let info = try await testRunner().probe(live)
        #expect(info.isDurationMeasured)
        #expect(abs((info.video?.duration ?? 0).value - 1) < 0.05)
    }

    @Test("what is not media, and what is not there, are told apart")
    func refusals() async throws {
        for (name, bytes) in [
            ("empty.mp4", ""), ("text.mp4", "This is not a film.\n"),
            ("words.mp4", "A B C\n"),
        ] {
            try Data(bytes.utf8).write(to: scratch.folder.appending(path: name))
            let error = await #expect(throws: RunError.self, "\(name)") {
                try await testRunner().probe(scratch.path(name))
            }
            guard case .notMedia = error else { Issue.record("\(name): \(String(describing: error))"); continue }
        }
        let named: [(bytes: [UInt8], word: String)] = [
            (Array("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n".utf8), "a playlist (M3U)"),
            ([0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11, 0, 0], "a Windows Media file (ASF, WMV)"),
            (Array("RIFF\0\0\0\0WAVEfmt ".utf8), "a WAV file"), (Array("\0\0\0\u{18}ftypheic".utf8), "a HEIC picture"),
        ]
        for (bytes, word) in named {
            try Data(bytes).write(to: scratch.folder.appending(path: "clip.mp4"))
            let error = await #expect(throws: RunError.self) { try await testRunner().probe(scratch.path("clip.mp4")) }
            #expect(error == .unsupportedFormat(scratch.path("clip.mp4"), format: word))
            #expect(error?.description.contains("use MP4, MOV") == true && error?.blame == .input)
        }
        for path in [scratch.path("absent.mp4"), scratch.folder.path, "/dev/null"] {
            let error = await #expect(throws: RunError.self) { try await testRunner().probe(path) }
            #expect(error == .noSuchInput(path))
        }
    }
}
