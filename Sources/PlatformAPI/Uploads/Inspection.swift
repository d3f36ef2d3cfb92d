import Database
import GraphDSL
import LibAV
import MediaProcess
import Runner

/// Looks at files that were sent, whether they are taken.
struct Inspection: Sendable {
    let policy: UploadPolicy
    let media: MediaProcesses

    /// What looking at a file may take: a picture of 8192x4608 in 10 bit is decoded in 0.6 GB.
    private static let limits = Limits(time: 30, processorTime: 4, memory: 1_000_000_000)

    /// What is wrong with a file, by what it is about: nothing where it is taken. As little of it is read as tells.
    ///
    /// - Parameter context: of the request; the work is cancelled if its client disconnects, and clients are served by address: accounts cost
    ///   an attacker less than addresses.
    /// - Throws: ``APIError/unavailable`` where it cannot be told at the moment; ``APIError/busy`` if too many files wait.
    func refusals(_ source: any ByteSource, _ bytes: Int64, in context: APIContext) async throws -> [String: String] {
        guard bytes <= policy.bytes else { return ["size_bytes": "must be from 1 to \(policy.bytes)"] }
        do {
            let facts = try await context.whilePresent { [media] in
                try await media.probe(source, name: "the file", limits: Self.limits, for: context.address)
            }
            return policy.refusals(facts)
        } catch RunError.busy {
            throw APIError.busy
        } catch let error as RunError {
            // Faults of the file are reported to its owner; any other error may be temporary.
            guard error.blame == .input else { throw APIError.unavailable }
            switch error.classification.code {
            // The command line takes more formats than the policy.
            case .notMedia, .unsupportedFormat:
                return ["video": "is not a file that can be read; use \(policy.typeNames)"]
            default: return ["video": error.description]
            }
        }
    }
}

extension Video.Failure {
    /// What the owner is told of a file that is not taken.
    static func refused(_ refusals: [String: String]) -> Self {
        Self(code: "refused", message: "This file is not taken: \(words(refusals)).")
    }

    /// What is wrong with a file, as part of a sentence.
    static func words(_ refusals: [String: String]) -> String {
        refusals.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: "; ")
    }
}
