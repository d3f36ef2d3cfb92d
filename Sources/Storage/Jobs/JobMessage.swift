public import Database
import FoundationEssentials

/// What a queue outside the database is told of a job: which one it is. All else is in the database.
public struct JobMessage: Hashable, Sendable {
    public var job: JobID

    public init(job: JobID) { self.job = job }

    /// Reads a message; nil where it is none.
    public init?(text: String) {
        guard let content = try? JSONDecoder().decode(Content.self, from: Data(text.utf8)), content.job > 0 else {
            return nil
        }
        job = JobID(rawValue: content.job)
    }

    /// As it is sent: JSON.
    public var text: String { #"{"job":\#(job)}"# }

    private struct Content: Decodable { var job: Int }
}
