import CLibAV

/// What is opened of a file from a stranger: these containers and decoders, and nothing else.
///
/// libav has some 400 demuxers and 500 decoders. Most are for formats that nobody uploads, some lead to other files and
/// addresses (playlists, `concat`, SDP, image sequences), and each is code that a crafted file can reach.
enum AllowedMedia {
    /// Demuxers of video files, by libavformat's names: the MP4 family with MOV and 3GP, Matroska with WebM, AVI,
    /// MPEG transport and program streams, FLV, Ogg, and raw DV as tape cameras give it. Ogg and DV are small demuxers whose codecs
    /// other containers bring anyway.
    static let containers = ["mov", "matroska", "webm", "avi", "mpegts", "mpeg", "flv", "ogg", "dv"]

    /// Demuxers of still pictures, which only assets are.
    static let images = ["png_pipe", "jpeg_pipe", "webp_pipe"]

    /// Demuxers of elementary streams, which are never opened: libavformat tells the codecs of program and transport streams by
    /// them.
    static let elementary = ["h264", "hevc", "m4v", "mpegvideo", "mp3", "aac", "loas", "ac3", "eac3", "dts"]

    /// The decoders of each codec, best first: both by libavcodec's names.
    private static let decoders: [String: [String]] = [
        // What phones, cameras, screen recorders and browsers write.
        "h264": ["h264"], "hevc": ["hevc"], "vp8": ["vp8"], "vp9": ["vp9"], "av1": ["libdav1d", "av1"],
        // What is left of the years before.
        "mpeg1video": ["mpeg1video"], "mpeg2video": ["mpeg2video"], "mpeg4": ["mpeg4"], "h263": ["h263"],
        "msmpeg4v2": ["msmpeg4v2"], "msmpeg4v3": ["msmpeg4"], "flv1": ["flv"], "vp6": ["vp6"], "vp6a": ["vp6a"],
        "vp6f": ["vp6f"], "theora": ["theora"], "mjpeg": ["mjpeg"], "dvvideo": ["dvvideo"],
        // What editors write, and still pictures.
        "prores": ["prores"], "dnxhd": ["dnxhd"], "qtrle": ["qtrle"], "rawvideo": ["rawvideo"], "png": ["png"],
        "webp": ["webp"],
        // Sound.
        "aac": ["aac"], "aac_latm": ["aac_latm"], "mp3": ["mp3float", "mp3"], "mp2": ["mp2float", "mp2"],
        "ac3": ["ac3"], "eac3": ["eac3"], "dts": ["dca"], "opus": ["opus"], "vorbis": ["vorbis"],
        "flac": ["flac"], "alac": ["alac"], "amr_nb": ["amrnb"], "amr_wb": ["amrwb"],
        "adpcm_ms": ["adpcm_ms"], "adpcm_ima_wav": ["adpcm_ima_wav"], "adpcm_ima_qt": ["adpcm_ima_qt"],
        "pcm_u8": ["pcm_u8"], "pcm_s8": ["pcm_s8"], "pcm_s16le": ["pcm_s16le"], "pcm_s16be": ["pcm_s16be"],
        "pcm_s24le": ["pcm_s24le"], "pcm_s24be": ["pcm_s24be"], "pcm_s32le": ["pcm_s32le"],
        "pcm_s32be": ["pcm_s32be"], "pcm_f32le": ["pcm_f32le"], "pcm_f32be": ["pcm_f32be"],
        "pcm_alaw": ["pcm_alaw"], "pcm_mulaw": ["pcm_mulaw"], "pcm_bluray": ["pcm_bluray"], "pcm_dvd": ["pcm_dvd"],
    ]

    /// The decoders that see the transparency of a codec whose own decoder does not.
    private static let alphaDecoders = ["vp8": ["libvpx"], "vp9": ["libvpx-vp9"]]

    /// Every decoder that may be opened, as `codec_whitelist` wants them.
    static let decoderList = (decoders.values.flatMap(\.self) + alphaDecoders.values.flatMap(\.self)).sorted()
        .joined(separator: ",")

    /// The decoder of a codec, or nil where none is allowed, or this build of libavcodec has none of them.
    static func decoder(of codec: AVCodecID, withAlpha: Bool = false) -> UnsafePointer<AVCodec>? {
        let name = String(cString: avcodec_get_name(codec))
        let names = (withAlpha ? alphaDecoders[name] ?? [] : []) + (decoders[name] ?? [])
        return names.lazy.compactMap { avcodec_find_decoder_by_name($0) }.first
    }
}
