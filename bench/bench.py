#!/usr/bin/env python3
"""Runs `cortina run` and the `ffmpeg` program on the same clip, with the same graph and encoder settings, in turn.

    make bench                                  # the sample clip, showcase, 5 pairs
    python3 bench/bench.py --clip FILE --pipeline NAME --pairs N

Prints wall and processor seconds and peak memory of both, and their ratios (ours / ffmpeg), as min, median and max.
Machines differ and are noisy: the ratios are the result, not the seconds. ffmpeg gets the graph that our report names.
"""

import argparse
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "bench/out"


def measure(command):
    """Runs a command; returns its wall seconds, processor seconds and peak memory in MiB."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    if status != 0:
        sys.exit(f"{shlex.join(map(str, command))} failed:\n{errors.decode(errors='replace')}")
    return {"wall": wall, "processor": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss / 1024}


def ffmpeg_command(report, manifest):
    """The `ffmpeg` command with the graph, inputs and encoder settings of a run."""
    command = ["ffmpeg", "-y", "-nostdin", "-loglevel", "error"]
    for path in report["inputs"]:
        command += ["-i", path]
    output = manifest["output"]
    video, audio = output["video"], output["audio"]
    command += ["-filter_complex", report["filterGraph"], "-map", "[v]", "-c:v", "libx264", "-preset", video["preset"]]
    command += ["-crf", str(video["crf"]), "-profile:v", "high", "-r", output["frameRate"]]
    if "lookahead" in video:
        command += ["-rc-lookahead", str(video["lookahead"])]
    if report["filterGraph"].endswith("[a]"):
        command += ["-map", "[a]", "-c:a", audio["codec"], "-b:a", str(audio["bitRate"])]
    return command + ["-movflags", "+faststart", str(OUT / "theirs.mp4")]


def row(name, unit, values):
    return f"{name:<28}{min(values):>10.3f}{statistics.median(values):>10.3f}{max(values):>10.3f}  {unit}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", default=str(ROOT / "assets/samples/rally.mp4"))
    parser.add_argument("--pipeline", default="showcase")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--cortina", default=str(ROOT / ".build/release/cortina"))
    options = parser.parse_args()

    OUT.mkdir(parents=True, exist_ok=True)
    report_path = OUT / "report.json"
    ours = [options.cortina, "run", options.pipeline, options.clip, "-o", str(OUT / "ours.mp4"), "--progress", "none"]
    ours += ["--home", str(ROOT)]
    measure(ours + ["--report", str(report_path)])
    report = json.loads(report_path.read_text())
    pipeline = report["pipeline"]
    manifest_path = ROOT / f"pipelines/published/{pipeline['name']}@{pipeline['version']}.json"
    theirs = ffmpeg_command(report, json.loads(manifest_path.read_text()))
    measure(theirs)

    a, b = [], []
    for pair in range(options.pairs):
        a.append(measure(ours))
        b.append(measure(theirs))
        print(f"pair {pair + 1}: ours {a[-1]['wall']:.2f} s, ffmpeg {b[-1]['wall']:.2f} s", file=sys.stderr)

    print(f"\n{options.pipeline}, {pathlib.Path(options.clip).name}, {options.pairs} pairs, {os.cpu_count()} processors")
    print(f"{'':<28}{'min':>10}{'median':>10}{'max':>10}")
    figures = [("wall", "s"), ("processor", "s"), ("memory", "MiB")]
    for key, unit in figures:
        print(row(f"ours {key}", unit, [run[key] for run in a]))
        print(row(f"ffmpeg {key}", unit, [run[key] for run in b]))
    ratios = {key: [x[key] / y[key] for x, y in zip(a, b)] for key, _ in figures}
    for key, values in ratios.items():
        print(row(f"ours / ffmpeg {key}", "", values))
    result = {"clip": options.clip, "pipeline": options.pipeline, "ours": a, "ffmpeg": b, "ratios": ratios}
    (OUT / "bench.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
