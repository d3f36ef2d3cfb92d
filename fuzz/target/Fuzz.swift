import FoundationEssentials
import GraphDSL
import LibAV
import Logging
import Runner
import Stages

/// Bytes that were given, as an input.
private struct MemoryByteSource: ByteSource {
    let bytes: [UInt8]
    var size: Int64? { Int64(bytes.count) }

    func read(
        at offset: Int64, into span: inout MutableRawSpan, cancellation: CancellationFlag
    ) throws(ByteSourceError) -> Int {
        guard offset >= 0, offset < Int64(bytes.count) else { return 0 }
        return span.withUnsafeMutableBytes { buffer in
            let part = bytes[Int(offset)...].prefix(buffer.count)
            buffer.copyBytes(from: part)
            return part.count
        }
    }
}

/// Showcase without what is the same for every upload: its bumpers would be most of the work. The watermark is left out
/// with them, so that a run opens one input only.
private let manifest = Result {
    try Pipeline("fuzz", version: 1, summary: "Showcase's stages for the upload") {
        Trim(to: .seconds(30))
        Crop(to: .ratio(16, 9))
        Scale(to: .size(PictureSize(width: 320, height: 180)))
    } output: {
        MP4(frameRate: 30)
    }.compile(assets: AssetCatalog()).manifest
}

/// A small picture and little memory: what is found is found with small files too, and more of them in an hour.
private let limits = Limits(
    pictureArea: 2048 * 2048, probeBytes: 8 << 20, frames: 300, time: 20, memory: 1_500_000_000)

/// Probes the bytes and passes 50 of their frames through the graph. A refusal is as good as a success.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let source = MemoryByteSource(bytes: Array(UnsafeBufferPointer(start: data, count: count)))
    do throws(RunError) {
        let info = try Prober.probe(source, name: "input", limits: limits, cancellation: CancellationFlag())
        guard case .success(let manifest) = manifest else { return -1 }
        let plan = try Binder.bind(manifest, to: info, named: "input", assets: [:], limits: limits)
        _ = try Runner.rehearse(plan, sources: [source], frames: 50, limits: limits)
    } catch {
        // Whatever was wrong must have words, and be the file's.
        if error.blame == .program { fatalError("\(error)") }
    }
    return 0
}

/// Sets libav's log and memory up as the program does.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: UnsafeMutableRawPointer?, _ arguments: UnsafeMutableRawPointer?) -> CInt {
    _ = Runner(
        assets: AssetFolder(path: "."), limits: limits, logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() })
    return 0
}
