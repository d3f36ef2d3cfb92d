/// Handler types of an MP4 file's tracks (`hdlr`; ISO/IEC 14496-12, section 8.4.3). libavformat does not expose them.
enum TrackHandlers {
    /// Returns the handler type of each track ID; empty if the boxes cannot be read. `vide` are pictures that are shown, `auxv`
    /// auxiliary ones, as depth maps are.
    static func read(_ source: any ByteSource, cancellation: CancellationFlag) -> [UInt32: String] {
        let reader = BoxReader(source: source, cancellation: cancellation)
        guard let size = source.size, size > 0, let moov = try? reader.first("moov", in: 0..<size),
            let tracks = try? reader.boxes(in: moov.body).filter({ $0.kind == "trak" })
        else { return [:] }
        var handlers: [UInt32: String] = [:]
        for track in tracks {
            guard let parts = try? reader.boxes(in: track.body),
                let header = parts.first(where: { $0.kind == "tkhd" }), let number = number(header, reader),
                let media = parts.first(where: { $0.kind == "mdia" }),
                let handler = try? reader.boxes(in: media.body).first(where: { $0.kind == "hdlr" }),
                handler.body.count >= 12,
                let bytes = try? reader.bytes(handler.body.lowerBound + 8..<handler.body.lowerBound + 12),
                let kind = String(validating: bytes, as: UTF8.self)
            else { continue }
            handlers[number] = kind
        }
        return handlers
    }

    /// Track ID; it follows two times of 4 bytes, or of 8 in version 1.
    private static func number(_ header: Box, _ reader: BoxReader) -> UInt32? {
        guard header.body.count >= 24,
            let bytes = try? reader.bytes(header.body.lowerBound..<header.body.lowerBound + 24)
        else { return nil }
        return BigEndian.value(bytes, at: bytes[0] == 1 ? 20 : 12, as: UInt32.self)
    }
}
