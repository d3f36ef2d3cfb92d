"""Files that attack whoever reads them, made of short clips."""

import struct
import subprocess

# What a bomb's tables claim.
SAMPLES = 60_000_000


def clip(folder, name, *words):
    path = folder / name
    subprocess.run(
        ["ffmpeg", "-y", "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=s=128x96:r=30:d=2",
         "-f", "lavfi", "-i", "sine=d=2", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-c:a", "aac", "-shortest", *words, path],
        check=True)
    return path.read_bytes()


def replacing(data, kind, place, value):
    """The bytes with a number replaced in each box of a kind; `place` counts from behind the box's name."""
    data = bytearray(data)
    start = data.find(kind)
    assert start >= 0, kind
    while start >= 0:
        struct.pack_into(">I", data, start + 4 + place, value)
        start = data.find(kind, start + 4)
    return bytes(data)


def bomb(data):
    """Both tracks claim 60 million samples of one byte, in runs, so that the file stays small."""
    for kind, place, value in [(b"stsz", 4, 1), (b"stsz", 8, SAMPLES), (b"stts", 8, SAMPLES), (b"stsc", 12, SAMPLES)]:
        data = replacing(data, kind, place, value)
    return data


def box(kind, *parts):
    content = b"".join(parts)
    return struct.pack(">I", len(content) + 8) + kind + content


def slow(data):
    """A fragmented clip that libavformat reads in quadratic time: indices of half a million fragments, and 20,000 fragments of a sample."""
    header = data[:data.find(b"moof") - 4]
    index = box(b"sidx", struct.pack(">IIIIIHH", 0, 1, 30, 0, 0, 0, 65535), struct.pack(">III", 1_000_000, 30, 0) * 65535)
    fragments = []
    for number in range(20_000):
        track = box(b"tfhd", struct.pack(">III", 0x020000, 1, 0)[:8]) + box(b"trun", struct.pack(">IIII", 0x201, 1, 8, 1))
        fragments.append(box(b"moof", box(b"mfhd", struct.pack(">II", 0, number + 1)), box(b"traf", track)) + box(b"mdat", b"x"))
    return header + index * 8 + b"".join(fragments)


def mutated(data, region, generator):
    """The bytes with 1 to 8 numbers of a region changed: to a large one, a small one, or by one bit."""
    data = bytearray(data)
    for _ in range(generator.randint(1, 8)):
        place = generator.randrange(region[0], region[1] - 4)
        if generator.random() < 0.3:
            data[place] ^= 1 << generator.randrange(8)
        else:
            value = generator.choice([0, 1, 2, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, SAMPLES, generator.getrandbits(32)])
            struct.pack_into(">I", data, place, value)
    return bytes(data)
