package import GraphDSL
import Logging
package import Runner

/// A runner with the project's assets and no log.
///
/// The memory that is limited is the process's, which the tests share: many of them run at once.
package func testRunner(
    assets: AssetFolder = Checkout.assets, limits: Limits = Limits(memory: 16 << 30), cache: AssetCache? = nil
) -> Runner {
    Runner(
        assets: assets, limits: limits, cache: cache, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
}

/// Compiles a pipeline and runs it on a clip.
///
/// - Parameter runner: what runs it, where it is no usual one.
@discardableResult
package func make(
    _ pipeline: Pipeline, of clip: String, to output: String, assets: AssetFolder = Checkout.assets,
    parameters: [String: String] = [:], with runner: Runner? = nil
) async throws -> RunReport {
    let manifest = try pipeline.compile(assets: assets.catalog()).manifest
    let runner = runner ?? testRunner(assets: assets)
    let plan = try await runner.plan(manifest, for: clip, parameters: parameters)
    return try await runner.run(plan, input: clip, output: output).report()
}
