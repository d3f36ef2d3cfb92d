import FoundationEssentials
import LibAV

/// A piece of an output's picture, encoded: a closed group of pictures that others can stand before and behind.
struct EncodedSegment: Hashable, Codable, Sendable {
    /// A packet; its times count frames from the segment's beginning.
    struct Packet: Hashable, Codable, Sendable {
        var content: Data
        var pts: Int64
        var dts: Int64
        var duration: Int64
        var isKey: Bool
    }

    /// The encoder's header, with the parameter sets.
    var header: Data
    /// In the order of decoding.
    var packets: [Packet] = []

    /// How many frames it has.
    var frames: Int { packets.count }

    mutating func append(_ packet: LibAV.Packet) {
        let pts = packet.pts ?? Int64(packets.count)
        packets.append(
            Packet(
                content: Data(packet.bytes), pts: pts, dts: packet.dts ?? pts, duration: packet.duration,
                isKey: packet.isKey))
    }

    /// Whether its packets can be decoded with the parameter sets of another encoder's header.
    func fits(_ header: [UInt8]) -> Bool {
        Self.parameterSets(self.header) == Self.parameterSets(header)
    }

    /// The sequence and picture parameter sets of a header (NAL unit types 7 and 8 of ITU-T H.264, table 7-1). What else is
    /// in it, as the encoder's name, decoders do not need.
    private static func parameterSets(_ header: some Collection<UInt8>) -> [[UInt8]] {
        units(header).filter { unit in unit.first.map { [7, 8].contains($0 & 0x1f) } ?? false }
    }

    /// The NAL units between start codes (ITU-T H.264, annex B).
    private static func units(_ bytes: some Collection<UInt8>) -> [[UInt8]] {
        var units: [[UInt8]] = []
        var zeros = 0
        for byte in bytes {
            if byte == 1, zeros >= 2 {
                units.append([])
                zeros = 0
                continue
            }
            // Zeros before a start code belong to no unit.
            if byte == 0 {
                zeros += 1
                continue
            }
            if !units.isEmpty {
                units[units.count - 1] += Array(repeating: 0, count: zeros) + [byte]
            }
            zeros = 0
        }
        return units
    }
}
