import LibAV
public import Logging

extension Runner {
    /// Has libav do a little of what every job needs, so that its code is loaded and its tables are made before there is one: a filter
    /// graph with what most graphs have, and a frame encoded with x264. Takes some hundredths of a second. Sets libav's log and memory
    /// up as a runner does.
    ///
    /// - Parameter logger: told where libav cannot do even that.
    public static func warmUp(_ logger: Logger) {
        setUp(Limits(), logger)
        // Read once, while files can be opened.
        _ = (Watchdog.residentBytes, Processors.available, ProcessAge.seconds)
        do throws(AVError) {
            let graph = try FilterGraphInstance(
                text:
                    "testsrc2=s=64x36:r=30:d=0.1,format=yuv420p,fps=30,scale=48:28,split[a][b];[a][b]overlay,format=yuv420p[v]",
                inputs: [], outputs: [.init(label: "v", isVideo: true)], threads: 1)
            let encoder = try Encoder(
                video: .init(
                    encoder: "libx264", width: 48, height: 28, frameRate: Fraction(30, 1),
                    options: ["preset": "ultrafast"]),
                threads: 1)
            if case .frame(let frame, _) = try graph.next() { try encoder.send(frame) }
            try encoder.send(nil)
            while try encoder.receive() != nil {}
        } catch {
            logger.warning("libav cannot be warmed up", metadata: ["error": "\(error)"])
        }
    }
}
