import Foundation
import ServiceLifecycle

/// Ends when standard input does: a pipe from whoever started this program, which is closed however they end.
struct InputWatch: Service {
    func run() async {
        let (ends, continuation) = AsyncStream.makeStream(of: Never.self)
        // Waits in a thread of its own, which the end of the program ends too.
        Thread.detachNewThread {
            while let bytes = try? FileHandle.standardInput.read(upToCount: 512), !bytes.isEmpty {}
            continuation.finish()
        }
        await cancelWhenGracefulShutdown { for await _ in ends {} }
    }
}
