import Glibc
import LibAV

/// How often and after what time something is tried again: exponential backoff with full jitter.
///
/// Each wait is a random time up to a bound that doubles: clients that failed together do not come back together
/// (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
struct Retrying: Hashable, Sendable {
    /// How often it is tried in all.
    var attempts = 5
    /// The bound of the first wait, in milliseconds.
    var first = 100
    /// The bound of the longest wait, in milliseconds.
    var longest = 5000

    /// The bound of the wait after an attempt, counted from 0, in milliseconds.
    func bound(after attempt: Int) -> Int { min(longest, first << min(attempt, 20)) }

    /// Tries until an attempt gives something, or throws what is not worth another one.
    ///
    /// - Parameters:
    ///   - isTransient: whether an error may be gone at the next attempt.
    ///   - least: the least that an error asks to wait, in milliseconds.
    /// - Throws: the last error.
    func callAsFunction<Result, Failure: Error>(
        _ cancellation: CancellationFlag, isTransient: (Failure) -> Bool, least: (Failure) -> Int? = { _ in nil },
        _ attempt: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var count = 0
        while true {
            do throws(Failure) { return try attempt() } catch {
                count += 1
                guard count < attempts, isTransient(error), !cancellation.isCancelled else { throw error }
                var left = max(Int.random(in: 0...bound(after: count - 1)), min(least(error) ?? 0, longest))
                while left > 0, !cancellation.isCancelled {
                    usleep(UInt32(min(left, 50)) * 1000)
                    left -= 50
                }
            }
        }
    }
}
