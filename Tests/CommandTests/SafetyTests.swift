import Foundation
import Glibc
import TestSupport
import Testing

/// Files from people who mean harm.
@Suite(.serialized)
struct SafetyTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    // MARK: Files that lead elsewhere

    /// A port of this machine that somebody listens on.
    private final class Listener {
        let port: UInt16
        private let descriptor: Int32

        init() throws {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            self.descriptor = descriptor
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let bound = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0
                        && getsockname(descriptor, $0, &length) == 0
                }
            }
            port = UInt16(bigEndian: address.sin_port)
            try #require(bound)
        }

        deinit { close(descriptor) }

        /// Whether anybody came.
        var wasCalled: Bool { accept(descriptor, nil, nil) >= 0 }
    }

    /// The name that the fixtures and the playlists give to what must not be opened.
    private static let target = "/tmp/cortina-attack-target.mp4"

    /// The attacks that are text, by the name of their file.
    private func texts(port: UInt16) -> [String: String] {
        let entries = [
            "file": "file://\(Self.target)", "plain": Self.target, "http": "http://127.0.0.1:\(port)/a.ts",
            "tcp": "tcp://127.0.0.1:\(port)", "concat": "concat:\(Self.target)|\(Self.target)",
            "subfile": "subfile,,start,0,end,64,,:\(Self.target)",
            "crypto": "crypto:\(Self.target)", "data": "data:video/mp4;base64,AAAAHGZ0eXA=",
        ]
        var texts: [String: String] = [:]
        for (name, entry) in entries {
            let playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n\(entry)\n#EXT-X-ENDLIST\n"
            texts["hls-\(name).mp4"] = playlist
            texts["hls-\(name).m3u8"] = playlist
            texts["concat-\(name).mp4"] = "ffconcat version 1.0\nfile '\(entry)'\n"
            texts["polyglot-\(name).avi"] = "RIFF\u{10}\u{0}\u{0}\u{0}AVI LIST\u{0}\u{0}\u{0}\u{0}\n\(playlist)"
        }
        texts["session.sdp"] = """
            v=0
            o=- 0 0 IN IP4 127.0.0.1
            s=x
            c=IN IP4 127.0.0.1
            t=0 0
            m=video \(port) TCP/RTP/AVP 96
            a=rtpmap:96 H264/90000

            """
        texts["manifest.mpd"] = """
            <?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>
            <Representation id="1" bandwidth="1" mimeType="video/mp4"><BaseURL>http://127.0.0.1:\(port)/a.mp4</BaseURL>
            </Representation></AdaptationSet></Period></MPD>
            """
        return texts
    }

    /// What the program asks of files and of the network while it makes a video of a file.
    private func trace(of file: String, endingIn status: Int32 = 0) throws -> [Substring] {
        let trace = scratch.path("trace")
        let result = try Tool.run(
            "strace",
            [
                "-f", "-qq", "-e", "trace=file,network", "-o", trace, Program.path, "run", "showcase", file, "-o",
                scratch.path("out.mp4"),
            ], in: Checkout.root)
        #expect(result.status == status, "\(file): \(result.errors.suffix(300))")
        let calls = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
        #expect(calls.count > 20)
        return calls
    }

    @Test("a file that names other files or addresses opens none of them, seen from the system's side")
    func references() throws {
        let listener = try Listener()
        try FileManager.default.removeItemIfPresent(Self.target)
        try FileManager.default.copyItem(atPath: Checkout.fixture("plain.mp4"), toPath: Self.target)
        defer { try? FileManager.default.removeItem(atPath: Self.target) }
        var files = [Checkout.fixture("external-reference.mp4"), Checkout.fixture("playlist-inside.avi")]
        for (name, text) in texts(port: listener.port) {
            try Data(text.utf8).write(to: scratch.folder.appending(path: name))
            files.append(scratch.path(name))
        }
        // Names that libav would take for protocols.
        let names = [
            "concat:\(Self.target)|\(Self.target)", "subfile,,start,0,end,64,,:\(Self.target)", "file:\(Self.target)",
            "tcp://127.0.0.1:\(listener.port)", "data:video/mp4;base64,AAAA", "pipe:0",
        ]
        // The watch itself is watched: a run of the target opens it, and that is seen.
        #expect(try !trace(of: Self.target).filter { $0.contains("\"\(Self.target)\"") }.isEmpty)
        for file in files + names {
            let isVideo = file.hasSuffix("playlist-inside.avi")
            let calls = try trace(of: file, endingIn: isVideo ? 0 : names.contains(file) ? 66 : 65)
            let suspicious = calls.filter { call in
                (call.contains(Self.target) && !call.contains("execve(")
                    && !names.contains { call.contains("\"\($0)\"") })
                    || call.contains("AF_INET") || call.contains("connect(")
            }
            #expect(suspicious.isEmpty, "\(file): \(suspicious.prefix(3))")
        }
        #expect(!listener.wasCalled)
        #expect(try !scratch.names().contains { $0.hasPrefix(".") })
    }

    // MARK: Files that are damaged

    /// A pipeline of showcase's stages for the upload, in a size that is quick to encode.
    private func quickManifest() throws -> String {
        let path = scratch.path("quick.json")
        let json = """
            {"schema": 1, "name": "quick", "version": 1, "summary": "A test", "parameters": [], "assets": [],
             "graph": {"nodes": [
               {"source": {"content": "video"}},
               {"filter": {"name": "crop", "outputs": ["video"], "options": {
                 "w": {"expression": "2*floor(min(in.width, in.height*16/9)/2+0.0001)"},
                 "h": {"expression": "2*floor(min(in.height, in.width*9/16)/2+0.0001)"}}},
                "inputs": [{"node": 0, "pad": 0}]},
               {"filter": {"name": "scale", "outputs": ["video"], "options": {"w": 320, "h": 180}},
                "inputs": [{"node": 1, "pad": 0}]},
               {"sink": "video", "inputs": [{"node": 2, "pad": 0}]}]},
             "output": {"container": "mp4", "frameRate": "30", "video": {"codec": "h264", "preset": "ultrafast", "crf": 30},
               "audio": {"codec": "aac", "bitRate": 128000, "sampleRate": 48000, "channelLayout": "stereo"}}}
            """
        try Data(json.utf8).write(to: URL(filePath: path))
        return path
    }

    @Test("60 damaged copies of the fixtures end in a video or in a sentence, never in a signal")
    func mutations() throws {
        let manifest = try quickManifest()
        let clips = try FileManager.default.contentsOfDirectory(atPath: Checkout.file("Tests/Fixtures")).sorted()
            .filter { !$0.hasSuffix(".py") && !$0.hasPrefix("empty") && !$0.hasPrefix("__") }
        for seed in 0..<60 {
            let clip = Checkout.fixture(clips[seed % clips.count])
            let ratio = ["0.0001", "0.0005", "0.002", "0.01"][seed % 4]
            let damaged = scratch.path("damaged")
            let zzuf = try Tool.run("sh", ["-c", "zzuf -s \(seed) -r \(ratio) < '\(clip)' > '\(damaged)'"])
            try #require(zzuf.status == 0)
            let out = scratch.path("out.mp4")
            let result = try Program.run(
                ["run", manifest, damaged, "-o", out, "--progress", "none", "--limit-time", "60"],
                environment: ["SWIFT_BACKTRACE": "enable=no"])
            #expect(
                [0, 65].contains(result.status), "seed \(seed), \(clip): \(result.status) \(result.errors.suffix(300))")
            #expect(FileManager.default.fileExists(atPath: out) == (result.status == 0))
            #expect(try !scratch.names().contains { $0.hasPrefix(".") })
            try FileManager.default.removeItemIfPresent(out)
        }
    }

    @Test("more memory than is allowed ends the run with a sentence")
    func memory() throws {
        let clip = try TestClip.plain(in: scratch, seconds: 10, size: "1920x1080", audio: false)
        let out = scratch.path("out.mp4")
        let result = try Program.run(
            ["run", "showcase", clip, "-o", out, "--progress", "none", "--limit-memory", "150000000"])
        #expect(
            result.status == 65 && result.errors.contains("error: the work needs more than 150 MB of memory"),
            "\(result.errors)")
        #expect(try !scratch.names().contains { $0.contains("out.mp4") })
    }

    @Test("8K of 10 bit stays within the memory that there is by default")
    func largest() throws {
        let clip = try TestClip.make(
            "8k.mp4", in: scratch,
            """
            -f lavfi -i testsrc2=s=7680x4320:r=30 -frames:v 12 -pix_fmt yuv420p10le -c:v libx265 -preset ultrafast -tag:v hvc1 \
            -x265-params log-level=error:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc
            """)
        let result = try Program.run(["run", "showcase", clip, "-o", scratch.path("out.mp4"), "--progress", "none"])
        #expect(result.status == 0, "\(result.errors)")
    }

    @Test("what libav says stays out of standard error, and comes at a bounded rate where it is asked for")
    func log() throws {
        let clip = Checkout.fixture("damaged-much.mp4")
        let arguments = ["run", try quickManifest(), clip, "-o", scratch.path("out.mp4"), "--progress", "none"]
        let quiet = try Program.run(arguments)
        #expect(quiet.errors.split(separator: "\n").count == 1 && quiet.errors.hasPrefix("error: "), "\(quiet.errors)")
        let verbose = try Program.run(arguments + ["--verbose"])
        let lines = verbose.errors.split(separator: "\n")
        #expect(lines.contains { $0.contains("from=libav") })
        #expect(lines.allSatisfy { $0.contains("from=libav") || $0.hasPrefix("error: ") }, "\(verbose.errors)")
    }
}

extension FileManager {
    fileprivate func removeItemIfPresent(_ path: String) throws {
        if fileExists(atPath: path) { try removeItem(atPath: path) }
    }
}
