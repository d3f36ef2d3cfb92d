/// Bounds the time of other programs.
enum Deadline {
    /// Does work that is cancelled when it takes too long.
    ///
    /// - Parameter what: what the error calls it.
    /// - Throws: ``Failure`` where it took too long; what the work throws.
    static func within<Value: Sendable>(
        _ limit: Duration, _ what: String, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let value = first else {
                throw Failure(.fault, "\(what) took longer than \(limit.components.seconds) s and was ended")
            }
            return value
        }
    }
}
