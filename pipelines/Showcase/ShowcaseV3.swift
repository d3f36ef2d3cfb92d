import GraphDSL
import Stages

extension Pipeline {
    /// As the first version looks, for a quarter of the work of encoding: coarser motion than the second, finer quantisation.
    static let showcaseV3 = Pipeline(
        "showcase", version: 3, summary: "Rising-stars reel: 30 s, 720p, branded, silent"
    ) {
        Trim(to: .seconds(30))
        Crop(to: .ratio(16, 9))
        Scale(to: .hd720)
        Watermark(.asset("brand/watermark.png"), at: .topTrailing, inset: 10, width: 150)
        StripAudio()
        Bumper(.opening, .asset("brand/intro.mp4"), silent: true)
        Bumper(.closing, .asset("brand/outro.mp4"), silent: true)
    } output: {
        MP4(
            video: .h264(
                preset: .veryfast, crf: 21.5, tune: .ssim, lookahead: 15,
                options: ["me_method": "dia", "b_strategy": "0", "subq": "1", "trellis": "1"]), frameRate: 30)
    }
}
