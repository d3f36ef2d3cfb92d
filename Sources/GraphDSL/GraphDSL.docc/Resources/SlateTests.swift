import GraphDSL
import StageTesting
import Testing

struct SlateTests {
    @Test("slate keeps what every stage promises")
    func kit() async throws {
        try await StageCheck(
            Slate("Final, 2nd set"), text: { Slate(.literal($0)) }
        ).run()
    }
}
