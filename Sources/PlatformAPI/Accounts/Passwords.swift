import Crypto
import CryptoExtras
import FoundationEssentials
import Glibc
import NIOPosix
import Scheduling

/// Password hashes: scrypt (RFC 7914), `scrypt$LOG2N$R$P$SALT$KEY`, salt and key in base64.
///
/// Hashing takes tens of milliseconds and 16 MiB on purpose. It runs on two low-priority threads, from a bounded queue that serves
/// addresses round robin.
struct Passwords: Sendable {
    /// What a hash costs: log2 of the rounds, the block size, the parallelism. The default is what scrypt's author recommends for
    /// logins (Percival, "Stronger key derivation via sequential memory-hard functions", 2009, section 5).
    struct Cost: Hashable, Sendable {
        var logRounds = 14
        var blockSize = 8
        var parallelism = 1
    }

    private let cost: Cost
    /// 64 hashes take two to three seconds.
    private let queue = FairQueue(width: Self.width, limit: 64, clientLimit: 8)
    private static let width = 2
    private static let threads = {
        let pool = NIOThreadPool(numberOfThreads: width)
        pool.start()
        return pool
    }()
    /// Nice value of the threads (setpriority(2)).
    private static let niceness: Int32 = 10

    private static let (saltBytes, keyBytes) = (16, 32)

    init(_ cost: Cost = Cost()) { self.cost = cost }

    /// A hash of a password, with a salt of its own.
    ///
    /// - Parameter address: the client's.
    /// - Throws: `FairQueue.Refusal`.
    func hash(_ password: String, for address: String) async throws -> String {
        let salt = SymmetricKey(size: .init(bitCount: 8 * Self.saltBytes)).withUnsafeBytes { Data($0) }
        let key = try await derive(password, salt, cost, Self.keyBytes, address)
        return "scrypt$\(cost.logRounds)$\(cost.blockSize)$\(cost.parallelism)$\(salt.base64EncodedString())$"
            + key.base64EncodedString()
    }

    /// Returns true if a hash was made of this password.
    ///
    /// - Parameters:
    ///   - hash: nil for an unknown account: takes the same time, so that accounts cannot be enumerated.
    ///   - address: the client's.
    /// - Throws: `FairQueue.Refusal`.
    func verify(_ password: String, _ hash: String?, for address: String) async throws -> Bool {
        guard let hash, let (cost, salt, key) = Self.parts(hash) else {
            _ = try await derive(password, Data(repeating: 0, count: Self.saltBytes), cost, Self.keyBytes, address)
            return false
        }
        let derived = try await derive(password, salt, cost, key.count, address)
        // Constant time.
        return zip(derived, key).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func parts(_ hash: String) -> (Cost, salt: Data, key: Data)? {
        let parts = hash.split(separator: "$")
        guard parts.count == 6, parts[0] == "scrypt", let logRounds = Int(parts[1]), let blockSize = Int(parts[2]),
            let parallelism = Int(parts[3]), let salt = Data(base64Encoded: String(parts[4])),
            let key = Data(base64Encoded: String(parts[5])), !key.isEmpty
        else { return nil }
        return (Cost(logRounds: logRounds, blockSize: blockSize, parallelism: parallelism), salt, key)
    }

    private func derive(
        _ password: String, _ salt: Data, _ cost: Cost, _ count: Int, _ address: String
    ) async throws -> Data {
        try await queue.run(for: address) {
            try await Self.threads.runIfActive {
                // Of the calling thread, on Linux.
                setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
                return try KDF.Scrypt.deriveKey(
                    from: Data(password.utf8), salt: salt, outputByteCount: count, rounds: 1 << cost.logRounds,
                    blockSize: cost.blockSize, parallelism: cost.parallelism
                ).withUnsafeBytes { Data($0) }
            }
        }
    }
}
