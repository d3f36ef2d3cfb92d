public import Database

/// Where workers get jobs from. A job is a row of the database; what else a queue has only wakes somebody.
public protocol JobQueue: Sendable {
    /// Claims a job, and waits for one where there is none.
    ///
    /// - Parameter patience: how long it waits at the most.
    /// - Returns: nil where none came.
    func claim(waiting patience: Duration) async throws -> Job?

    /// Hears what wakes those who wait, until the task is cancelled.
    func listen() async

    /// How long a claim is good for that is not renewed.
    var lease: Duration { get }

    /// Says that a job is still worked on.
    ///
    /// - Parameter progress: from 0 to 1.
    /// - Returns: whether it is still the claim's; the work is for nothing otherwise.
    func renew(_ job: Job, progress: Double) async throws -> Bool

    /// Makes a job's result the video's.
    ///
    /// - Returns: the keys of what it replaces; nil where the claim was lost, and the result is nobody's.
    func finish(_ job: Job, with result: JobRepository.Result) async throws -> [String]?

    /// Says that nothing can be made of the upload, whoever tries.
    ///
    /// - Returns: whether the job was still the claim's.
    func fail(_ job: Job, _ failure: Video.Failure) async throws -> Bool

    /// Gives a job back that could not be done just now; the last attempt fails it.
    ///
    /// - Parameters:
    ///   - pause: how long it waits at least.
    ///   - charge: whom the attempt is charged to.
    ///   - failure: what its owner is told where this was the last attempt.
    /// - Returns: whether the job was still the claim's.
    func giveBack(
        _ job: Job, after pause: Duration, _ charge: JobRepository.Charge, _ failure: Video.Failure
    ) async throws -> Bool
}
