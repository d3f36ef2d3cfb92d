#!/usr/bin/python3
"""Runs `cortina run` and others that make the same video, in turn (A B A B), and prints ratios.

    make bench                                      # all peers that are installed, 5 pairs each
    make bench PEERS="one-graph" PAIRS=3
    python3 bench/bench.py --clip FILE --far FILE --pairs N

Peers: `two-commands`, the platform's earlier worker: one `ffmpeg` that trims, fits, overlays and encodes, and one that
joins the bumpers by stream copy; `one-graph`, one `ffmpeg` with the whole graph as one writes it; `our-graph`, one `ffmpeg` with
the graph that our optimiser made; `melt`, MLT's program; `gstreamer`. `system-libav` is `cortina` itself with the system's libav
and x264, which all the others run on, in place of our own builds: what those bring.
All encode with x264, `medium`, CRF 23, as `showcase@1` does; `showcase@3` is our own choice of settings. `codecs` is a bound
and no peer: one `ffmpeg` that decodes, scales and encodes those 30 s and does nothing else, in turn with both kinds of `ffmpeg`.

Then what does not depend on encoders: the time until the first frame is decoded, in turn with an `ffmpeg` that decodes one frame, and with
one that only prints its version; and what is read of a long clip over HTTP.

Writes bench/out/bench.json and bench/out/bench.png. bench/README.md says how to read the table.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

from measuring import ROOT, long_clip, measure, phone_clip, range_server

OUT = ROOT / "bench/out"
BRAND = ROOT / "assets/brand"
FFMPEG = ["ffmpeg", "-y", "-nostdin", "-loglevel", "error"]
X264 = ["-c:v", "libx264", "-preset", "medium", "-crf", "23", "-pix_fmt", "yuv420p"]
FIGURES = [("wall", "s"), ("processor", "s"), ("busy", ""), ("memory", "MiB"), ("read", "MB"), ("size", "MB"), ("ssim", "")]
PROCESSORS = len(os.sched_getaffinity(0))


class Peer:
    """Something that makes a showcase of a clip, with the scaler that it resizes with."""

    def __init__(self, name, commands, output, scaler="swscale"):
        self.name, self.commands, self.output, self.scaler = name, commands, output, scaler

    def run(self):
        runs = [measure(command, cwd=OUT) for command in self.commands]
        total = {key: sum(run[key] for run in runs) for key in ("wall", "processor", "read")}
        total["memory"] = max(run["memory"] for run in runs)
        total["busy"] = total["processor"] / total["wall"] / PROCESSORS
        total["size"] = self.output.stat().st_size / 1e6
        return total


def report_of(pipeline):
    return json.loads((OUT / f"report-{pipeline}.json").read_text())


def ours(cortina, pipeline, clip, on_system_libav=False):
    output = OUT / f"ours-{pipeline}{'-system-libav' if on_system_libav else ''}.mp4"
    command = system_libav() if on_system_libav else []
    command += [
        cortina, "run", pipeline, clip, "-o", output, "--progress", "none", "--home", ROOT, "--cache", OUT / "cache",
        "--report", OUT / f"report-{pipeline}.json",
    ]
    return Peer("system-libav" if on_system_libav else pipeline, [command], output, "zimg")


def system_libav():
    """What before a command has it load the system's libav: a program looks in LD_LIBRARY_PATH before its own places."""
    found = subprocess.run(["pkg-config", "--variable=libdir", "libavcodec"], capture_output=True, text=True, check=True)
    return ["env", f"LD_LIBRARY_PATH={found.stdout.strip()}"]


BODY = (
    "[0:v]scale=1280:720:force_original_aspect_ratio=decrease:flags=bicubic,pad=1280:720:(ow-iw)/2:(oh-ih)/2,"
    "setsar=1,fps=30[body];[1:v]scale=150:-1[mark];[body][mark]overlay=W-w-10:10")


def two_commands(clip):
    body, joined, names = OUT / "body.mp4", OUT / "two-commands.mp4", OUT / "join.txt"
    names.write_text("".join(f"file '{path}'\n" for path in [BRAND / "intro.mp4", body, BRAND / "outro.mp4"]))
    first = FFMPEG + ["-t", 30, "-i", clip, "-i", BRAND / "watermark.png", "-filter_complex", BODY + "[v]"]
    first += ["-map", "[v]", "-an", *X264, body]
    second = FFMPEG + ["-f", "concat", "-safe", 0, "-i", names, "-c", "copy", "-movflags", "+faststart", joined]
    return Peer("two-commands", [first, second], joined)


def graph_inputs(report):
    inputs = []
    for index, path in enumerate(report["inputs"]):
        # As the trim in the graph does, but before the decoder.
        inputs += (["-t", "30"] if index == 0 else []) + ["-i", path]
    return inputs + ["-filter_complex", report["filterGraph"], "-map", "[v]"]


def whole_graph(clip):
    """Inputs and graph as somebody writes them who knows `ffmpeg`."""
    inputs = ["-t", 30, "-i", clip]
    for name in ("watermark.png", "intro.mp4", "outro.mp4"):
        inputs += ["-i", BRAND / name]
    graph = BODY + "[marked];[2:v]fps=30[intro];[3:v]fps=30[outro];[intro][marked][outro]concat=n=3:v=1:a=0[v]"
    return inputs + ["-filter_complex", graph, "-map", "[v]"]


def one_command(name, graph, scaler="swscale"):
    output = OUT / f"{name}.mp4"
    command = FFMPEG + graph + X264 + ["-profile:v", "high", "-movflags", "+faststart", output]
    return Peer(name, [command], output, scaler)


def lossless(name, graph):
    """A graph's pictures, encoded without loss."""
    output = OUT / f"lossless-{name}.mp4"
    measure(FFMPEG + graph + ["-c:v", "libx264", "-preset", "ultrafast", "-qp", 0, output])
    return output


def codecs(clip):
    output = OUT / "codecs.mp4"
    command = FFMPEG + ["-t", 30, "-i", clip, "-vf", "scale=1280:720:flags=bicubic", "-an", *X264, output]
    return Peer("codecs", [command], output)


def melt(clip):
    output = OUT / "melt.mp4"
    command = ["melt", "-silent", "-profile", "atsc_720p_30", BRAND / "intro.mp4", clip, "out=899"]
    command += ["-filter", f"watermark:{BRAND / 'watermark.png'}", "composite.geometry=1120/10:150x40"]
    command += [BRAND / "outro.mp4", "-consumer", f"avformat:{output}", "vcodec=libx264", "preset=medium", "crf=23"]
    command += ["an=1", "progressive=1", "movflags=+faststart", "rescale=bicubic", f"real_time=-{PROCESSORS}"]
    return Peer("melt", [command], output)


def gstreamer(clip):
    output = OUT / "gstreamer.mp4"
    raw = "video/x-raw,format=I420,width=1280,height=720,framerate=30/1,pixel-aspect-ratio=1/1"
    chain = f"videoconvert ! videoscale method=3 ! videorate ! {raw}"

    def part(path, overlay=""):
        return f"filesrc location={path} ! qtdemux ! h264parse ! avdec_h264 ! {overlay}{chain}"

    mark = OUT / "mark-150.png"
    if not mark.exists():
        measure(FFMPEG + ["-i", BRAND / "watermark.png", "-vf", "scale=150:-1", mark])
    # `pass=qual` is x264's constant rate factor.
    encoder = "x264enc pass=qual quantizer=23 speed-preset=medium ! video/x-h264,profile=high ! mp4mux faststart=true"
    launch = (
        f"concat name=c ! queue ! {encoder} ! filesink location={output} "
        f"{part(BRAND / 'intro.mp4')} ! queue ! c. "
        f"{part(clip)} ! identity eos-after=900 ! gdkpixbufoverlay location={mark} offset-x=1120 offset-y=10 ! "
        f"videoconvert ! video/x-raw,format=I420 ! queue ! c. "
        f"{part(BRAND / 'outro.mp4')} ! queue ! c.")
    return Peer("gstreamer", [["gst-launch-1.0", "-q", *launch.split()]], output)


def ssim(video, reference):
    """Of the 900 frames of the body against those that were encoded without loss; None where a peer has other frames."""
    probe = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "stream=nb_frames", "-of", "csv=p=0"]
    counts = [subprocess.run(probe + [path], capture_output=True, text=True).stdout for path in (video, reference)]
    if counts[0] != counts[1]:
        return None
    body = "trim=start_frame=75:end_frame=975,setpts=PTS-STARTPTS,settb=1/30"
    log = subprocess.run(
        ["ffmpeg", "-nostdin", "-i", video, "-i", reference, "-lavfi", f"[0:v]{body}[a];[1:v]{body}[b];[a][b]ssim"]
        + ["-f", "null", "-"], capture_output=True, text=True).stderr
    found = re.search(r"All:([0-9.]+)", log)
    return float(found[1]) if found else None


def spread(values):
    values = [value for value in values if value is not None]
    return (min(values), statistics.median(values), max(values)) if values else None


def compare(a, b, pairs, references):
    """Runs two in turn; returns the runs of both and the ratios.

    Each is held against the pictures that its own scaler makes.
    """
    for peer in (a, b):
        peer.run()
    runs = {a.name: [], b.name: []}
    for pair in range(pairs):
        for peer in (a, b):
            runs[peer.name].append(peer.run())
        walls = ", ".join(f"{name} {done[-1]['wall']:.2f} s" for name, done in runs.items())
        print(f"pair {pair + 1}: {walls}", file=sys.stderr)
    for peer in (a, b):
        quality = ssim(peer.output, references[peer.scaler])
        for run in runs[peer.name]:
            run["ssim"] = quality
    return {
        "ours": a.name, "theirs": b.name, "runs": runs,
        "ratios": {
            key: [x[key] / y[key] if x[key] and y[key] else None for x, y in zip(runs[a.name], runs[b.name])]
            for key, _ in FIGURES
        },
    }


def starts(peer, clip, runs):
    """Seconds from the start of a process until the first frame is decoded; whole processes of `ffmpeg` in turn with it."""
    decoding = FFMPEG + ["-i", clip, "-frames:v", 1, "-f", "null", "-"]
    found = {"first frame": [], "ffmpeg -frames:v 1": [], "ffmpeg -version": []}
    # Fills the cache.
    peer.run()
    for _ in range(runs):
        peer.run()
        found["first frame"].append(report_of(peer.name)["firstFrameSeconds"])
        found["ffmpeg -frames:v 1"].append(measure(decoding)["wall"])
        found["ffmpeg -version"].append(measure(["ffmpeg", "-version"])["wall"])
    return found


def far(cortina, clip):
    """Bytes that are read of a clip over HTTP, and its size."""
    with range_server(clip) as (url, count):
        ours(cortina, "showcase@3", url).run()
        return count(), clip.stat().st_size


def table(comparison):
    ours, theirs = comparison["ours"], comparison["theirs"]
    lines = [f"{ours} / {theirs}", f"{'':<12}{'min':>9}{'median':>9}{'max':>9}{ours:>16}{theirs:>16}"]
    for key, unit in FIGURES:
        ratio = spread(comparison["ratios"][key])
        own = [spread([run[key] for run in comparison["runs"][name]]) for name in (ours, theirs)]
        ratios = "".join(f"{value:>9.3f}" for value in ratio) if ratio else f"{'-':>9}" * 3
        digits = 5 if key == "ssim" else 2
        values = "".join(f"{value[1]:>16.{digits}f}" if value else f"{'-':>16}" for value in own)
        lines.append(f"{key:<12}{ratios}{values}  {unit}")
    return "\n".join(lines)


def plot(comparisons):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    keys = ["wall", "processor", "memory", "read"]
    figure, axes = pyplot.subplots(1, len(keys), figsize=(3.2 * len(keys), 0.55 * len(comparisons) + 1.4), sharey=True)
    names = [f"{it['ours']} / {it['theirs']}" for it in comparisons]
    for axis, key in zip(axes, keys):
        for row, comparison in enumerate(comparisons):
            ratio = spread(comparison["ratios"][key])
            if ratio:
                axis.plot(ratio[::2], [row, row], color="#8899aa", linewidth=2, solid_capstyle="round")
                axis.plot(ratio[1], row, "o", color="#c8522c")
                axis.annotate(
                    f"{ratio[1]:.2f}", (ratio[1], row), textcoords="offset points", xytext=(0, 7), ha="center",
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})
        axis.axvline(1, color="#333333", linewidth=0.8)
        axis.set_title(key)
        axis.set_xlim(0, 1.08 * max(1, axis.get_xlim()[1]))
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].set_ylim(len(names) - 0.4, -0.6)
    figure.suptitle("less is better; 1 is the peer")
    figure.tight_layout()
    figure.savefig(OUT / "bench.png", dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", help="default: a clip that is made, 1080p30, 12 Mbit/s, 45 s")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--peer", action="append", help="a peer's name; may be repeated; default: all that are installed")
    parser.add_argument("--cortina", default=str(ROOT / ".build/release/cortina"))
    parser.add_argument("--far", help="a long clip that is read over HTTP; default: one that is made, 6 minutes, 20 kbit/s")
    options = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    clip = pathlib.Path(options.clip).resolve() if options.clip else phone_clip(OUT)

    first = ours(options.cortina, "showcase@1", clip)
    first.run()
    report = report_of("showcase@1")
    references = {"zimg": lossless("zimg", graph_inputs(report)), "swscale": lossless("swscale", whole_graph(clip))}
    second = ours(options.cortina, "showcase@3", clip)
    wanted = [
        (second, "two-commands", lambda: two_commands(clip)), (first, "two-commands", lambda: two_commands(clip)),
        (first, "one-graph", lambda: one_command("one-graph", whole_graph(clip))),
        (first, "our-graph", lambda: one_command("our-graph", graph_inputs(report), "zimg")),
        (second, "system-libav", lambda: ours(options.cortina, "showcase@3", clip, on_system_libav=True)),
        (first, "system-libav", lambda: ours(options.cortina, "showcase@1", clip, on_system_libav=True)),
        (codecs(clip), "two-commands", lambda: two_commands(clip)),
        (codecs(clip), "one-graph", lambda: one_command("one-graph", whole_graph(clip))),
    ]
    if shutil.which("melt"):
        wanted.append((first, "melt", lambda: melt(clip)))
    if shutil.which("gst-launch-1.0"):
        wanted.append((first, "gstreamer", lambda: gstreamer(clip)))
    comparisons = []
    for own, name, make in wanted:
        if not options.peer or name in options.peer:
            comparisons.append(compare(own, make(), options.pairs, references))
    print(f"{clip.name}, {options.pairs} pairs, {PROCESSORS} processors\n")
    print("\n\n".join(map(table, comparisons)))
    begin = starts(second, clip, options.pairs)
    print(f"\n{'seconds from the start':<24}{'min':>9}{'median':>9}{'max':>9}")
    for name, seconds in begin.items():
        print(f"{name:<24}" + "".join(f"{value:>9.3f}" for value in spread(seconds)))
    distant = pathlib.Path(options.far).resolve() if options.far else long_clip(OUT)
    read, size = far(options.cortina, distant)
    print(f"\n{distant.name} over HTTP: {read:,} of {size:,} bytes, {read / size:.3f}")
    result = {
        "clip": clip.name, "comparisons": comparisons, "starts": begin,
        "far": {"clip": distant.name, "read": read, "size": size},
    }
    (OUT / "bench.json").write_text(json.dumps(result, indent=2) + "\n")
    if comparisons:
        plot(comparisons)


if __name__ == "__main__":
    main()
