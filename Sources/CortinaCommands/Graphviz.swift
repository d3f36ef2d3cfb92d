import Subprocess

/// Graphviz's `dot` program, which lays graphs out.
enum Graphviz {
    /// The largest picture that is taken, in bytes.
    private static let largest = 16 << 20

    /// A picture of a graph in Graphviz's language.
    ///
    /// - Throws: ``Failure`` where the program is missing or refuses the graph.
    static func svg(of dot: String) async throws -> String {
        let picture: String?
        do {
            picture = try await Deadline.within(.seconds(60), "the layout of the graph") {
                let result = try await Subprocess.run(
                    .name("dot"), arguments: ["-Tsvg"], input: .string(dot), output: .string(limit: largest),
                    error: .discarded)
                return result.terminationStatus.isSuccess ? result.standardOutput : nil
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(.fault, "the program 'dot' cannot be run; install graphviz, or ask for --format dot")
        }
        guard let picture else { throw Failure(.fault, "the program 'dot' refuses the graph; ask for --format dot") }
        return picture
    }

    /// A picture of a graph as a part of a page: the `svg` element alone.
    ///
    /// - Throws: ``Failure`` where the program is missing or refuses the graph.
    static func inlineSVG(of dot: String) async throws -> String {
        let file = try await svg(of: dot)
        return file.firstRange(of: "<svg").map { String(file[$0.lowerBound...]) } ?? file
    }
}
