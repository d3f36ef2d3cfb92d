import LibAV

/// Signatures of refused formats, so that the error can name them.
///
/// Windows Media and RealMedia are left out on purpose: no phone writes them, and their demuxers and decoders are large, old and
/// seldom fuzzed.
enum FileSignature {
    /// Signature bytes, their offset, and the format's name.
    private static let formats: [(offset: Int, bytes: [UInt8], name: String)] = [
        (0, [0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11], "a Windows Media file (ASF, WMV)"),
        (0, Array(".RMF".utf8), "a RealMedia file"), (0, Array("DKIF".utf8), "an IVF file"),
        (0, Array("YUV4MPEG2".utf8), "a YUV4MPEG file"),
        (0, [0x06, 0x0E, 0x2B, 0x34], "an MXF file"), (0, Array("FWS".utf8), "a Flash file"),
        (0, Array("CWS".utf8), "a Flash file"),
        (8, Array("WAVE".utf8), "a WAV file"), (0, Array("ID3".utf8), "an MP3 file"),
        (0, Array("fLaC".utf8), "a FLAC file"), (0, Array("#!AMR".utf8), "an AMR file"),
        (4, Array("ftypheic".utf8), "a HEIC picture"), (4, Array("ftypheix".utf8), "a HEIC picture"),
        (4, Array("ftypmif1".utf8), "a HEIF picture"), (4, Array("ftypavif".utf8), "an AVIF picture"),
        (0, Array("GIF8".utf8), "a GIF picture"), (0, Array("II*\0".utf8), "a TIFF picture"),
        (0, Array("MM\0*".utf8), "a TIFF picture"), (0, Array("#EXTM3U".utf8), "a playlist (M3U)"),
        (0, Array("%PDF".utf8), "a PDF document"), (0, Array("PK\u{3}\u{4}".utf8), "a ZIP archive"),
        (0, Array("Rar!".utf8), "a RAR archive"), (0, [0x37, 0x7A, 0xBC, 0xAF], "a 7z archive"),
        (0, [0x1F, 0x8B], "a gzip archive"), (0, Array("<!DOCTYPE".utf8), "a web page"),
        (0, Array("<html".utf8), "a web page"),
    ]

    /// Returns the format's name; nil if the first bytes match none, or cannot be read.
    static func name(of source: any ByteSource, cancellation: CancellationFlag) -> String? {
        var head = [UInt8](repeating: 0, count: 16)
        var span = head.mutableSpan
        var bytes = span.mutableBytes
        guard let count = try? source.read(at: 0, into: &bytes, cancellation: cancellation) else { return nil }
        return formats.first { head.prefix(count).dropFirst($0.offset).starts(with: $0.bytes) }?.name
    }
}
