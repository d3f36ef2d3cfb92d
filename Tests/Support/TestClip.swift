import Foundation

/// Makes clips for tests with the `ffmpeg` program.
package enum TestClip {
    /// Why a clip could not be made.
    package struct Failure: Error { package let text: String }

    /// Makes a file from the arguments between `ffmpeg -y` and the file's name.
    @discardableResult
    package static func make(_ name: String, in scratch: Scratch, _ arguments: String) throws -> String {
        let path = scratch.path(name)
        let words = arguments.split(whereSeparator: \.isWhitespace).map(String.init)
        let result = try Tool.run("ffmpeg", ["-y", "-nostdin", "-loglevel", "error"] + words + [path])
        guard result.status == 0 else { throw Failure(text: result.errors) }
        return path
    }

    /// A test picture with a tone: 320x180, 30 fps, BT.709.
    package static func plain(
        _ name: String = "plain.mp4", in scratch: Scratch, seconds: Double = 2, size: String = "320x180",
        rate: String = "30", audio: Bool = true
    ) throws -> String {
        try make(
            name, in: scratch,
            "-f lavfi -i testsrc2=s=\(size):r=\(rate):d=\(seconds) "
                + (audio ? "-f lavfi -i sine=f=440:r=48000:d=\(seconds) " : "")
                + "-pix_fmt yuv420p -c:v libx264 -preset ultrafast -crf 12 -color_range tv -colorspace bt709 "
                + "-color_primaries bt709 -color_trc bt709 -c:a aac -ac 2")
    }

    /// One colour, without sound.
    package static func colour(
        _ colour: String, _ name: String, in scratch: Scratch, seconds: Double = 1, size: String = "320x180"
    ) throws -> String {
        try make(
            name, in: scratch,
            "-f lavfi -i color=c=\(colour):s=\(size):r=30:d=\(seconds) -vf "
                + "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p -c:v libx264 -preset ultrafast -crf 4 "
                + "-color_range tv -colorspace bt709 -color_primaries bt709 -color_trc bt709")
    }
}
