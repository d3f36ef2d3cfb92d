import ArgumentParser
import Database
import GraphDSL
import PlatformAPI

struct PipelinesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipelines", abstract: "Says which pipelines uploads get, and who may use which.",
        subcommands: [List.self, Default.self, Restrict.self, Open.self, Allow.self, Forbid.self],
        defaultSubcommand: List.self)

    /// What is published.
    struct Published: ParsableArguments {
        @Option(help: ArgumentHelp("The folder of published pipelines.", valueName: "folder"))
        var pipelines = "pipelines/published"

        /// - Throws: an error where it is not published.
        func pinned(_ text: String) throws -> PinnedPipeline {
            guard let reference = PipelineReference(text), let version = reference.version else {
                throw ValidationError("'\(text)' is no pipeline with its version, like showcase@2")
            }
            guard let pinned = try PipelineCatalog(folder: pipelines).pipeline(reference.name, version: version) else {
                throw ValidationError("\(text) is not published in '\(pipelines)'")
            }
            return pinned
        }

        /// - Throws: an error where none of this name is published.
        func check(_ name: String) throws {
            guard try PipelineCatalog(folder: pipelines).pipelines.contains(where: { $0.name == name }) else {
                throw ValidationError("no \(name) is published in '\(pipelines)'")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists what is published, and what was said of it.")

        @OptionGroup var database: DatabaseOptions
        @OptionGroup var published: Published

        func run() async throws {
            let pipelines = try PipelineCatalog(folder: published.pipelines).pipelines
            let (rules, allowed) = try await database.run { pool in
                let repository = PipelineRepository(pool)
                return (try await repository.rules(), try await repository.allowed())
            }
            for pipeline in pipelines {
                let rule = rules[pipeline.name]
                let newest = pipelines.last { $0.name == pipeline.name && $0.version <= rule?.version ?? .max }
                var words = ["\(pipeline.name)@\(pipeline.version)"]
                if pipeline == newest { words.append("default") }
                if let canary = rule?.canary, canary.version == pipeline.version { words.append("\(canary.percent) %") }
                if rule?.isRestricted == true {
                    words.append("only " + (allowed[pipeline.name] ?? ["nobody"]).joined(separator: ", "))
                }
                print(words.joined(separator: "  "))
            }
        }
    }

    struct Default: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says what a bare name stands for, from the next upload on.",
            discussion:
                "With --percent it stands for that version with so many of a hundred people, and with the others for what it did."
        )

        @Argument(help: "The version, like showcase@2.")
        var pipeline: String

        @Option(help: ArgumentHelp("With how many of a hundred people; 100 for all.", valueName: "number"))
        var percent = 100

        @OptionGroup var database: DatabaseOptions
        @OptionGroup var published: Published

        func validate() throws {
            guard (1...100).contains(percent) else { throw ValidationError("--percent must be from 1 to 100") }
        }

        func run() async throws {
            let pinned = try published.pinned(pipeline)
            guard percent < 100 else {
                try await database.run { pool in
                    try await PipelineRepository(pool).setDefault(pinned.name, version: pinned.version)
                }
                return print("\(pinned.name) is \(pipeline)")
            }
            let others = try PipelineCatalog(folder: published.pipelines).pipelines.last {
                $0.name == pinned.name && $0.version < pinned.version
            }
            guard let others else { throw ValidationError("there is no earlier version for the other people") }
            try await database.run { pool in
                try await PipelineRepository(pool).setCanary(
                    pinned.name, .init(version: pinned.version, percent: percent), otherwise: others.version)
            }
            print("\(pinned.name) is \(pipeline) with \(percent) % of people")
        }
    }

    struct Restrict: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lets only those use a pipeline who are named.")

        @Argument(help: "Its name.") var name: String
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var published: Published

        func run() async throws {
            try published.check(name)
            try await database.run { try await PipelineRepository($0).restrict(name, true) }
        }
    }

    struct Open: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lets everybody use a pipeline.")

        @Argument(help: "Its name.") var name: String
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var published: Published

        func run() async throws {
            try published.check(name)
            try await database.run { try await PipelineRepository($0).restrict(name, false) }
        }
    }

    struct Allow: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Names somebody who may use a restricted pipeline.")

        @Argument(help: "Its name.") var name: String
        @Argument(help: "The address of their account.") var email: String
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var published: Published

        func run() async throws {
            try published.check(name)
            try await PipelinesCommand.allow(name, email, true, database)
        }
    }

    struct Forbid: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Takes somebody's name back.")

        @Argument(help: "Its name.") var name: String
        @Argument(help: "The address of their account.") var email: String
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var published: Published

        func run() async throws {
            try published.check(name)
            try await PipelinesCommand.allow(name, email, false, database)
        }
    }

    private static func allow(_ name: String, _ email: String, _ isAllowed: Bool, _ database: DatabaseOptions)
        async throws
    {
        try await database.run { pool in
            guard let user = try await UserRepository(pool).credentials(for: email)?.user else {
                throw ValidationError("nobody has an account with the address '\(email)'")
            }
            try await PipelineRepository(pool).allow(name, user.id, isAllowed)
        }
    }
}
