import GraphDSL
import Runner
import Stages
import TestSupport
import Testing

/// What the compiler says of built-in stages that do not go together, as it is printed.
struct DiagnosticTests {
    private func findings(@StageBuilder _ stages: () -> [PlacedStage]) throws -> [String] {
        let pipeline = Pipeline("test", version: 1, summary: "A test", stages: stages) { MP4(frameRate: 30) }
        let assets = try Checkout.assets.catalog()
        do throws(CompilationError) {
            return try pipeline.compile(assets: assets).warnings.map(\.description)
        } catch {
            return error.diagnostics.map(\.description)
        }
    }

    @Test("a stage that needs sound points at the one that removed it")
    func sound() throws {
        let line = #line + 2
        let findings = try findings {
            StripAudio()
            Loudness()
        }
        #expect(
            findings == [
                """
                DiagnosticTests.swift:\(line + 1): error: Loudness needs an audio stream, but StripAudio (line \(line)) removed it
                DiagnosticTests.swift:\(line): note: StripAudio removes the sound
                DiagnosticTests.swift:\(line + 1): fix: move it before the stage that removes the audio, or leave one of the two out
                """
            ])
    }

    @Test("a bumper whose sound is dropped points at the stage that dropped it, unless it is meant")
    func bumperSound() throws {
        let line = #line + 2
        let after = try findings {
            StripAudio()
            Bumper(.opening, .asset("brand/intro.mp4"))
        }
        #expect(
            after == [
                """
                DiagnosticTests.swift:\(line + 1): warning: the sound of 'brand/intro.mp4' is dropped: the clip has none here
                DiagnosticTests.swift:\(line): note: StripAudio removes the sound
                DiagnosticTests.swift:\(line + 1): fix: if it is meant, say so: Bumper(…, silent: true)
                """
            ])
        let second = #line + 2
        let before = try findings {
            Bumper(.closing, .asset("brand/outro.mp4"))
            StripAudio()
        }
        #expect(
            before == [
                """
                DiagnosticTests.swift:\(second + 1): warning: StripAudio removes the sound of 'brand/outro.mp4' too
                DiagnosticTests.swift:\(second): note: the bumper is here
                DiagnosticTests.swift:\(second + 1): fix: if it is meant, say so: Bumper(…, silent: true)
                """
            ])
        #expect(
            try findings {
                Bumper(.closing, .asset("brand/outro.mp4"), silent: true)
                StripAudio()
                Bumper(.opening, .asset("brand/intro.mp4"), silent: true)
            }.isEmpty)
    }

    @Test("a crop larger than the picture points at the stage that made the picture so small, not at those between")
    func crop() throws {
        let line = #line + 2
        let findings = try findings {
            Scale(to: .size(PictureSize(width: 640, height: 360)))
            Fade(in: 1)
            Crop(to: .size(PictureSize(width: 800, height: 200)))
        }
        #expect(
            findings == [
                """
                DiagnosticTests.swift:\(line + 2): error: Crop keeps .size(800x200), but the picture is 640x360 here
                DiagnosticTests.swift:\(line): note: Scale makes the picture 640x360
                DiagnosticTests.swift:\(line + 2): fix: crop to less, or scale the picture up before
                """
            ])
    }

    @Test("trims that leave nothing point at each other")
    func trims() throws {
        let line = #line + 2
        let findings = try findings {
            Trim(to: 5)
            Trim(to: 5, from: 10)
        }
        #expect(
            findings == [
                """
                DiagnosticTests.swift:\(line + 1): error: Trim begins at 10 s, but the clip is at most 5 s long here: nothing is left
                DiagnosticTests.swift:\(line): note: this Trim leaves 5 s
                DiagnosticTests.swift:\(line + 1): fix: begin earlier, or trim before
                """
            ])
    }

    @Test("two bumpers of one kind are a warning that points at the first")
    func bumpers() throws {
        let line = #line + 2
        let findings = try findings {
            Bumper(.opening, .asset("brand/intro.mp4"))
            Bumper(.closing, .asset("brand/outro.mp4"))
            Bumper(.opening, .asset("brand/outro.mp4"))
        }
        #expect(
            findings == [
                """
                DiagnosticTests.swift:\(line + 2): warning: a second opening bumper: both are shown, this one first
                DiagnosticTests.swift:\(line): note: the other one is here
                DiagnosticTests.swift:\(line + 2): fix: leave one of the two out
                """
            ])
    }
}
