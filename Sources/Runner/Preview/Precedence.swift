/// Lets work in the background stand aside while somebody waits for a picture.
final class Precedence: Sendable {
    private let waiting = Monitor(0)

    /// Does what somebody waits for: whatever stands aside goes on when it is done.
    func first<Result, Failure: Error>(_ work: () throws(Failure) -> Result) throws(Failure) -> Result {
        waiting.update { $0 += 1 }
        defer { waiting.update { $0 -= 1 } }
        return try work()
    }

    /// Waits, in the background, while somebody waits for something.
    func standAside() { waiting.wait { $0 == 0 ? () : nil } }
}
