import ArgumentParser
import GraphDSL
import Runner

/// `cortina probe CLIP`
struct ProbeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "probe", abstract: "Says what a clip is.")

    @Argument(help: "The clip.", completion: .file())
    var clip: String

    @Flag(help: "Prints JSON.")
    var json = false

    mutating func run() async throws {
        let runner = Runner(assets: AssetFolder(path: "."), logger: Log.logger(verbose: false))
        let info = try await runner.probe(clip)
        print(json ? try Console.json(info, indented: true) : Self.words(info).description)
    }

    private static func words(_ info: MediaInfo) -> Table {
        var table = Table()
        let container = info.container.split(separator: ",").first.map(String.init) ?? info.container
        let bytes = info.bytes.map { ", \((Double($0) / 1e4).rounded() / 100) MB" } ?? ""
        table.rows.append(["file", container + bytes])
        table.rows.append([
            "length",
            (info.duration.map { "\($0) s" } ?? "a still picture")
                + (info.isDurationMeasured ? ", measured: the container does not say, or cannot be believed" : ""),
        ])
        if let video = info.video {
            table.rows.append(["video", "\(video.codec), \(video.pixelFormat), \(video.bitDepth) bit"])
            table.rows.append(["picture", picture(video)])
            table.rows.append(["frames", frames(video)])
            table.rows.append(["colours", colours(video.colour)])
        } else {
            table.rows.append(["video", "none"])
        }
        table.rows.append([
            "sound", info.audio.map { "\($0.codec), \($0.sampleRate) Hz, \($0.channelLayout)" } ?? "none",
        ])
        if !info.ignored.isEmpty { table.rows.append(["not used", info.ignored.joined(separator: ", ")]) }
        return table
    }

    private static func picture(_ video: MediaInfo.Video) -> String {
        var parts = ["\(video.displaySize)"]
        if video.displaySize != video.codedSize { parts.append("coded as \(video.codedSize)") }
        if video.sampleAspect != 1 { parts.append("pixels of \(video.sampleAspect)") }
        if let turn = video.turn { parts.append(turn) }
        return parts.joined(separator: ", ")
    }

    private static func frames(_ video: MediaInfo.Video) -> String {
        let rate = (video.frameRate.value * 1000).rounded() / 1000
        return "\(rate) a second" + (video.isVariableFrameRate ? " on average, variable" : ", constant")
            + (video.isInterlaced ? ", interlaced" : "")
    }

    private static func colours(_ colour: ColourDescription) -> String {
        let names = [colour.matrix, colour.primaries, colour.transfer].compactMap(\.self)
        let said = names.isEmpty ? "not said" : Set(names).count == 1 ? names[0] : names.joined(separator: " / ")
        return said + (colour.isFullRange ? ", full range" : ", limited range") + (colour.isHDR ? ", HDR" : "")
    }
}
