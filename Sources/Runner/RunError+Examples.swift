import FoundationEssentials
import Glibc
import GraphDSL
import LibAV

extension RunError {
    /// One error of each kind, as `cortina errors` and `docs/errors.md` show them.
    public static let examples: [RunError] =
        [
            .noSuchInput("clip.mp4"),
            .unreadableInput("clip.mp4", errno: EACCES),
            .unreachableInput("https://example.com/clip.mp4", reason: "Could not resolve host: example.com"),
            .notMedia("notes.mp4", .invalidData(operation: "open the input")),
            .unsupportedFormat("holiday.wmv", format: "a Windows Media file (ASF, WMV)"),
            .stillPicture("photo.png"),
            .noVideo("song.m4a"),
            .unsupportedCodec("old.avi", codec: "cinepak"),
            .undecodable("clip.mp4", codec: "h264"),
            .damaged("clip.mp4", share: 0.8, limit: 0.5),
            .implausible("clip.mp4"),
            .unsuitable("nothing of the clip is left after the pipeline's trims; try a longer clip"),
            .pictureTooLarge("poster.mp4", PictureSize(width: 16384, height: 8192), limit: Limits().pictureArea),
            .tooManyStreams("disc.mkv", limit: Limits().streams),
            .probeTooLong("clip.mov", limit: Limits().probeBytes),
            .tooManyFrames("day.mp4", limit: Limits().frames),
            .outputTooLarge("out.mp4", limit: Limits().outputBytes),
            .tookTooLong(limit: Limits().time),
            .tooMuchMemory(limit: Limits().memory),
            .crashed("clip.mp4", how: "signal 11, SIGSEGV"),
            .parameter(.missing(name: "player", range: "text of at most 60 characters, without control characters")),
            .outputIsInput("clip.mp4"),
            .cannotWrite("out.mp4", reason: "No space left on device"),
            .fault("libavfilter refuses the graph of showcase@1: Invalid argument"),
            .busy,
            .cancelled,
        ]
        + (AssetPath("brand/intro.mp4").map { intro in
            [
                .missingAsset(intro, folder: "assets"),
                .changedAsset(
                    intro, expected: ContentDigest(of: Data("a".utf8)), found: ContentDigest(of: Data("b".utf8))),
                .unusableAsset(intro, reason: "it has no picture"),
            ]
        } ?? [])

}
