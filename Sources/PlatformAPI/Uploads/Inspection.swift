import Database
import LibAV
import Runner
import Transfer

/// Looks at files that were sent, whether they are taken.
struct Inspection: Sendable {
    let policy: UploadPolicy
    private let queue = BlockingQueue("probing", width: 2)

    init(policy: UploadPolicy) { self.policy = policy }

    /// What is wrong with a file, by what it is about: nothing where it is taken. As little of it is read as tells.
    ///
    /// - Throws: ``APIError/unavailable`` where it cannot be told at the moment.
    func refusals(_ source: any ByteSource, _ bytes: Int64) async throws -> [String: String] {
        guard bytes <= policy.bytes else { return ["size_bytes": "must be from 1 to \(policy.bytes)"] }
        do {
            let info = try await queue.run { cancellation throws(RunError) in
                try Prober.probe(source, name: "the file", limits: Limits(), cancellation: cancellation)
            }
            return policy.refusals(info)
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
