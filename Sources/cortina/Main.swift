import CortinaCommands
import Pipelines

/// Cortina's own command line: the built-in stages and the pipelines of this checkout.
@main
struct Main {
    static func main() async {
        await Program(
            "cortina", abstract: "Turns clips into finished videos, by pipelines written in Swift.", catalog: .cortina
        ).main()
    }
}
