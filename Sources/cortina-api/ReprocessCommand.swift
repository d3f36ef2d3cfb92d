import ArgumentParser
import Database
import GraphDSL

struct ReprocessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reprocess", abstract: "Has videos made again; what is there serves until they are.",
        discussion: "Uploads that wait for their first time go before them.")

    @Argument(help: "A video's number, or the version that made all of them, like showcase@2.")
    var what: String

    @Option(
        name: .customLong("with"),
        help: ArgumentHelp("What they are made with, like showcase@3.", valueName: "pipeline"))
    var pipeline: String

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var published: PipelinesCommand.Published

    func run() async throws {
        let pinned = try published.pinned(pipeline)
        let jobs = try await database.run { pool in
            let videos = VideoRepository(pool)
            if let video = VideoID(what) {
                guard try await videos.reprocess(video, with: pinned) != nil else {
                    throw ValidationError("video \(video) is not there, not made yet, or being made at the moment")
                }
                return 1
            }
            guard let reference = PipelineReference(what), let version = reference.version else {
                throw ValidationError("'\(what)' is neither a video's number nor a pipeline with its version")
            }
            var (jobs, last) = (0, VideoID?.none)
            repeat {
                let some = try await videos.reprocess(
                    madeBy: (reference.name, version), with: pinned, after: last)
                (last, jobs) = (some.last, jobs + some.jobs)
            } while last != nil
            return jobs
        }
        print("\(jobs) to be made again with \(pipeline)")
    }
}
