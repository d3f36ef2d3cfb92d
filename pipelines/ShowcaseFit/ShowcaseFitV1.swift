import GraphDSL
import Stages

extension Pipeline {
    static let showcaseFitV1 = Pipeline(
        "showcase-fit", version: 1, summary: "Rising-stars reel of the whole picture: 30 s, 720p, branded, silent"
    ) {
        Trim(to: .seconds(30))
        Pad(to: .hd720)
        Watermark(.asset("brand/watermark.png"), at: .topTrailing, inset: 10, width: 150)
        StripAudio()
        Bumper(.opening, .asset("brand/intro.mp4"), silent: true)
        Bumper(.closing, .asset("brand/outro.mp4"), silent: true)
    } output: {
        MP4(video: .h264(), frameRate: 30)
    }
}
