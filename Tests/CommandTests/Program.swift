import Foundation
import TestSupport
import Testing

/// The program, built beside the tests.
enum Program {
    /// Where it lies.
    static let path = Checkout.program("cortina")

    /// Runs it in the checkout.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], afterStart: (Process) throws -> Void = { _ in }
    ) throws -> Tool {
        // The tests' own, so that nothing of the user's counts and nothing is left there.
        let environment = ["CORTINA_CACHE": Checkout.file(".build/test-cache")].merging(environment) { $1 }
        return try Tool.run(path, arguments, in: Checkout.root, environment: environment, afterStart: afterStart)
    }
}
