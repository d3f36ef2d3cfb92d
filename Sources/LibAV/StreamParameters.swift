import CLibAV

/// What a container says of a stream that a decoder, or another container, must know.
///
/// Sendable because nothing is written after `init`: every other use of the pointer reads it.
public final class StreamParameters: @unchecked Sendable {
    /// The unit of the packets' times, in seconds.
    public let timeBase: Fraction
    let pointer: UnsafeMutablePointer<AVCodecParameters>

    /// A copy of a stream's parameters.
    ///
    /// - Throws: ``AVError``.
    public init(_ demuxer: Demuxer, stream: Int) throws(AVError) {
        timeBase = demuxer.streams[stream].timeBase
        pointer = try AVError.check(avcodec_parameters_alloc(), "copy a stream's parameters")
        try AVError.check(
            avcodec_parameters_copy(pointer, demuxer.parameters(of: stream)), "copy a stream's parameters")
        // Each container has codes of its own for codecs.
        pointer.pointee.codec_tag = 0
    }

    deinit {
        var pointer: UnsafeMutablePointer<AVCodecParameters>? = pointer
        avcodec_parameters_free(&pointer)
    }

    /// What a packet of H.264 is to its decoder.
    public enum Picture: Sendable {
        /// Everything begins anew with it: an IDR picture.
        case refresh
        /// It may need others.
        case other
    }

    /// What a packet of H.264 in MP4 is, from the heads of its NAL units, each behind its length (ISO/IEC 14496-15, 5.3.3.1).
    ///
    /// - Returns: nil where it is no picture: its units do not fill it, one has a type that there is not, or none is of a
    ///   picture (ITU-T H.264, table 7-1: 1 to 5 are slices, 5 those of an IDR picture, 24 and up unspecified).
    public func picture(in packet: Packet) -> Picture? {
        let header = pointer.pointee
        guard header.codec_id == AV_CODEC_ID_H264, header.extradata_size > 4, header.extradata[0] == 1 else {
            return nil
        }
        let lengthSize = Int(header.extradata[4] & 3) + 1
        let bytes = UnsafeBufferPointer(start: packet.pointer.pointee.data, count: packet.size)
        var position = 0
        var picture: Picture?
        while position + lengthSize < bytes.count {
            let length = bytes[position..<(position + lengthSize)].reduce(0) { $0 << 8 | Int($1) }
            position += lengthSize
            let (isForbidden, type) = (bytes[position] & 0x80 != 0, bytes[position] & 0x1f)
            guard !isForbidden, 1..<24 ~= type, length > 0, length <= bytes.count - position else { return nil }
            if type == 5 { picture = .refresh } else if 1..<5 ~= type { picture = picture ?? .other }
            position += length
        }
        return position == bytes.count ? picture : nil
    }
}
