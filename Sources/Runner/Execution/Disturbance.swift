/// What tests do to a run: queues as short as they can be, and a failure at a piece of work of their choice.
package struct Disturbance: Hashable, Sendable {
    /// The most that any queue holds; nil for what each usually does.
    package var queueCapacity: Int?
    /// The kind of work that fails, as in the report's `workSeconds`.
    package var failing: String?
    /// At which piece of it, from 0.
    package var piece = 0
    /// Whether the run is cancelled there, and does not fail.
    package var cancels = false

    package init(queueCapacity: Int? = nil, failing: String? = nil, piece: Int = 0, cancels: Bool = false) {
        self.queueCapacity = queueCapacity
        self.failing = failing
        self.piece = piece
        self.cancels = cancels
    }

    /// The error that a run ends with that was made to fail.
    package static func error(_ kind: String) -> RunError { .fault("\(kind) was made to fail") }
}
