import Foundation
import GraphDSL
import Pipelines
import Runner
import Stages
import TestSupport
import Testing

struct PublishedTests {
    private func published(_ reference: PipelineReference) -> URL {
        Checkout.root.appending(path: "pipelines/published/\(reference).json")
    }

    @Test("every definition compiles, without a warning, to the bytes that are published")
    func unchanged() throws {
        let assets = try Checkout.assets.catalog()
        for pipeline in Catalog.cortina.pipelines {
            let compilation = try pipeline.compile(assets: assets)
            #expect(compilation.warnings.isEmpty)
            let bytes = try? Data(contentsOf: published(pipeline.reference))
            #expect(
                bytes == compilation.manifest.canonicalJSON,
                """
                \(pipeline.reference) at \(pipeline.location) is not what is published. A published version never changes: \
                put it back and make the change in the next version, then run 'cortina publish'.
                """)
        }
    }

    @Test("every published file is named after what it holds, and its digest is its bytes' own")
    func names() throws {
        let folder = Checkout.root.appending(path: "pipelines/published")
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasSuffix(".json") {
            let data = try Data(contentsOf: folder.appending(path: name))
            let manifest = try Manifest(json: data)
            #expect("\(manifest.reference).json" == name)
            #expect(manifest.digest == ContentDigest(of: data))
        }
    }

    @Test("every version of the three pipelines is there, and they name their assets by path and digest")
    func catalog() throws {
        #expect(
            Catalog.cortina.pipelines.map { "\($0.reference)" }
                == ["showcase@1", "showcase@2", "showcase@3", "showcase-fit@1", "interview@1"])
        let manifest = try Manifest(json: Data(contentsOf: published(Catalog.cortina.pipelines[0].reference)))
        #expect(
            manifest.assets.map(\.path.description) == ["brand/intro.mp4", "brand/outro.mp4", "brand/watermark.png"])
        try Checkout.assets.verify(manifest.assets)
    }
}
