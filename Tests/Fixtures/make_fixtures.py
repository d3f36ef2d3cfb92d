#!/usr/bin/env python3
"""Makes the small clips that the tests of normalisation and of safety use, one for each thing that an upload can have.

    python3 Tests/Fixtures/make_fixtures.py        # needs the ffmpeg program with libx264, libx265 and libvpx

Nearly all of them show the same scene, `plain.mp4`, in another way: turned with a display matrix that turns it back,
squeezed with pixels that are not square, in other colours, with other times. Whoever plays them right sees the plain
scene, and so the tests compare with it. Clips in HDR and in other gamuts are patches of known light, computed here from the standards.
"""

import math
import pathlib
import struct
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
SCENE = "testsrc2=s=320x180:r=30:d=0.5"
TONE = ["-f", "lavfi", "-i", "sine=f=440:r=48000:d=0.5"]
BT709 = "-color_range tv -colorspace bt709 -color_primaries bt709 -color_trc bt709".split()
TO_BT709 = "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int"


def ffmpeg(name, *arguments, data=None):
    command = ["ffmpeg", "-y", "-nostdin" if data is None else "-hide_banner", "-loglevel", "error"]
    subprocess.run([*command, *map(str, arguments), "-fflags", "+bitexact", str(HERE / name)], check=True, input=data)


def scene(name, filters="", *arguments, crf=8, codec="libx264", source=SCENE, colours=BT709, pixel="yuv420p"):
    """The scene through a filter, by default as plain H.264."""
    chain = ",".join(part for part in [filters, f"{TO_BT709},format={pixel}" if colours is BT709 else ""] if part)
    options = ["-preset", "veryfast", "-crf", crf] if codec == "libx264" else []
    ffmpeg(name, "-f", "lavfi", "-i", source, "-vf", chain, "-c:v", codec, *options, *colours, *arguments)


def with_matrix(name, a, b, c, d):
    """Writes a display matrix (ISO/IEC 14496-12, section 8.3.2) into the one track of an MP4 file."""
    path = HERE / name
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 4 + 20 + 8 + 8
    one = 1 << 16
    struct.pack_into(">9i", data, matrix, a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def orientations():
    # What is stored, and the matrix that turns it back: x' = ax + cy, y' = bx + dy.
    for name, stored, matrix in [
        ("turned-90.mp4", "transpose=cclock", (0, 1, -1, 0)),
        ("turned-180.mp4", "hflip,vflip", (-1, 0, 0, -1)),
        ("turned-270.mp4", "transpose=clock", (0, -1, 1, 0)),
        ("mirrored.mp4", "hflip", (-1, 0, 0, 1)),
        ("flipped.mp4", "vflip", (1, 0, 0, -1)),
        ("transposed.mp4", "transpose=cclock_flip", (0, 1, 1, 0)),
        ("antitransposed.mp4", "transpose=clock_flip", (0, -1, -1, 0)),
    ]:
        scene(name, stored)
        with_matrix(name, *matrix)


def shapes():
    scene("anamorphic.mp4", "scale=240:180,setsar=4/3")
    scene("anamorphic-turned.mp4", "scale=240:180,setsar=4/3,transpose=cclock")
    with_matrix("anamorphic-turned.mp4", 0, 1, -1, 0)
    # One line and one column more than the scene has.
    scene("odd-size.webm", "format=gbrp,pad=321:181", "-b:v", "0", "-crf", "15", "-cpu-used", "8", codec="libvpx-vp9")


def rates():
    # Frames 3, 4, 8 and 11 are missing; those before them stay longer.
    gaps = "select=not(eq(n\\,3)+eq(n\\,4)+eq(n\\,8)+eq(n\\,11))"
    scene("variable-rate.mp4", gaps, "-fps_mode", "vfr", "-video_track_timescale", "90000")
    scene("50-fps.mp4", source=SCENE.replace("r=30", "r=50"))
    scene("ntsc-film.mp4", source=SCENE.replace("r=30", "r=24000/1001"))
    fields = "tinterlace=interleave_top,setfield=tff"
    scene("interlaced.mp4", fields, "-flags", "+ilme+ildct", "-x264opts", "tff=1", source=SCENE.replace("r=30", "r=60"))
    scene("interlaced.ts", fields, "-flags", "+ilme+ildct", "-q:v", "3", codec="mpeg2video",
          source=SCENE.replace("r=30", "r=60"))


def colours():
    scene("full-range.mp4", "scale=out_color_matrix=bt709:out_range=pc,format=yuvj420p", colours=[
        "-color_range", "pc", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"])
    scene("bt601-untagged.mp4", "scale=out_color_matrix=smpte170m:out_range=tv,format=yuv420p", colours=[])
    scene("yuv422.mp4", pixel="yuv422p")
    scene("yuv444-10-bit.mp4", pixel="yuv444p10le")
    scene("rgb.mov", "format=rgb24", codec="png", colours=[], source=SCENE.replace("d=0.5", "d=0.1"))
    # The left half is half transparent, the right half opaque.
    half = "format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='if(lt(X,160),128,255)'"
    scene("alpha.mov", half, codec="png", colours=[], source=SCENE.replace("d=0.5", "d=0.1"))
    scene("alpha.webm", f"{half},{TO_BT709},format=yuva420p", "-b:v", "0", "-crf", "15", "-auto-alt-ref", "0",
          "-cpu-used", "8", codec="libvpx-vp9", colours=["-color_range", "tv", "-colorspace", "bt709"])


# SMPTE ST 2084, section 5.2; ITU-R BT.2100-2, table 5 (HLG, system gamma 1.2 at 1000 cd/m²).
def pq(nits):
    y = (nits / 10000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375


def hlg(rgb):
    luminance = 0.2627 * rgb[0] + 0.6780 * rgb[1] + 0.0593 * rgb[2]
    if luminance == 0:
        return [0, 0, 0]
    scene_light = [c / 1000 * (luminance / 1000) ** (1 / 1.2 - 1) for c in rgb]
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return [math.sqrt(3 * e) if e <= 1 / 12 else a * math.log(12 * e - b) + c for e in scene_light]


def inverse(m):
    (a, b, c), (d, e, f), (g, h, i) = m
    det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    return [[(e * i - f * h) / det, (c * h - b * i) / det, (b * f - c * e) / det],
            [(f * g - d * i) / det, (a * i - c * g) / det, (c * d - a * f) / det],
            [(d * h - e * g) / det, (b * g - a * h) / det, (a * e - b * d) / det]]


def times(m, v):
    return [sum(k * c for k, c in zip(row, v)) for row in m]


def to_xyz(primaries):
    """RGB to XYZ for three chromaticities and the white D65 (SMPTE RP 177)."""
    columns = [(x / y, 1, (1 - x - y) / y) for x, y in primaries]
    m = [list(row) for row in zip(*columns)]
    white = (0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290)
    scale = times(inverse(m), white)
    return [[k * s for k, s in zip(row, scale)] for row in m]


# ITU-T H.273, table 2.
PRIMARIES = {"bt709": [(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)], "bt2020": [(0.708, 0.292), (0.170, 0.797), (0.131, 0.046)],
             "smpte170m": [(0.630, 0.340), (0.310, 0.595), (0.155, 0.070)],
             "smpte432": [(0.680, 0.320), (0.265, 0.690), (0.150, 0.060)]}
# ITU-T H.273, table 4: the weights of red and blue.
MATRICES = {"bt709": (0.2126, 0.0722), "smpte170m": (0.299, 0.114), "bt2020nc": (0.2627, 0.0593)}

# Light in cd/m² of BT.709's primaries: black, a grey card, light skin, dark skin, a blue, diffuse white (BT.2408-7).
PATCHES = [(0, 0, 0), (26, 26, 26), (80, 52, 40), (22, 13, 9), (10, 20, 60), (203, 203, 203)]


def patches(name, curve, depth, primaries, transfer, matrix, codec):
    """The patches side by side, in other primaries and another matrix."""
    kr, kb = MATRICES[matrix]
    planes = [b"", b"", b""]
    for patch in PATCHES:
        light = times(inverse(to_xyz(PRIMARIES[primaries])), times(to_xyz(PRIMARIES["bt709"]), patch))
        r, g, b = curve([max(0, c) for c in light])
        y = kr * r + (1 - kr - kb) * g + kb * b
        one = 1 << (depth - 8)
        values = [one * (16 + 219 * y), one * (128 + 112 * (b - y) / (1 - kb)), one * (128 + 112 * (r - y) / (1 - kr))]
        for index, value in enumerate(values):
            planes[index] += struct.pack("<H" if depth > 8 else "<B", round(value)) * (48 if index == 0 else 24)
    frame = planes[0] * 64 + planes[1] * 32 + planes[2] * 32
    ffmpeg(name, "-f", "rawvideo", "-pix_fmt", "yuv420p10le" if depth > 8 else "yuv420p", "-s", "288x64", "-r", "30", "-i", "-",
           *codec, "-color_primaries", primaries, "-color_trc", transfer, "-colorspace", matrix, "-color_range", "tv",
           data=frame * 9)


def known_light():
    for name, transfer, curve in [("pq.mp4", "smpte2084", lambda rgb: [pq(c) for c in rgb]), ("hlg.mp4", "arib-std-b67", hlg)]:
        patches(name, curve, 10, "bt2020", transfer, "bt2020nc", [
            "-c:v", "libx265", "-preset", "fast", "-crf", "4", "-tag:v", "hvc1", "-x265-params",
            f"log-level=error:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc:range=limited"])
    # Standard range: diffuse white is the top, on a display of BT.1886.
    display = lambda rgb: [(c / 203) ** (1 / 2.4) for c in rgb]
    h264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "4"]
    patches("bt601.mp4", display, 8, "smpte170m", "smpte170m", "smpte170m", h264)
    patches("display-p3.mp4", display, 8, "smpte432", "bt709", "bt709", h264)
    patches("bt2020-sdr.mp4", display, 8, "bt2020", "bt709", "bt2020nc", h264)


def streams():
    sound = ["-map", "0:v", "-map", "1:a", "-c:a", "aac"]
    plain = ["-i", HERE / "plain.mp4"]
    ffmpeg("surround.mp4", *plain, "-f", "lavfi", "-i", "sine=f=440:r=48000:d=0.5,pan=5.1|FL=c0|FR=c0|FC=c0|LFE=0*c0|BL=0*c0|BR=0*c0",
           *sound, "-c:v", "copy")
    ffmpeg("mono.mp4", *plain, "-f", "lavfi", "-i", "sine=f=440:r=22050:d=0.5", *sound, "-ac", "1", "-c:v", "copy")
    ffmpeg("no-sound.mp4", *plain, "-c", "copy", "-an")
    # The cover is larger than the film, and an auxiliary track of 10x12 stands first.
    ffmpeg("cover.png", "-f", "lavfi", "-i", "color=red:s=640x640", "-frames:v", "1")
    ffmpeg("cover-art.mp4", "-f", "lavfi", "-i", "color=blue:s=10x12:r=30:d=0.5", *plain, "-i", HERE / "cover.png",
           "-map", "0:v", "-map", "1:v", "-map", "2:v", "-c:v:0", "libx264", "-pix_fmt:v:0", "yuv420p", "-c:v:1", "copy",
           "-c:v:2", "copy", "-disposition:v:2", "attached_pic")
    (HERE / "cover.png").unlink()
    # 16 channels without an order, as some recorders and spatial-sound tracks have.
    ffmpeg("16-channels.mov", *plain, "-f", "lavfi", "-i", "sine=f=440:r=8000:d=0.5,pan=16c|c0=c0|c1=c0",
           "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "pcm_s16le")


def clocks():
    plain = ["-i", HERE / "plain.mp4"]
    # Begins at frame 6, which is no key frame: an edit list hides what is before it.
    ffmpeg("edit-list.mp4", "-ss", "0.2", *plain, "-c", "copy")
    ffmpeg("late-start.mkv", "-itsoffset", "5", *plain, "-f", "lavfi", "-itsoffset", "5", "-i", "sine=f=440:r=48000:d=0.5",
           "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", "-avoid_negative_ts", "disabled")
    ffmpeg("fragmented.mp4", *plain, *TONE, "-c:v", "copy", "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov")
    ffmpeg("lying-duration.mkv", *plain, "-c", "copy")
    data = bytearray((HERE / "lying-duration.mkv").read_bytes())
    place = data.index(b"\x44\x89\x88") + 3  # Matroska's Duration element, a float of eight bytes, in milliseconds
    struct.pack_into(">d", data, place, 3_600_000.0)
    (HERE / "lying-duration.mkv").write_bytes(data)


def late_keys():
    """The first frame is damaged and no key frame; the edit begins a frame after the first key frame."""
    for name, b_frames in [("edit-late-key.mp4", 0), ("edit-late-key-b.mp4", 2)]:
        scene(name, "", "-bf", b_frames, "-g", "11", "-sc_threshold", "0", "-video_track_timescale", "30000", "-an",
              crf=12, source=SCENE.replace("d=0.5", "d=0.66"))
        data = bytearray((HERE / name).read_bytes())
        # ISO/IEC 14496-12, sections 8.6.6 (elst), 8.6.2 (stss) and 8.7.3 (stsz).
        edit = data.index(b"elst")
        length, begin = struct.unpack_from(">Ii", data, edit + 12)
        struct.pack_into(">Ii", data, edit + 12, length * 8 // 20, begin + 12 * 1000)
        keys = data.index(b"stss")
        count, first, *rest = struct.unpack_from(">3I", data, keys + 8)
        assert count == 2 and first == 1 and rest == [12]
        struct.pack_into(">3I", data, keys + 8, 1, 12, 0)
        size, = struct.unpack_from(">I", data, data.index(b"stsz") + 16)
        media = data.index(b"mdat") + 4
        data[media + 8:media + size] = bytes([0xAA]) * (size - 8)
        (HERE / name).write_bytes(data)


def damage():
    ffmpeg("front-index.mp4", "-f", "lavfi", "-i", SCENE.replace("d=0.5", "d=2"), "-vf", f"{TO_BT709},format=yuv420p", *BT709,
           "-c:v", "libx264", "-preset", "veryfast", "-crf", "30", "-g", "15", "-movflags", "+faststart")
    data = (HERE / "front-index.mp4").read_bytes()
    (HERE / "front-index.mp4").unlink()
    (HERE / "truncated.mp4").write_bytes(data[:len(data) * 6 // 10])
    # Bytes of the media overwritten: from the start on, most frames are lost; at the end, few.
    media = data.index(b"mdat") + 4
    def overwritten(begin, end):
        size = len(data) - media
        a, b = media + int(size * begin), media + int(size * end)
        return data[:a] + bytes([0xAA]) * (b - a) + data[b:]
    (HERE / "damaged-much.mp4").write_bytes(overwritten(0.2, 1))
    (HERE / "damaged-little.mp4").write_bytes(overwritten(0.9, 1))
    (HERE / "empty.mp4").write_bytes(b"")
    (HERE / "text.mp4").write_text("This is not a film, whatever its name says.\n")


def box(kind, content):
    return struct.pack(">I", 8 + len(content)) + kind + content


def attacks():
    """Files that name other files: none of those may be opened."""
    target = b"/tmp/cortina-attack-target.mp4"
    # A data reference of QuickTime's alias type, with the absolute path as record 18 and the relative one as record 2.
    record = b"".join(struct.pack(">hH", kind, len(target)) + target for kind in (2, 18)) + struct.pack(">hH", -1, 0)
    alias = b"\0\0\0\0" + b"\0" * 4 + struct.pack(">HH", 152 + len(record), 2) + b"\0" * 2 + b"\0" * 140 + record
    data = (HERE / "no-sound.mp4").read_bytes()
    old = data[data.index(b"dref") - 4:]
    old = old[:struct.unpack(">I", old[:4])[0]]
    new = box(b"dref", struct.pack(">II", 0, 1) + box(b"alis", alias))
    place = data.index(old)
    grown = bytearray(data[:place] + new + data[place + len(old):])
    # The index stands behind the media, so only the boxes around the reference grow.
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
        at = data.index(kind) - 4
        size = struct.unpack_from(">I", grown, at)[0]
        struct.pack_into(">I", grown, at, size + len(new) - len(old))
    (HERE / "external-reference.mp4").write_bytes(grown)

    # An AVI with a subtitle stream whose one "subtitle" is a playlist (Gabest's GAB2).
    picture = subprocess.run(["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "color=gray:s=64x64", "-frames:v", "1",
                              "-c:v", "mjpeg", "-f", "mjpeg", "-"], check=True, capture_output=True).stdout

    def chunk(kind, content):
        return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

    def listing(kind, content):
        return chunk(b"LIST", kind + content)

    def stream(kind, handler, form):
        head = kind + handler + struct.pack("<IHHIIIIIIII4H", 0, 0, 0, 0, 1, 25, 0, 10, 1 << 16, 0, 0, 0, 0, 64, 64)
        return listing(b"strl", chunk(b"strh", head) + chunk(b"strf", form))

    playlist = b"#EXTM3U\n#EXTINF:1,\nfile://" + target + b"\n#EXT-X-ENDLIST\n"
    subtitle = b"GAB2\0" + struct.pack("<HI", 2, 4) + "x\0".encode("utf-16le") + struct.pack("<HI", 4, len(playlist)) + playlist
    main = struct.pack("<14I", 40000, 0, 0, 0x10, 10, 0, 2, 1 << 16, 64, 64, 0, 0, 0, 0)
    form = struct.pack("<IiiHH4sIiiII", 40, 64, 64, 1, 24, b"MJPG", 64 * 64 * 3, 0, 0, 0, 0)
    header = listing(b"hdrl", chunk(b"avih", main) + stream(b"vids", b"MJPG", form) + stream(b"txts", b"\0" * 4, b""))
    movie = listing(b"movi", chunk(b"01tx", subtitle) + chunk(b"00dc", picture) * 10)
    (HERE / "playlist-inside.avi").write_bytes(chunk(b"RIFF", b"AVI " + header + movie))


if __name__ == "__main__":
    scene("plain.mp4", crf=6)
    orientations()
    shapes()
    rates()
    colours()
    known_light()
    streams()
    clocks()
    late_keys()
    damage()
    attacks()
    files = [path for path in HERE.iterdir() if path.suffix != ".py"]
    print(f"{len(files)} fixtures, {sum(path.stat().st_size for path in files) // 1000} kB")
