import GraphDSL
import Runner

/// The page of a live preview: a scrubber over the output with the clip beside it, the report, the graph; it shows a new
/// pipeline as soon as there is one.
struct LivePage {
    private let shown: PreviewState.Shown?
    private let generation: Int
    private let problem: String?

    init(_ state: PreviewState) async {
        shown = await state.shown
        generation = await state.generation
        problem = await state.problem
    }

    /// The page as a file.
    func text() throws -> String {
        struct Facts: Encodable {
            let generation: Int
            let duration, frame: Double
        }
        let duration = shown?.stills.duration?.value ?? 60
        let rate = shown?.facts.manifest.output.frameRate.value ?? 30
        let facts = Facts(generation: generation, duration: duration, frame: 1 / rate)
        return Page(
            title: shown.map { "\($0.facts.manifest.reference), live" } ?? "Preview",
            content: """
                <div id="problem" class="warning" \(problem == nil ? "hidden" : "")><pre class="scroll">\(problem ?? "")</pre></div>
                \(shown.map(content) ?? "<p class=\"quiet\">There is no pipeline to show yet.</p>")
                """,
            script: "const facts = \(try HTML.script(facts));\n\(Self.script)"
        ).text
    }

    private func content(_ shown: PreviewState.Shown) -> HTML {
        let size = shown.facts.dryRun.output.size
        return """
            \(shown.facts.title)
            <div class="compare" style="aspect-ratio: \(size.width) / \(size.height)">
            <img class="after" alt="The output"><img class="before" alt="The clip">
            <div class="edge"></div><span>clip</span><span>output</span>
            </div>
            <input id="edge" type="range" min="0" max="100" value="50" aria-label="Where the clip ends and the output begins">
            <p><output id="clock">0 s</output> <span class="quiet" id="cost"></span></p>
            <input id="time" type="range" min="0" max="\(shown.stills.duration ?? 60)" step="any" value="0" aria-label="Moment of the output">
            <p class="quiet">Left and right arrows go a frame, with shift a second.</p>
            \(shown.facts.details)
            """
    }

    private static let script = """
        const $ = selector => document.querySelector(selector);
        const box = $('.compare'), time = $('#time');
        // One picture of each side at a time; while it is on its way, only the newest wish is kept.
        function scrubber(side) {
          let busy = false, wish = null;
          const image = box.querySelector('.' + side);
          async function load(t) {
            busy = true;
            const begin = performance.now();
            try {
              const answer = await fetch(`/frame?side=${side}&t=${t}`);
              image.style.visibility = answer.ok ? 'visible' : 'hidden';
              if (side === 'before') for (const it of box.querySelectorAll('.edge, span')) it.hidden = !answer.ok;
              if (answer.ok) {
                const old = image.src;
                image.src = URL.createObjectURL(await answer.blob());
                await image.decode().catch(() => {});
                URL.revokeObjectURL(old);
                if (side === 'after') $('#cost').textContent = `picture in ${Math.round(performance.now() - begin)} ms`;
              }
            } catch {}
            busy = false;
            if (wish !== null) { const next = wish; wish = null; load(next); }
          }
          return t => { if (busy) wish = t; else load(t); };
        }
        if (box) {
          const sides = [scrubber('after'), scrubber('before')];
          const show = () => {
            const t = Math.min(Number(time.value), facts.duration - facts.frame);
            $('#clock').textContent = `${t.toFixed(2)} s of ${facts.duration.toFixed(2)} s`;
            sessionStorage.time = t;
            for (const side of sides) side(Math.max(0, t).toFixed(4));
          };
          time.value = sessionStorage.time ?? Math.min(facts.duration / 3, 5);
          time.addEventListener('input', show);
          time.addEventListener('keydown', event => {
            const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
            if (!step) return;
            event.preventDefault();
            time.value = Number(time.value) + step * (event.shiftKey ? 1 : facts.frame);
            show();
          });
          $('#edge').addEventListener('input', event => box.style.setProperty('--at', event.target.value + '%'));
          show();
        }
        (async function watch() {
          for (;;) {
            try {
              const state = await (await fetch('/state?seen=' + facts.generation)).json();
              if (state.generation !== facts.generation) {
                if (!state.problem) return location.reload();
                facts.generation = state.generation;
                $('#problem').hidden = false;
                $('#problem pre').textContent = state.problem;
              }
            } catch { await new Promise(done => setTimeout(done, 1000)); }
          }
        })();
        """
}
