#!/usr/bin/env python3
"""Runs random clips through the published pipelines and holds what comes out against what must.

    random_clips.py short  [--count 200] [--seed 1] [--cortina PATH] [--played 10]
    random_clips.py shapes [--count 100] [--seed 1] [--cortina PATH] [--before PATH]

`short`: clips of 1 to 40 frames in six containers, through every pipeline. Frame counts are exact, all frames decode, decode
times rise, sound is in step, and some of the videos play in Chromium to their end.

`shapes`: a scene with a disc and four patches, drawn here in floating point, in clips that are turned, anamorphic, nearly square,
HDR, BT.601, full range, of 10 bits, of odd size or interlaced. It comes out upright, the disc round within 1 %, the patches within
4 levels, and with one resampling in the plan. `--before` is another build to compare time and likeness with.

Exits with 1 where anything is not as it must be, and prints each such clip with the command that made it.
"""

import argparse
import concurrent.futures
import fractions
import json
import pathlib
import random
import re
import shlex
import struct
import subprocess
import sys
import tempfile

import numpy

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "Fixtures"))
import make_fixtures as light  # noqa: E402  the standards' formulas

PIPELINES = sorted(path.stem for path in (HERE.parent / "pipelines/published").glob("*.json"))
RATE, BUMPER = 30, 75


def command(*words, data=None):
    result = subprocess.run([str(word) for word in words], capture_output=True, input=data, timeout=300)
    if result.returncode:
        raise RuntimeError(f"{shlex.join(map(str, words))}\n{result.stderr.decode(errors='replace')[-600:]}")
    return result.stdout


def ffmpeg(*words, data=None):
    return command("ffmpeg", "-y", *(["-nostdin"] if data is None else []), "-loglevel", "error", *words, data=data)


def packets(path, stream, *fields):
    text = command("ffprobe", "-v", "error", "-select_streams", stream, "-show_entries", f"packet={','.join(fields)}",
                   "-of", "json", path)
    return json.loads(text)["packets"]


# Short clips ---------------------------------------------------------------------------------------------------------

CODECS = {
    "mp4": ["libx264", "libx265", "mpeg4"], "mov": ["libx264", "mpeg4"], "mkv": ["libx264", "libvpx-vp9", "mpeg4"],
    "webm": ["libvpx", "libvpx-vp9"], "ts": ["libx264", "mpeg2video"], "avi": ["mpeg4", "libx264", "mjpeg"],
}
SOUND = {"mp4": ["aac"], "mov": ["aac", "pcm_s16le"], "mkv": ["aac", "libopus"], "webm": ["libopus", "libvorbis"],
         "ts": ["aac", "mp2"], "avi": ["libmp3lame", "pcm_s16le"]}
RATES = ["5", "10", "12", "15", "24000/1001", "24", "25", "30000/1001", "30", "48", "50", "60", "90", "120"]


class ShortClip:
    """A clip that turns white, and sounds from the same moment on."""

    def __init__(self, number, seed, folder):
        chance = random.Random(f"{seed} {number}")
        self.container = chance.choice(list(CODECS))
        codec = chance.choice(CODECS[self.container])
        # MPEG-2 knows few rates only.
        rates = [rate for rate in RATES if codec != "mpeg2video" or fractions.Fraction(rate) in (24, 25, 30, 50, 60)]
        self.rate = chance.choice(rates)
        self.frames = chance.randint(1, 40)
        self.has_sound = chance.random() < 0.5
        self.is_variable = self.container in ("mp4", "mov", "mkv", "webm") and self.frames > 4 and chance.random() < 0.4
        self.flash = self.frames // 2
        self.frames_a_second = rate = float(fractions.Fraction(self.rate))
        length = self.frames / rate
        moment = self.flash / rate
        kept = [n for n in range(self.frames) if n in (0, self.flash, self.frames - 1) or chance.random() < 0.7]
        picture = f"testsrc2=s=320x180:r={self.rate}:d={length + 1}," \
                  f"drawbox=c=white:t=fill:enable='gte(n\\,{self.flash})'"
        self.sources = ["-f", "lavfi", "-i", picture]
        if self.has_sound:
            self.sources += ["-f", "lavfi", "-t", f"{length}", "-i",
                             f"aevalsrc='if(gte(t,{moment}),0.5*sin(2*PI*1000*t),0)':s=48000:d={length}"]
        selection = f"select='{'+'.join(f'eq(n,{n})' for n in kept)}'," if self.is_variable else ""
        options = {"libx264": ["-preset", "veryfast", "-bf", chance.randint(0, 3)],
                   "libx265": ["-preset", "ultrafast", "-x265-params", "log-level=error", "-tag:v", "hvc1"],
                   "mpeg4": ["-bf", chance.randint(0, 2), "-q:v", 4], "mpeg2video": ["-bf", chance.randint(0, 2), "-q:v", 4],
                   "libvpx": ["-deadline", "realtime"], "libvpx-vp9": ["-deadline", "realtime", "-cpu-used", 8],
                   "mjpeg": ["-q:v", 4]}[codec]
        self.path = folder / f"short-{number}.{self.container}"
        self.command = [
            *self.sources, "-vf", f"{selection}trim=end_frame={len(kept) if self.is_variable else self.frames},format=yuv420p",
            "-fps_mode", "vfr" if self.is_variable else "cfr", "-c:v", codec, *options,
            *(["-c:a", chance.choice(SOUND[self.container])] if self.has_sound else []), self.path]
        ffmpeg(*self.command)
        self.lengths = self.possible_lengths()

    def possible_lengths(self):
        """How many frames the body may have: more than one number where the length lies between two, within a clock's tick."""
        length = self.frames / self.frames_a_second
        if self.is_variable:
            # What the container says of the last frame, or as long as frames usually are.
            found = packets(self.path, "v", "pts_time", "duration_time")
            times = sorted(float(packet["pts_time"]) for packet in found)
            steps = sorted(b - a for a, b in zip(times, times[1:]))
            last = max(found, key=lambda packet: float(packet["pts_time"]))
            says = float(last.get("duration_time", 0))
            if self.container in ("mkv", "webm"):
                says = min(says, steps[len(steps) // 2])
            length = times[-1] - times[0] + says
        return {max(1, round(RATE * (length + slack))) for slack in (-0.0015, 0, 0.0015)}


def check_video(clip, output, pipeline):
    faults = []
    decoding = [packet["dts"] for packet in packets(output, "v", "dts")]
    if any(a >= b for a, b in zip(decoding, decoding[1:])):
        faults.append("decode times do not rise")
    decoded = subprocess.run(["ffmpeg", "-nostdin", "-loglevel", "error", "-i", output, "-f", "null", "-"], capture_output=True,
                             timeout=300)
    if decoded.returncode or decoded.stderr:
        faults.append(f"does not decode cleanly: {decoded.stderr[:200]}")
    luma = numpy.frombuffer(ffmpeg("-i", output, "-an", "-vf", "crop=iw/2:ih/2,scale=16:16:flags=area,format=gray", "-fps_mode",
                                   "passthrough", "-f", "rawvideo", "-"), numpy.uint8).reshape(-1, 256).mean(1)
    body = len(luma) - 2 * BUMPER
    if body not in clip.lengths:
        faults.append(f"{body} frames in the body, not {clip.lengths}")
    if pipeline.startswith("interview") and clip.has_sound and body >= 30:
        faults += check_sound(output, luma[BUMPER:BUMPER + body])
    return faults


def check_sound(output, luma):
    samples = numpy.frombuffer(ffmpeg("-i", output, "-vn", "-ac", 1, "-ar", 48000, "-f", "f32le", "-"), numpy.float32)
    begin = BUMPER / RATE
    part = numpy.abs(samples[int(begin * 48000):int((begin + len(luma) / RATE) * 48000)])
    if part.max(initial=0) < 0.01:
        return ["the sound is missing"]
    heard = numpy.argmax(part > 0.2 * part.max()) / 48000
    seen = numpy.argmax(luma > 0.75 * luma.max()) / RATE
    # A frame of the output is shown up to half a frame early or late.
    return [f"sound at {heard:.3f} s, picture at {seen:.3f} s"] if abs(heard - seen) > 0.02 + 0.5 / RATE + 0.01 else []


def short(number, options, folder):
    clip = ShortClip(number, options.seed, folder)
    faults = []
    for pipeline in PIPELINES:
        output = folder / f"short-{number}-{pipeline}.mp4"
        try:
            command(options.cortina, "run", pipeline, clip.path, "-o", output, "--progress", "none")
            faults += [f"{pipeline}: {fault}" for fault in check_video(clip, output, pipeline)]
        except RuntimeError as error:
            faults.append(f"{pipeline}: {error}")
        if pipeline == PIPELINES[0] and number < options.played and output.exists():
            played = json.loads(command(sys.executable, HERE / "browser.py", output, RATE))
            if not played["ended"] or played["error"]:
                faults.append(f"{pipeline}: Chromium does not play it: {played['error']}")
        output.unlink(missing_ok=True)
    return faults, shlex.join(["ffmpeg", *map(str, clip.command)]), {}


# Shapes and colours --------------------------------------------------------------------------------------------------

TURNS = {"": None, "90": (0, 1, -1, 0), "180": (-1, 0, 0, -1), "270": (0, -1, 1, 0), "mirrored": (-1, 0, 0, 1)}
# What is stored, as numpy makes it of an upright picture.
STORED = {"": lambda p: p, "90": lambda p: numpy.rot90(p, 1), "180": lambda p: numpy.rot90(p, 2),
          "270": lambda p: numpy.rot90(p, -1), "mirrored": lambda p: p[:, ::-1]}
ASPECTS = [(4, 3), (16, 15), (64, 45), (8, 9), (32, 27), (3, 4)]
NEARLY = [(1281, 1280), (4739, 4740), (13359, 13333)]
# Light in cd/m² of BT.709's primaries, none brighter than what tone mapping leaves as it is.
GROUND, DISC = (20, 20, 20), (90, 90, 90)
PATCHES = [(80, 52, 40), (10, 20, 60), (22, 40, 12), (60, 60, 20)]
SIZES = [(640, 480), (640, 360), (720, 576), (1280, 720), (1440, 1080), (854, 480), (480, 640)]


def scene(width, height, true_width, true_height):
    """Which colour each pixel has, by shares: a disc in the middle, patches in the corners of what showcase leaves."""
    fine = 4
    x = (numpy.arange(width * fine) + 0.5) / (width * fine) * true_width - true_width / 2
    y = (numpy.arange(height * fine) + 0.5) / (height * fine) * true_height - true_height / 2
    cut_width = min(true_width, true_height * 16 / 9)
    cut_height = min(true_height, true_width * 9 / 16)
    disc = (x[None, :] / cut_height) ** 2 + (y[:, None] / cut_height) ** 2 < 0.3 ** 2
    index = numpy.where(disc, 1, 0)
    for number, (right, below) in enumerate([(0, 0), (1, 0), (0, 1), (1, 1)]):
        across = abs(x - (right - 0.5) * cut_width * 0.74) < cut_width * 0.06
        down = abs(y - (below - 0.5) * cut_height * 0.4) < cut_height * 0.1
        index[numpy.ix_(down, across)] = 2 + number
    shares = [(index == colour).reshape(height, fine, width, fine).mean((1, 3)) for colour in range(2 + len(PATCHES))]
    return numpy.stack(shares)


def signal(patch, primaries, curve):
    into = light.times(light.inverse(light.to_xyz(light.PRIMARIES[primaries])),
                       light.times(light.to_xyz(light.PRIMARIES["bt709"]), patch))
    return curve([max(0, c) for c in into])


def ycc(rgb, matrix):
    kr, kb = light.MATRICES[matrix]
    r, g, b = rgb
    y = kr * r + (1 - kr - kb) * g + kb * b
    return y, (b - y) / (2 * (1 - kb)), (r - y) / (2 * (1 - kr))


def display(rgb):
    return [(c / 203) ** (1 / 2.4) for c in rgb]


class ShapedClip:
    """The scene in a clip with some of the things that uploads have."""

    def __init__(self, number, seed, folder):
        chance = random.Random(f"{seed} {number}")
        has = {name for name in ("turned", "anamorphic", "near", "hdr", "601", "full", "10 bit", "odd", "interlaced")
               if chance.random() < 0.35}
        if "near" in has:
            has.discard("anamorphic")
        if "hdr" in has:
            has -= {"601", "full", "interlaced"}
            has.add("10 bit")
        if "10 bit" in has:
            has.discard("interlaced")
        if "interlaced" in has:
            has.discard("odd")
        self.has = has
        width, height = chance.choice(SIZES)
        if "odd" in has:
            width, height = width - 1, height - chance.choice([0, 1])
        self.turn = chance.choice(["90", "180", "270", "mirrored"]) if "turned" in has else ""
        aspect = chance.choice(ASPECTS if "anamorphic" in has else NEARLY) if has & {"anamorphic", "near"} else (1, 1)
        # The last line of an odd side is cut off.
        even = (width // 2 * 2, height // 2 * 2)
        true = (even[0] * aspect[0] / aspect[1] if "anamorphic" in has else even[0], even[1])
        is_turned = self.turn in ("90", "270")
        self.true = true[::-1] if is_turned else true
        upright = scene(*(even[::-1] if is_turned else even), *self.true)
        edge = ((0, height - even[1]), (0, width - even[0]))
        shares = numpy.stack([numpy.pad(STORED[self.turn](part), edge, mode="edge") for part in upright])
        if "hdr" in has:
            transfer = chance.choice(["smpte2084", "arib-std-b67"])
            primaries, matrix = "bt2020", "bt2020nc"
            curve = (lambda rgb: [light.pq(c) for c in rgb]) if transfer == "smpte2084" else light.hlg
        else:
            primaries = transfer = matrix = "smpte170m" if "601" in has else "bt709"
            curve = display
        colours = numpy.array([ycc(signal(c, primaries, curve), matrix) for c in [GROUND, DISC, *PATCHES]])
        planes = numpy.einsum("cn,chw->nhw", colours, shares)
        depth = 10 if "10 bit" in has else 8
        one = 1 << (depth - 8)
        is_full = "full" in has
        top = (1 << depth) - 1
        luma = planes[0] * top if is_full else one * (16 + 219 * planes[0])
        chroma = [plane * top + 128 * one if is_full else one * (128 + 224 * plane) for plane in planes[1:]]
        # Chroma is sited left, in the middle of two lines (H.264, where it says nothing).
        if "odd" not in has:
            chroma = [self.half(plane) for plane in chroma]
        kind = "<u2" if depth > 8 else "u1"
        frame = b"".join(numpy.clip(numpy.rint(plane), 0, top).astype(kind).tobytes() for plane in [luma, *chroma])
        pixel = f"yuv{'j' if is_full and depth == 8 else ''}{444 if 'odd' in has else 420}p{'10le' if depth > 8 else ''}"
        codec = ["-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-crf", 4, "-x265-params",
                 f"log-level=error:colorprim={primaries}:transfer={transfer}:colormatrix={matrix}:"
                 f"range={'full' if is_full else 'limited'}"] if depth > 8 else ["-c:v", "libx264", "-preset", "ultrafast", "-crf", 2]
        if "odd" in has:
            # Only 4:4:4 can be odd in H.264.
            codec = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", 2]
        if "interlaced" in has:
            codec += ["-flags", "+ilme+ildct", "-x264opts", "tff=1"]
        self.path = folder / f"shape-{number}.mp4"
        self.command = [
            "-f", "rawvideo", "-pix_fmt", pixel, "-s", f"{width}x{height}", "-r", "30", "-i", "-",
            *(["-vf", "setfield=tff"] if "interlaced" in has else []), *codec, "-aspect", f"{width * aspect[0]}:{height * aspect[1]}",
            "-color_primaries", primaries, "-color_trc", transfer, "-colorspace", matrix,
            "-color_range", "pc" if is_full else "tv", self.path]
        ffmpeg(*self.command, data=frame * 30)
        if self.turn:
            data = bytearray(self.path.read_bytes())
            place = data.index(b"tkhd") + 4 + 4 + 20 + 8 + 8
            a, b, c, d = (value << 16 for value in TURNS[self.turn])
            struct.pack_into(">9i", data, place, a, b, 0, c, d, 0, 0, 0, 1 << 30)
            self.path.write_bytes(data)

    @staticmethod
    def half(plane):
        height, width = plane.shape
        plane = numpy.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge")
        left = numpy.pad(plane, ((0, 0), (1, 0)), mode="edge")
        across = (left[:, 0:-1:2] + 2 * plane[:, ::2] + plane[:, 1::2]) / 4
        return (across[::2] + across[1::2]) / 2

    def expected(self):
        """The frame as floating point makes it: BT.709, limited range, 1280x720."""
        true_width, true_height = self.true
        cut_width, cut_height = min(true_width, true_height * 16 / 9), min(true_height, true_width * 9 / 16)
        # The scene is measured in the part that is left, so the whole is that part.
        shares = scene(1280, 720, cut_width, cut_height)
        colours = numpy.array([ycc(display(c), "bt709") for c in [GROUND, DISC, *PATCHES]])
        planes = numpy.einsum("cn,chw->nhw", colours, shares)
        return numpy.stack([16 + 219 * planes[0], 128 + 224 * planes[1], 128 + 224 * planes[2]])


def one_frame(cortina, path, output, report):
    """The middle of what a nearly lossless showcase makes of a clip, and the filters' time a frame in milliseconds."""
    manifest = json.loads((HERE.parent / "pipelines/published/showcase@3.json").read_text())
    manifest["output"]["video"] |= {"crf": 1}
    changed = output.with_suffix(".json")
    changed.write_text(json.dumps(manifest))
    command(cortina, "run", changed, path, "-o", output, "--report", report, "--progress", "none", "--home", HERE.parent)
    raw = ffmpeg("-i", output, "-vf", f"select=eq(n\\,{BUMPER + 15}),format=yuv444p", "-frames:v", 1, "-f", "rawvideo", "-")
    frame = numpy.frombuffer(raw, numpy.uint8).reshape(3, 720, 1280).astype(float)
    facts = json.loads(report.read_text())
    return frame, facts["workSeconds"]["filter"] / 30 * 1000


def edges(line, low, high):
    """Where a line rises through the middle between two levels first, and falls last."""
    above = line > (low + high) / 2
    first, last = numpy.argmax(above), len(above) - 1 - numpy.argmax(above[::-1])
    middle = (low + high) / 2
    begin = first - (line[first] - middle) / (line[first] - line[first - 1])
    end = last + (line[last] - middle) / (line[last] - line[last + 1])
    return begin, end


def resamplings(explained):
    """How many filters of the executed plan compute the upload's picture anew, chroma on the way back from HDR left out."""
    executed = explained[explained.index(", executed"):]
    count = 0
    for line in executed.splitlines()[1:]:
        if "brand/" in line or "overlay" in line:
            break
        if re.match(r"\s+n\d+\s+z?scale\s", line) and not (" t=bt709" in line and " min=" not in line):
            count += 1
    return count


def shapes(number, options, folder):
    clip = ShapedClip(number, options.seed, folder)
    output, report = folder / f"shape-{number}.out.mp4", folder / f"shape-{number}.report.json"
    faults, figures = [], {}
    wanted = clip.expected()
    try:
        frame, figures["ms"] = one_frame(options.cortina, clip.path, output, report)
        low, high = frame[0, 360, 330], frame[0, 360, 640]
        left, right = edges(frame[0, 360], low, high)
        top, bottom = edges(frame[0, :, 640], low, high)
        round_by = (right - left) / (bottom - top) - 1
        figures["round"] = abs(round_by)
        if abs(round_by) > 0.01:
            faults.append(f"the disc is {100 * round_by:.2f} % wider than high")
        # In the middle of each patch, of the disc and of the ground.
        for x, y in [(0.13, 0.3), (0.87, 0.3), (0.13, 0.7), (0.87, 0.7), (0.5, 0.5), (0.3, 0.85)]:
            area = (slice(None), slice(int(720 * y) - 12, int(720 * y) + 12), slice(int(1280 * x) - 12, int(1280 * x) + 12))
            off = numpy.abs(frame[area].mean((1, 2)) - wanted[area].mean((1, 2))).max()
            figures["level"] = max(figures.get("level", 0), off)
            if off > 4:
                faults.append(f"{off:.1f} levels off at {x}, {y}")
        explained = command(options.cortina, "explain", "showcase@3", clip.path, "--home", HERE.parent).decode()
        figures["resamplings"] = resamplings(explained)
        if figures["resamplings"] > 1:
            faults.append(f"{figures['resamplings']} resamplings")
        figures["psnr"] = psnr(frame, wanted)
        if options.before:
            frame, figures["ms before"] = one_frame(options.before, clip.path, output, report)
            figures["psnr before"] = psnr(frame, wanted)
    except (RuntimeError, IndexError, ValueError) as error:
        faults.append(f"{type(error).__name__}: {error}")
    names = ", ".join(sorted(clip.has)) or "plain"
    if options.verbose:
        print(number, names, clip.turn, {name: round(float(value), 3) for name, value in figures.items()}, flush=True)
    return faults, f"{names} {clip.turn} {shlex.join(map(str, clip.command))}", figures


def psnr(frame, wanted):
    # Without the watermark's corner.
    difference = (frame[0] - wanted[0])[100:, :]
    return 10 * numpy.log10(255 ** 2 / (difference ** 2).mean())


# ---------------------------------------------------------------------------------------------------------------------

parser = argparse.ArgumentParser()
parser.add_argument("kind", choices=["short", "shapes"])
parser.add_argument("--count", type=int)
parser.add_argument("--first", type=int, default=0)
parser.add_argument("--seed", default="1")
parser.add_argument("--played", type=int, default=10)
parser.add_argument("--cortina", default=HERE.parent / ".build/release/cortina")
parser.add_argument("--before")
parser.add_argument("--verbose", action="store_true", help="a line a clip")
parser.add_argument("--keep", help="a folder that the clips stay in")

if __name__ == "__main__":
    options = parser.parse_args()
    work = {"short": short, "shapes": shapes}[options.kind]
    numbers = range(options.first, options.first + (options.count or {"short": 200, "shapes": 100}[options.kind]))
    bad, all_figures = 0, []
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(2) as pool:
        folder = pathlib.Path(options.keep or scratch)
        folder.mkdir(exist_ok=True)
        for number, (faults, made, figures) in zip(numbers, pool.map(lambda n: work(n, options, folder), numbers)):
            all_figures.append(figures)
            if faults:
                bad += 1
                print(f"{options.kind} {number}: {made}\n    " + "\n    ".join(faults), flush=True)
    print(f"{len(numbers)} clips, {bad} not as they must be")
    for name in sorted({name for figures in all_figures for name in figures}):
        values = [figures[name] for figures in all_figures if name in figures]
        print(f"{name}: mean {numpy.mean(values):.4g}, least {min(values):.4g}, most {max(values):.4g}")
    sys.exit(1 if bad else 0)
