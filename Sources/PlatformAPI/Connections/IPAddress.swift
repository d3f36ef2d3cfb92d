import Glibc
import NIOCore

/// IPv4 or IPv6 address, as 4 or 16 bytes.
struct IPAddress: Hashable, CustomStringConvertible {
    let bytes: [UInt8]

    /// Returns nil if `text` is no IP address.
    init?(_ text: some StringProtocol) {
        guard let address = try? SocketAddress(ipAddress: String(text), port: 0) else { return nil }
        self.init(address)
    }

    init?(_ address: SocketAddress) {
        switch address {
        case .v4(let address):
            bytes = withUnsafeBytes(of: address.address.sin_addr) { Array($0) }
        case .v6(let address):
            let all = withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
            // IPv4 within IPv6 (RFC 4291, section 2.5.5.2) is IPv4.
            let isMapped = all.starts(with: Array(repeating: 0, count: 10) + [0xff, 0xff])
            bytes = isMapped ? Array(all[12...]) : all
        case .unixDomainSocket: return nil
        }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// Address block of one client: an IPv4 address, or an IPv6 /64 (RFC 6177) with its other half zero.
    var network: IPAddress {
        bytes.count == 4 ? self : IPAddress(bytes: Array(bytes[..<8]) + Array(repeating: 0, count: 8))
    }

    var description: String {
        let packed = ByteBuffer(bytes: bytes)
        return (try? SocketAddress(packedIPAddress: packed, port: 0))?.ipAddress ?? "unknown"
    }

    /// True if the first `bits` bits equal those of another address.
    func isWithin(_ other: IPAddress, bits: Int) -> Bool {
        guard bytes.count == other.bytes.count else { return false }
        return (0..<bits).allSatisfy { bit in
            let mask = UInt8(0x80) >> (bit % 8)
            return bytes[bit / 8] & mask == other.bytes[bit / 8] & mask
        }
    }
}
