import ArgumentParser
import GraphDSL
import Runner

/// `cortina diff A B [CLIP]`
struct DiffCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Shows what differs between two pipelines, and with a clip how much their pictures do.")

    @Argument(help: "A pipeline's name, NAME@VERSION, or the path of a manifest.", completion: .pipelines)
    var first: String

    @Argument(help: "Another one.", completion: .pipelines)
    var second: String

    @Argument(help: "A clip to compare the pictures of.", completion: .file())
    var clip: String?

    @Option(
        name: .shortAndLong, help: "Where a page with plots and the frames that differ most goes.", completion: .file())
    var output: String?

    @Flag(help: "Prints JSON.")
    var json = false

    @OptionGroup var values: ParameterOptions

    @OptionGroup var options: ProjectOptions

    @OptionGroup(title: "Limits") var limits: LimitOptions

    func validate() throws {
        if output != nil, clip == nil { throw ValidationError("a page needs a clip to compare the pictures of") }
    }

    /// The two pipelines' difference as JSON.
    private struct Report: Encodable {
        let first, second: PipelineReference
        let changes: [ManifestDifference.Line]
        let comparison: Comparison?
    }

    func work() async throws {
        if let output, let clip { try Files.check(output, against: [clip]) }
        let project = try options.project()
        let manifests = (try project.manifest(first), try project.manifest(second))
        let difference = ManifestDifference(manifests.0, manifests.1)
        var comparison: Comparison?
        if let clip {
            let runner = Runner(project.assets, limits: limits.limits)
            let stills = (try await stills(manifests.0, clip, runner), try await stills(manifests.1, clip, runner))
            let found = try await runner.compare(stills.0.plan, stills.1.plan, input: clip)
            comparison = found
            if let output {
                let page = try await DiffPage(difference, found, stills, clip: clip)
                try Files.write(page.text, to: output)
            }
        }
        guard !json else {
            let report = Report(
                first: manifests.0.reference, second: manifests.1.reference,
                changes: difference.lines.filter { $0.mark != .same }, comparison: comparison)
            return print(try Console.json(report, indented: true))
        }
        print(difference.text)
        if let comparison { print("\n" + Self.words(comparison)) }
        if let output { print("\(output): open it in a browser") }
    }

    /// What a pipeline makes of the clip, with the parameters that it has.
    private func stills(_ manifest: Manifest, _ clip: String, _ runner: Runner) async throws -> StillMaker {
        let known = values.values.filter { name, _ in manifest.parameters.contains { $0.name == name } }
        return try await runner.stills(manifest, of: clip, parameters: known)
    }

    private static func words(_ comparison: Comparison) -> String {
        func rounded(_ number: Double) -> Double { (number * 10000).rounded() / 10000 }
        var lines = ["frames  \(comparison.frames[0]) and \(comparison.frames[1])"]
        lines.append("SSIM    \(rounded(comparison.mean)) in the mean, \(rounded(comparison.lowest)) at the lowest")
        for sample in comparison.worst(3) {
            let psnr = sample.psnr.map { ", PSNR \((($0 * 10).rounded()) / 10) dB" } ?? ""
            lines.append("        \(rounded(sample.ssim)) at \((sample.time * 100).rounded() / 100) s\(psnr)")
        }
        return lines.joined(separator: "\n")
    }
}
