import FoundationEssentials
import Glibc
import GraphDSL
import LibAV
import Logging
import MediaChannel
import Runner
import Sandbox

/// Does one job on a stranger's file and ends: its standard input is the socket of the process that wants it done.
///
/// Everything that the job needs is open before the first byte of the file is read. From then on the process owns nothing else: it can
/// open no file, reach no network and start no program.
@main
struct CortinaMedia {
    static func main() async {
        Sandbox.begin()
        let logger = Logger(label: "cortina-media") { _ in SwiftLogNoOpLogHandler() }
        Runner.warmUp(logger)
        let channel = MediaChannel(STDIN_FILENO)
        do {
            try channel.send(MediaReply.ready)
            let (job, files) = try channel.receive(MediaJob.self)
            let session = Session(job, files, channel, logger)
            try channel.send(await session.perform())
        } catch {
            // Whoever wanted something is gone.
            _exit(EXIT_FAILURE)
        }
        _exit(EXIT_SUCCESS)
    }
}
