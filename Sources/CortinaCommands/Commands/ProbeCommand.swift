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

    @OptionGroup(title: "Limits") var limits: LimitOptions

    mutating func run() async throws {
        let runner = Runner(AssetFolder(path: "."), limits: limits.limits)
        let info = try await runner.probe(clip)
        print(json ? try Console.json(info, indented: true) : Self.words(info).description)
    }

    private static func words(_ info: MediaInfo) -> Table {
        var table = Table()
        let container = info.container.split(separator: ",").first.map(String.init) ?? info.container
        let bytes = info.bytes.map { ", \((Double($0) / 1e4).rounded() / 100) MB" } ?? ""
        table.rows.append(["file", container + bytes])
        table.rows.append(["length", length(info)])
        if let video = info.video {
            table.rows.append(["video", picture(video)])
            table.rows.append(["size", size(video)])
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

    private static func length(_ info: MediaInfo) -> String {
        guard let duration = info.duration else { return info.video == nil ? "unknown" : "a still picture" }
        var parts = ["\(duration) s"]
        if let claim = info.claimedDuration { parts.append("though the container says \(claim) s") }
        if info.start != .zero { parts.append("from \(info.start) s of its own clock") }
        if info.hiddenFrames > 0 { parts.append("\(info.hiddenFrames) frames hidden by an edit list") }
        return parts.joined(separator: ", ")
    }

    private static func picture(_ video: MediaInfo.Video) -> String {
        guard video.isSupported else { return "\(video.codec), which is not taken" }
        guard video.isDecodable else { return "\(video.codec), which cannot be decoded" }
        return "\(video.codec), \(video.pixelFormat), \(video.bitDepth) bit" + (video.hasAlpha ? ", transparent" : "")
    }

    private static func size(_ video: MediaInfo.Video) -> String {
        var parts = ["\(video.displaySize)"]
        if video.displaySize != video.codedSize { parts.append("coded as \(video.codedSize)") }
        if video.sampleAspect != 1 { parts.append("pixels of \(video.sampleAspect)") }
        if let turn = video.turn { parts.append(turn) }
        return parts.joined(separator: ", ")
    }

    private static func frames(_ video: MediaInfo.Video) -> String {
        let rate = (video.frameRate.value * 1000).rounded() / 1000
        let basis =
            switch video.frameRateBasis {
            case .container(0): "as the container says"
            case .container(let frames):
                "as the container says, and the times of \(frames == 1 ? "1 frame" : "\(frames) frames")"
            case .times(let frames): "by the times of \(frames) frames"
            case .assumed: "assumed: nothing says"
            }
        return "\(rate) a second" + (video.isVariableFrameRate ? " on average, variable" : ", constant") + " (\(basis))"
            + (video.isInterlaced ? ", interlaced" : ", progressive")
    }

    private static func colours(_ colour: ColourDescription) -> String {
        let names = [colour.matrix, colour.primaries, colour.transfer].compactMap(\.self)
        let said = names.isEmpty ? "not said" : Set(names).count == 1 ? names[0] : names.joined(separator: " / ")
        let light = colour.lightLevel.map { ", up to \(Int($0)) cd/m²" } ?? ""
        return said + (colour.isFullRange ? ", full range" : ", limited range") + (colour.isHDR ? ", HDR" : "") + light
    }
}
