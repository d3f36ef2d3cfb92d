public import GraphDSL
public import Runner

/// Checks a stage as its users will meet it: one call in a test.
///
/// ```swift
/// @Test func scoreboard() async throws {
///     try await StageCheck(Scoreboard(home: "Lions", away: "Bears"), text: { Scoreboard(home: $0, away: $0) }).run()
/// }
/// ```
///
/// It holds the descriptor against the stage's behaviour, sends the compiled pipeline through JSON and back, runs it on
/// clips of several sizes with and without sound, puts hostile text into it, and compares a picture with a known one.
/// The clips are made on the spot; nothing but libav is needed.
public struct StageCheck: Sendable {
    /// The stage.
    public let stage: any Stage
    /// Stages that go before it.
    public let before: [any Stage]
    /// The same stage with another text, for a stage that takes one.
    public let text: (@Sendable (String) -> any Stage)?
    /// The parameters that the stage names.
    public let parameters: [Parameter]
    /// Values of the parameters that have no default.
    public let values: [String: String]
    /// The digest of the picture, where it is known.
    public let golden: String?
    /// The files that the stage uses.
    public let assets: AssetFolder?

    /// A check of a stage.
    ///
    /// - Parameters:
    ///   - stage: with values that it is meant to work with.
    ///   - before: stages that it needs before it, as one that needs a known size wants a `Scale`.
    ///   - text: makes the same stage with another text, where it takes one: it is then tried with text that would be
    ///     filter syntax if the stage did not leave escaping to the builder.
    ///   - parameters: the pipeline's parameters that the stage names. Those of text are tried with hostile text too.
    ///   - values: what a run gives to those that have no default.
    ///   - golden: the digest of the picture that the stage makes, as a failed check prints it; nil checks none. It holds
    ///     for one version of FFmpeg.
    ///   - assets: the folder with the files that the stage uses.
    public init(
        _ stage: some Stage, after before: [any Stage] = [], text: (@Sendable (String) -> any Stage)? = nil,
        parameters: [Parameter] = [], values: [String: String] = [:], golden: String? = nil, assets: AssetFolder? = nil
    ) {
        self.stage = stage
        self.before = before
        self.text = text
        self.parameters = parameters
        self.values = values
        self.golden = golden
        self.assets = assets
    }

    /// Checks everything.
    ///
    /// - Throws: ``StageCheckFailure`` with all that is wrong, not only the first; or what keeps the clips from being made.
    public func run() async throws {
        let findings = try await findings()
        if !findings.isEmpty { throw StageCheckFailure(stage: "\(type(of: stage))", findings: findings) }
    }

    /// What is wrong, a sentence each; empty where all is well.
    ///
    /// - Throws: what keeps the clips from being made.
    public func findings() async throws -> [String] {
        let descriptor = DescriptorCheck(stage: stage).findings
        let manifest: Manifest
        do { manifest = try compile(stage) } catch { return descriptor + ["it does not compile: \(error)"] }
        let clips = try ClipFolder()
        var findings = descriptor + roundTrip(manifest)
        findings += withoutAudio()
        findings += await sizes(manifest, clips)
        findings += await hostileText(manifest, clips)
        findings += await picture(manifest, clips)
        return findings
    }

    // MARK: The parts

    private func compile(_ stage: any Stage, silent: Bool = false) throws(CompilationError) -> Manifest {
        let pipeline = Pipeline("check", version: 1, summary: "A check", parameters: parameters) {
            Self.placed(before + (silent ? [Silence()] : []) + [stage])
        } output: {
            MP4(video: .h264(preset: .ultrafast), frameRate: 30)
        }
        let catalog: AssetCatalog
        do throws(RunError) { catalog = try assets?.catalog() ?? AssetCatalog() } catch { catalog = AssetCatalog() }
        return try pipeline.compile(assets: catalog).manifest
    }

    private static func placed(_ stages: [any Stage]) -> [PlacedStage] {
        stages.map { PlacedStage($0, at: SourceLocation(file: #fileID, line: #line)) }
    }

    private func roundTrip(_ manifest: Manifest) -> [String] {
        var findings: [String] = []
        if let again = try? compile(stage), again.canonicalJSON != manifest.canonicalJSON {
            findings.append("compiled twice, it gives two manifests: it must depend on nothing but its values")
        }
        do {
            let decoded = try Manifest(json: manifest.canonicalJSON)
            if decoded.graph != manifest.graph || decoded.digest != manifest.digest {
                findings.append("its manifest is another one after JSON and back")
            }
        } catch {
            findings.append("its manifest cannot be read again: \(error)")
        }
        return findings
    }

    /// Without sound a stage works, or says so with the error that is meant for it; and its descriptor says which.
    private func withoutAudio() -> [String] {
        let needsSound = type(of: stage).descriptor.needs.contains("sound")
        do {
            _ = try compile(stage, silent: true)
            return []
        } catch {
            let message = error.diagnostics.first { $0.severity == .error }?.message ?? ""
            guard message.contains("needs an audio stream") else {
                return ["after the sound was removed it fails with other words than StageError.needsAudio: \(message)"]
            }
            return needsSound ? [] : ["it needs sound, but its descriptor's 'needs' does not say so"]
        }
    }

    private func sizes(_ manifest: Manifest, _ clips: ClipFolder) async -> [String] {
        var findings: [String] = []
        for (size, audio) in [((320, 180), true), ((321, 241), true), ((101, 333), false), ((48, 32), false)] {
            let clip = "a clip of \(size.0)x\(size.1)\(audio ? "" : " without sound")"
            do {
                let path = try clips.clip(size: size, audio: audio)
                let report = try await clips.run(manifest, path, values, assets)
                if let size = report.size, size.width % 2 + size.height % 2 > 0 {
                    findings.append("\(clip) becomes \(size), but the encoder needs even sides")
                }
                if report.frames == 0 { findings.append("nothing comes out of \(clip)") }
            } catch let error as RunError where error.blame == .input {
                // A clip that does not suit a stage is refused in clear words.
            } catch {
                findings.append("\(clip) fails: \(error)")
            }
        }
        return findings
    }

    private func hostileText(_ manifest: Manifest, _ clips: ClipFolder) async -> [String] {
        var findings: [String] = []
        do {
            let path = try clips.clip(size: (320, 180), audio: true)
            let plain = try clips.filters(await clips.plan(manifest, path, values, assets))
            for text in Self.hostile {
                for variant in variants(manifest, text) {
                    do {
                        let plan = try await clips.plan(variant.manifest, path, variant.values, assets)
                        if try clips.filters(plan) != plain {
                            findings.append("\(variant.what) \(text.debugDescription) changes which filters run")
                        }
                        _ = try await clips.run(variant.manifest, path, variant.values, assets)
                    } catch RunError.parameter {
                        // A text that is too long, or of characters that are not allowed, is refused by its range.
                    } catch {
                        findings.append("\(variant.what) \(text.debugDescription) fails: \(error)")
                    }
                }
            }
        } catch {
            findings.append("hostile text cannot be tried: \(error)")
        }
        return findings
    }

    private struct Variant {
        let what: String
        let manifest: Manifest
        let values: [String: String]
    }

    /// The pipeline with another text: the stage's own, and each of the parameters. A text that the stage's ranges refuse
    /// gives none.
    private func variants(_ manifest: Manifest, _ text: String) -> [Variant] {
        var variants: [Variant] = []
        if let make = self.text, let changed = try? compile(make(text)) {
            variants.append(Variant(what: "the text", manifest: changed, values: values))
        }
        for parameter in parameters {
            guard case .text = parameter.kind else { continue }
            variants.append(
                Variant(
                    what: "the parameter '\(parameter.name)'", manifest: manifest,
                    values: values.merging([parameter.name: text]) { _, new in new }))
        }
        return variants
    }

    private func picture(_ manifest: Manifest, _ clips: ClipFolder) async -> [String] {
        guard let golden else { return [] }
        do {
            let path = try clips.clip(size: (320, 180), audio: true)
            let found = try await clips.pictureDigest(manifest, path, values, assets)
            return found == golden
                ? [] : ["the picture's digest is \(found), expected \(golden); look at it before you take it"]
        } catch {
            return ["no picture comes out: \(error)"]
        }
    }

    /// Text that would be something else if it were not escaped.
    static let hostile = [
        "it's", "back\\slash", "a:b,c;d", "[in]", "%{pts}", "100%", "two\nlines", "🎾 ñ 漢", "'; movie=/etc/passwd [x]",
        "\"$HOME\"",
        "x':fontfile='/etc/passwd", "",
    ]
}

/// All that is wrong with a stage.
public struct StageCheckFailure: Error, Hashable, CustomStringConvertible {
    /// The stage's type.
    public let stage: String
    /// What is wrong, a sentence each.
    public let findings: [String]

    /// The findings, a line each.
    public var description: String { (["\(stage):"] + findings.map { "  \($0)" }).joined(separator: "\n") }
}

/// Removes the sound.
private struct Silence: Stage {
    static let descriptor = StageDescriptor("silence", "Removes the sound", example: "Silence()")

    func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        var clip = clip
        clip.audio = nil
        return clip
    }
}
