"""What the benchmarks share: running a command with its costs, and the clips that they make."""

import contextlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent


def measure(command, **options):
    """Runs a command; returns its wall and processor seconds, peak memory in MiB and bytes read in MB."""
    # Debian's numpy, which draws the plot, brings an OpenBLAS that libavfilter then loads: its threads would spin.
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    start = time.monotonic()
    process = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, **options)
    errors = process.stderr.read()
    # The system keeps count until the process is reaped.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    wall = time.monotonic() - start
    counts = dict(line.split(": ") for line in pathlib.Path(f"/proc/{process.pid}/io").read_text().splitlines())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if status != 0:
        sys.exit(f"{shlex.join(map(str, command))} failed:\n{errors.decode(errors='replace')}")
    return {
        "wall": wall, "processor": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss / 1024,
        "read": int(counts["rchar"]) / 1e6,
    }


def phone_clip(folder, seconds=45):
    """A clip as a phone makes it: 1080p30, 12 Mbit/s, the sensor's noise, with sound. Made once."""
    path = folder / f"phone-1080p30-{seconds}s.mp4"
    if not path.exists():
        partial = path.with_suffix(".partial.mp4")
        measure([
            "ffmpeg", "-y", "-nostdin", "-loglevel", "error", "-stream_loop", "-1",
            "-i", ROOT / "assets/samples/rally.mp4", "-t", seconds, "-vf", "noise=alls=6:allf=t",
            "-c:v", "libx264", "-preset", "veryfast", "-b:v", "12M", "-maxrate", "14M", "-bufsize", "12M", "-g", "60",
            "-pix_fmt", "yuv420p", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709",
            "-color_range", "tv", "-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart", partial,
        ])
        partial.rename(path)
    return path


def long_clip(folder, seconds=360):
    """A clip of low bitrate, of which the index is the largest part: 1080p30, about 20 kbit/s. Made once."""
    path = folder / f"low-1080p30-{seconds}s.mp4"
    if not path.exists():
        turn, partial = folder / "low-turn.mp4", path.with_suffix(".partial.mp4")
        ffmpeg = ["ffmpeg", "-y", "-nostdin", "-loglevel", "error"]
        still = "color=navy:s=1920x1080:r=30:d=10[sea];color=white:s=80x80:r=30:d=10[ship];[sea][ship]overlay=x=n:y=500"
        measure(ffmpeg + ["-f", "lavfi", "-i", still, "-c:v", "libx264", "-crf", "35", "-pix_fmt", "yuv420p", turn])
        measure(ffmpeg + ["-stream_loop", "-1", "-i", turn, "-t", seconds, "-c", "copy", "-movflags", "+faststart", partial])
        partial.rename(path)
    return path


@contextlib.contextmanager
def range_server(path):
    """Serves a file over HTTP as the tests do; gives its address, and a function that counts the bytes that were sent."""
    server = subprocess.Popen(
        [sys.executable, ROOT / "Tests/range_server.py", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        base = f"http://127.0.0.1:{int(server.stdout.readline())}"
        yield f"{base}/clip.mp4", lambda: json.load(urllib.request.urlopen(f"{base}/count", timeout=10))["bytes"]
    finally:
        server.kill()
        server.wait()
