import GraphDSL
import Stages

extension Pipeline {
    static let interviewV1 = Pipeline(
        "interview", version: 1, summary: "Interview: 720p, branded, at an even loudness, between bumpers with sound"
    ) {
        Pad(to: .hd720)
        Watermark(.asset("brand/watermark.png"), at: .topTrailing, inset: 10, width: 150)
        Loudness(target: -16, truePeak: -1.5)
        Fade(in: 0.5, out: 0.5)
        Bumper(.opening, .asset("brand/intro.mp4"))
        Bumper(.closing, .asset("brand/outro.mp4"))
    } output: {
        MP4(video: .h264(lookahead: 20), frameRate: 30, audio: .aac(bitRate: 160_000))
    }
}
