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
    private static let limits = Limits(time: 30, memory: 1_000_000_000)

    /// What is wrong with a file, by what it is about: nothing where it is taken. As little of it is read as tells.
    ///
    /// - Parameter person: whose file it is.
    /// - Throws: ``APIError/unavailable`` where it cannot be told at the moment; ``APIError/busy`` if too many files wait.
    func refusals(_ source: any ByteSource, _ bytes: Int64, by person: UserID) async throws -> [String: String] {
        guard bytes <= policy.bytes else { return ["size_bytes": "must be from 1 to \(policy.bytes)"] }
        do {
            return policy.refusals(
                try await media.probe(source, name: "the file", limits: Self.limits, for: person.description))
        } catch .busy {
            throw APIError.busy
        } catch {
            // What is at fault with the file is its owner's to know; anything else may pass.
            guard error.blame == .input else { throw APIError.unavailable }
            return ["video": error.description]
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
