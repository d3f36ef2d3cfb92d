package import LibAV
import Foundation

/// Does work that waits, on threads of its own, so many at a time; Swift's cooperative threads are not held meanwhile.
package final class BlockingQueue: Sendable {
    private let queue: OperationQueue

    /// - Parameter width: how much is done at once; what is more waits for its turn.
    package init(_ name: String, width: Int) {
        queue = OperationQueue()
        queue.name = name
        queue.maxConcurrentOperationCount = width
    }

    /// Does a piece of work.
    ///
    /// - Parameter work: is handed a flag that is raised when the task is cancelled.
    package func run<Result: Sendable, Failure: Error>(
        _ work: @escaping @Sendable (CancellationFlag) throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        let flag = CancellationFlag()
        let result: Swift.Result<Result, Failure> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                queue.addOperation {
                    continuation.resume(returning: .init { () throws(Failure) in try work(flag) })
                }
            }
        } onCancel: {
            flag.cancel()
        }
        return try result.get()
    }
}
