import CLibAV
import Testing

@testable import LibAV

/// A build of libav for our programs alone (`deploy/libav`) has all that is opened of strangers' files, as Debian's has.
@Suite struct AllowedMediaTests {
    @Test(arguments: AllowedMedia.containers + AllowedMedia.images + AllowedMedia.elementary)
    func demuxerIsThere(_ name: String) {
        #expect(av_find_input_format(name) != nil)
    }

    @Test(arguments: AllowedMedia.decoderList.split(separator: ",").map(String.init))
    func decoderIsThere(_ name: String) {
        #expect(avcodec_find_decoder_by_name(name) != nil)
    }

    @Test(arguments: ["libx264", "aac", "mjpeg", "mpeg4"])
    func encoderIsThere(_ name: String) {
        #expect(avcodec_find_encoder_by_name(name) != nil)
    }

    @Test(arguments: ["zscale", "drawtext", "subtitles", "loudnorm", "bwdif", "overlay"])
    func filterIsThere(_ name: String) {
        #expect(FilterLibrary.has(name))
    }
}
