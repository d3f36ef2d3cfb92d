#!/usr/bin/env python3
"""Draws the brand and the sample clip: everything in assets/ comes from this file.

    python3 assets/make_assets.py            # all
    python3 assets/make_assets.py intro      # one of: watermark, intro, outro, sample

Needs python3-cairo, python3-numpy, fonts-dejavu-core and ffmpeg (Debian packages). Encoders of another version may give
other bytes: the manifests name assets by digest, so publish new versions of the pipelines after making them again.
"""

import math
import pathlib
import subprocess
import sys
import tempfile
import wave

import cairo
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
NIGHT, CURTAIN, FOLD, GOLD, CREAM = "#101d33", "#c23b4a", "#8f2637", "#ffc15a", "#fff4e0"
RATE = 48_000


def rgb(text):
    return tuple(int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))


def ease(t):
    """Smooth from 0 to 1 (a cubic with flat ends), clamped outside."""
    t = min(1.0, max(0.0, t))
    return t * t * (3 - 2 * t)


def text(ctx, words, x, y, size, colour, alpha=1.0, spacing=0.0, anchor=0.5):
    """One line of bold sans, its baseline at y, letters set apart by `spacing` of their size."""
    ctx.select_font_face("DejaVu Sans", cairo.FONT_SLANT_NORMAL, cairo.FONT_WEIGHT_BOLD)
    ctx.set_font_size(size)
    widths = [ctx.text_extents(letter).x_advance + spacing * size for letter in words]
    x -= anchor * (sum(widths) - spacing * size)
    ctx.set_source_rgba(*rgb(colour), alpha)
    for letter, width in zip(words, widths):
        ctx.move_to(x, y)
        ctx.show_text(letter)
        x += width


def mark(ctx, x, y, size, alpha=1.0):
    """The mark: a stage, its curtain drawn to both sides, a star in the light."""
    ctx.save()
    ctx.translate(x, y)
    ctx.scale(size, size)
    ctx.push_group()
    ctx.arc(0, 0, 0.5, 0, 2 * math.pi)
    ctx.clip()
    ctx.set_source_rgb(*rgb(NIGHT))
    ctx.paint()
    light = cairo.RadialGradient(0, 0.05, 0, 0, 0.05, 0.5)
    light.add_color_stop_rgba(0, *rgb(GOLD), 0.55)
    light.add_color_stop_rgba(1, *rgb(GOLD), 0)
    ctx.set_source(light)
    ctx.paint()
    for side in (-1, 1):
        for fold in range(3):
            ctx.set_source_rgb(*rgb(CURTAIN if fold % 2 == 0 else FOLD))
            outer, inner = 0.5 - 0.09 * fold, 0.41 - 0.09 * fold
            ctx.move_to(side * outer, -0.5)
            ctx.line_to(side * (inner - 0.10), -0.5)
            ctx.curve_to(side * (inner - 0.10), -0.1, side * (inner + 0.06), 0.1, side * (inner + 0.08), 0.5)
            ctx.line_to(side * 0.5, 0.5)
            ctx.close_path()
            ctx.fill()
    star(ctx, 0, 0.05, 0.19, CREAM)
    ctx.pop_group_to_source()
    ctx.paint_with_alpha(alpha)
    ctx.restore()


def star(ctx, x, y, radius, colour, alpha=1.0, turn=0.0):
    ctx.new_path()
    for point in range(10):
        angle = turn - math.pi / 2 + point * math.pi / 5
        reach = radius if point % 2 == 0 else radius * 0.42
        ctx.line_to(x + reach * math.cos(angle), y + reach * math.sin(angle))
    ctx.close_path()
    ctx.set_source_rgba(*rgb(colour), alpha)
    ctx.fill()


def watermark():
    surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, 600, 160)
    ctx = cairo.Context(surface)
    ctx.push_group()
    mark(ctx, 82, 80, 148)
    for offset, colour, alpha in ((3, NIGHT, 0.55), (0, CREAM, 1.0)):
        text(ctx, "CORTINA", 176 + offset, 88 + offset, 76, colour, alpha, 0.03, 0)
        text(ctx, "RISING STARS", 179 + offset, 132 + offset, 33, GOLD if offset == 0 else colour, alpha, 0.19, 0)
    ctx.pop_group_to_source()
    ctx.paint_with_alpha(0.92)
    surface.write_to_png(str(HERE / "brand/watermark.png"))


def curtains(ctx, width, height, opening):
    """Two curtains over the stage: `opening` 0 closed, 1 drawn aside."""
    half = width / 2
    for side in (0, 1):
        ctx.save()
        if side:
            ctx.translate(width, 0)
            ctx.scale(-1, 1)
        edge = half * (1 - 0.97 * opening) + 1
        folds = 9
        for fold in range(folds):
            x0, x1 = edge * fold / folds, edge * (fold + 1) / folds
            shade = cairo.LinearGradient(x0, 0, x1, 0)
            shade.add_color_stop_rgb(0.0, *rgb(FOLD))
            shade.add_color_stop_rgb(0.45, *rgb(CURTAIN))
            shade.add_color_stop_rgb(1.0, *rgb(FOLD))
            ctx.set_source(shade)
            sway = 16 * math.sin(opening * 5 + fold) * opening * (1 - opening) * 4
            ctx.move_to(x0, 0)
            ctx.line_to(x1 + 1, 0)
            ctx.line_to(x1 + 1 + sway, height)
            ctx.line_to(x0 + sway, height)
            ctx.close_path()
            ctx.fill()
        ctx.set_source_rgba(*rgb(GOLD), 0.9)
        ctx.rectangle(0, height - 26, edge, 8)
        ctx.fill()
        ctx.restore()


def stage(ctx, width, height, glow):
    ctx.set_source_rgb(*rgb(NIGHT))
    ctx.paint()
    light = cairo.RadialGradient(width / 2, height * 0.45, 0, width / 2, height * 0.45, width * 0.55)
    light.add_color_stop_rgba(0, *rgb(GOLD), 0.30 * glow)
    light.add_color_stop_rgba(1, *rgb(GOLD), 0)
    ctx.set_source(light)
    ctx.paint()


def intro(ctx, width, height, t):
    stage(ctx, width, height, ease(t / 1.2))
    for i in range(14):
        angle, reach = i * 2.399, 180 + 38 * i
        rise = ease((t - 0.5) / 1.8)
        star(
            ctx, width / 2 + reach * rise * math.cos(angle), height * 0.46 + 0.55 * reach * rise * math.sin(angle),
            6 + i % 4 * 3, GOLD, 0.75 * rise, t * (1 + i % 3))
    grow = ease((t - 0.35) / 0.9)
    mark(ctx, width / 2, height * 0.38, 250 * (0.7 + 0.3 * grow), grow)
    text(ctx, "CORTINA", width / 2, height * 0.72, 104, CREAM, ease((t - 0.7) / 0.7), 0.06 + 0.10 * (1 - ease((t - 0.7) / 1.2)))
    text(ctx, "RISING STARS", width / 2, height * 0.82, 40, GOLD, ease((t - 1.1) / 0.7), 0.24)
    curtains(ctx, width, height, ease((t - 0.15) / 1.5))


def outro(ctx, width, height, t):
    stage(ctx, width, height, 1)
    text(ctx, "WHO IS YOUR STAR?", width / 2, height * 0.46, 84, CREAM, ease((t + 0.3) / 0.5), 0.04)
    text(ctx, "vote at cortina.example", width / 2, height * 0.58, 42, GOLD, ease((t - 0.1) / 0.5), 0.05)
    for i in range(5):
        pop = ease((t - 0.25 - 0.12 * i) / 0.35)
        star(ctx, width / 2 + (i - 2) * 92, height * 0.25, 36 * pop, GOLD, pop, (1 - pop) * 2)
    close = ease((t - 1.35) / 0.95)
    curtains(ctx, width, height, 1 - close)
    mark(ctx, width / 2, height * 0.47, 210, ease((t - 1.95) / 0.4))


def rally(t):
    """Where the ball is: a bounce on each side, hit by turns; returns court coordinates, height and the time of the hit."""
    beat = 1.15
    stroke, share = divmod(t, beat)
    share /= beat
    near = int(stroke) % 2 == 0
    start, end = (0.94, 0.06) if near else (0.06, 0.94)

    def lane(number):
        return 0.5 + 0.32 * math.sin(number * 2.3 + 0.4)

    along = start + (end - start) * share
    across = lane(int(stroke)) + (lane(int(stroke) + 1) - lane(int(stroke))) * share
    bounce = 0.74
    if share < bounce:
        height = 0.25 * math.sin(math.pi * share / bounce) + 0.10 * (1 - share / bounce)
    else:
        height = 0.13 * math.sin(math.pi * (share - bounce) / (1 - bounce) * 0.75)
    return across, along, max(0.0, height), int(stroke), share


def sample(ctx, width, height, t):
    pan = 26 * math.sin(t * 0.5)

    def place(across, along, up=0.0):
        """From the court's plane to the picture: along 0 is the far line, 1 the near one."""
        depth = 0.36 + 0.64 * along
        x = width / 2 + (across - 0.5) * width * 0.80 * depth + pan * depth
        return x, height * (0.17 + 0.74 * depth * depth * 0.98) - up * height * 0.55 * depth, depth

    sky = cairo.LinearGradient(0, 0, 0, height * 0.34)
    sky.add_color_stop_rgb(0, *rgb("#274b6d"))
    sky.add_color_stop_rgb(1, *rgb("#f2b880"))
    ctx.set_source(sky)
    ctx.paint()
    for row in range(5):  # the stand, its people clapping now and then
        for seat in range(64):
            x = seat * 32 + (row % 2) * 16 - 20 + pan * 0.3
            cheer = 5 * max(0.0, math.sin(t * 7 + seat * 1.7 + row)) * (0.4 + 0.6 * (math.sin(t * 0.9) > 0.3))
            hue = ("#5b7fa6", "#c8553d", "#e9d8a6", "#4a6d57", "#8d6a9f")[(seat * 7 + row * 3) % 5]
            ctx.set_source_rgb(*rgb(hue))
            ctx.arc(x, 118 + row * 36 - cheer, 13, 0, 2 * math.pi)
            ctx.fill()
    ctx.set_source_rgb(*rgb("#2c6e63"))
    ctx.rectangle(0, height * 0.262, width, height)
    ctx.fill()
    ctx.set_source_rgb(*rgb("#183d4a"))
    ctx.rectangle(0, height * 0.252, width, height * 0.018)
    ctx.fill()

    def quad(points, colour):
        for point in points:
            ctx.line_to(*place(*point)[:2])
        ctx.close_path()
        ctx.set_source_rgb(*rgb(colour))
        ctx.fill()

    quad([(-0.02, -0.03), (1.02, -0.03), (1.02, 1.03), (-0.02, 1.03)], "#c8643c")

    def line(a, b, thick=6):
        (x0, y0, d0), (x1, y1, _) = place(*a), place(*b)
        ctx.set_source_rgb(*rgb(CREAM))
        ctx.set_line_width(thick * d0)
        ctx.move_to(x0, y0)
        ctx.line_to(x1, y1)
        ctx.stroke()

    for x in (0.0, 0.11, 0.89, 1.0):
        line((x, 0), (x, 1))
    for y in (0.0, 0.27, 0.73, 1.0):
        line((0.11 if y in (0.27, 0.73) else 0, y), (0.89 if y in (0.27, 0.73) else 1, y))
    line((0.5, 0.27), (0.5, 0.73))

    across, along, up, stroke, share = rally(t)

    def player(along_line, shirt, swing, target):
        x, y, depth = place(target, along_line)
        size = 165 * depth
        ctx.set_source_rgba(0, 0, 0, 0.25)
        ctx.save()
        ctx.translate(x, y)
        ctx.scale(1, 0.28)
        ctx.arc(0, 0, size * 0.36, 0, 2 * math.pi)
        ctx.restore()
        ctx.fill()
        step = 0.14 * math.sin(t * 11)
        ctx.set_line_cap(cairo.LINE_CAP_ROUND)
        ctx.set_source_rgb(*rgb("#2b2d42"))
        ctx.set_line_width(size * 0.13)
        for leg in (-1, 1):
            ctx.move_to(x, y - size * 0.5)
            ctx.line_to(x + size * (0.16 * leg + step * leg), y - size * 0.03)
            ctx.stroke()
        ctx.set_source_rgb(*rgb(shirt))
        ctx.set_line_width(size * 0.30)
        ctx.move_to(x, y - size * 0.55)
        ctx.line_to(x, y - size * 0.86)
        ctx.stroke()
        ctx.set_source_rgb(*rgb("#e0a67c"))
        ctx.arc(x, y - size * 1.16, size * 0.14, 0, 2 * math.pi)
        ctx.fill()
        angle = -0.5 - 2.2 * swing
        hand = x + size * 0.42 * math.cos(angle), y - size * 0.82 + size * 0.42 * math.sin(angle)
        ctx.set_line_width(size * 0.09)
        ctx.move_to(x, y - size * 0.86)
        ctx.line_to(*hand)
        ctx.stroke()
        head = hand[0] + size * 0.34 * math.cos(angle), hand[1] + size * 0.34 * math.sin(angle)
        ctx.set_source_rgb(*rgb(NIGHT))
        ctx.set_line_width(size * 0.05)
        ctx.move_to(*hand)
        ctx.line_to(*head)
        ctx.stroke()
        ctx.arc(*head, size * 0.17, 0, 2 * math.pi)
        ctx.set_source_rgba(*rgb(CREAM), 0.5)
        ctx.fill_preserve()
        ctx.set_source_rgb(*rgb(NIGHT))
        ctx.stroke()

    near_hits = stroke % 2 == 0
    swing = max(0.0, 1 - share * 5)
    before = max(0.0, (share - 0.75) * 4)
    player(0.0, "#3d7dca", swing if not near_hits else before * 0.8, across * 0.7 + 0.15)

    def net():
        (x0, y0, d), (x1, y1, _) = place(-0.04, 0.5), place(1.04, 0.5)
        ctx.set_source_rgba(*rgb(NIGHT), 0.45)
        ctx.rectangle(x0, y0 - 74 * d, x1 - x0, 74 * d)
        ctx.fill()
        ctx.set_source_rgba(*rgb(CREAM), 0.28)
        ctx.set_line_width(1.5)
        for i in range(90):
            x = x0 + (x1 - x0) * i / 89
            ctx.move_to(x, y0 - 74 * d)
            ctx.line_to(x, y0)
        ctx.stroke()
        ctx.set_source_rgb(*rgb(CREAM))
        ctx.rectangle(x0, y0 - 80 * d, x1 - x0, 8)
        ctx.fill()

    def ball():
        x, y, depth = place(across, along)
        ctx.set_source_rgba(0, 0, 0, 0.35)
        ctx.save()
        ctx.translate(x, y)
        ctx.scale(1, 0.35)
        ctx.arc(0, 0, 15 * depth, 0, 2 * math.pi)
        ctx.restore()
        ctx.fill()
        for trail in range(6, -1, -1):
            a, l, u, _, _ = rally(max(0.0, t - trail * 0.012))
            bx, by, bd = place(a, l, u)
            ctx.set_source_rgba(*rgb("#e4ff5c"), 1.0 if trail == 0 else 0.10)
            ctx.arc(bx, by - 14 * bd, 16 * bd, 0, 2 * math.pi)
            ctx.fill()

    if along < 0.5:
        ball()
    net()
    player(1.0, "#e9b44c", swing if near_hits else before * 0.8, across * 0.7 + 0.15)
    if along >= 0.5:
        ball()

    ctx.set_source_rgba(*rgb(NIGHT), 0.82)
    ctx.rectangle(60, height - 150, 470, 96)
    ctx.fill()
    ctx.set_source_rgb(*rgb(GOLD))
    ctx.rectangle(60, height - 150, 10, 96)
    ctx.fill()
    text(ctx, "LINNEA  %d" % (15 * (int(t / 9) % 3)), 92, height - 110, 32, CREAM, 1, 0.02, 0)
    text(ctx, "MATEO   %d" % (15 * (int((t + 4) / 9) % 3)), 92, height - 68, 32, CREAM, 1, 0.02, 0)
    minutes = "%02d.%d" % (int(t), int(t * 10) % 10)
    text(ctx, minutes, 505, height - 86, 38, GOLD, 1, 0.02, 1)


def tone(length, frequency, decay, start=0.0, level=0.2):
    t = np.arange(int(length * RATE)) / RATE - start
    sound = sum(np.sin(2 * np.pi * frequency * (k + 1) * t) / (k + 1) ** 2 for k in range(4))
    return level * sound * np.exp(-np.maximum(t, 0) * decay) * (t >= 0) * np.minimum(1, np.maximum(t, 0) * 200)


def whoosh(length, start, end, level=0.12, seed=1):
    t = np.arange(int(length * RATE)) / RATE
    noise = np.convolve(np.random.default_rng(seed).standard_normal(t.size), np.ones(24) / 24, "same")
    shape = np.clip((t - start) / (end - start), 0, 1)
    return level * noise * np.sin(np.pi * shape) ** 2 * 4


def intro_sound(length):
    chord = sum(tone(length, f, 1.5, 0.45 + 0.11 * i, 0.13) for i, f in enumerate((261.63, 329.63, 392.0, 523.25)))
    return whoosh(length, 0.1, 1.4) + chord


def outro_sound(length):
    stars = sum(tone(length, f, 3.0, 0.25 + 0.12 * i, 0.10) for i, f in enumerate((523.25, 587.33, 659.26, 783.99, 1046.5)))
    return stars + whoosh(length, 1.3, 2.3, seed=2) + tone(length, 130.81, 3.0, 1.9, 0.2)


def sample_sound(length):
    t = np.arange(int(length * RATE)) / RATE
    noise = np.random.default_rng(3).standard_normal(t.size)
    crowd = np.convolve(noise, np.ones(90) / 90, "same") * 0.10 * (0.6 + 0.4 * np.sin(t * 0.9))
    sound = crowd
    for stroke in range(int(length / 1.15) + 1):
        hit = stroke * 1.15
        sound = sound + tone(length, 420 if stroke % 2 == 0 else 480, 38, hit, 0.5)
        if hit + 0.85 < length:
            sound = sound + tone(length, 170, 45, hit + 0.74 * 1.15, 0.3)
    return sound


def film(name, draw, sound, size, length, crf):
    width, height = size
    surface = cairo.ImageSurface(cairo.FORMAT_RGB24, width, height)
    with tempfile.TemporaryDirectory() as folder:
        samples = np.clip(sound(length), -0.98, 0.98)
        fade = np.minimum(1, np.minimum(np.arange(samples.size), samples.size - np.arange(samples.size)) / (0.02 * RATE))
        with wave.open(f"{folder}/sound.wav", "wb") as out:
            out.setnchannels(2)
            out.setsampwidth(2)
            out.setframerate(RATE)
            out.writeframes(np.repeat((samples * fade * 32767).astype("<i2"), 2).tobytes())
        encode = subprocess.Popen(
            ["ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "bgr0", "-s", f"{width}x{height}",
             "-r", "30", "-i", "-", "-i", f"{folder}/sound.wav", "-vf",
             "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", "-c:v", "libx264", "-preset", "slow",
             "-refs", "3", "-crf", str(crf), "-color_range", "tv", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc",
             "bt709", "-c:a", "aac", "-b:a", "112k", "-t", str(length), "-movflags", "+faststart", "-fflags",
             "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", str(HERE / name)],
            stdin=subprocess.PIPE)
        for frame in range(round(length * 30)):
            draw(cairo.Context(surface), width, height, frame / 30)
            encode.stdin.write(surface.get_data())
        encode.stdin.close()
        if encode.wait() != 0:
            sys.exit(f"cannot encode {name}")


MAKERS = {
    "watermark": watermark,
    "intro": lambda: film("brand/intro.mp4", intro, intro_sound, (1280, 720), 2.5, 19),
    "outro": lambda: film("brand/outro.mp4", outro, outro_sound, (1280, 720), 2.5, 19),
    "sample": lambda: film("samples/rally.mp4", sample, sample_sound, (1920, 1080), 25, 26),
}

if __name__ == "__main__":
    for name in sys.argv[1:] or MAKERS:
        MAKERS[name]()
        print(f"made {name}")
