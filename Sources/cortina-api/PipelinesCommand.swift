import ArgumentParser
import Database
import GraphDSL
import PlatformAPI

struct PipelinesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipelines", abstract: "Says which pipelines uploads get, and who may use which.",
        subcommands: [List.self, Default.self, Access.self],
        defaultSubcommand: List.self)

    /// What is published.
    struct Published: ParsableArguments {
        @Option(help: ArgumentHelp("The folder of published pipelines.", valueName: "folder"))
        var pipelines = "pipelines/published"

        func catalog() throws -> PipelineCatalog { try PipelineCatalog(folder: pipelines) }

        /// - Throws: an error where it is not published.
        func pinned(_ text: String) throws -> PinnedPipeline {
            guard let reference = PipelineReference(text), let version = reference.version else {
                throw ValidationError("'\(text)' is no pipeline with its version, like showcase@2")
            }
            guard let pinned = try catalog().pipeline(reference.name, version: version) else {
                throw ValidationError("\(text) is not published in '\(pipelines)'")
            }
            return pinned
        }

        /// - Throws: an error where none of this name is published.
        func check(_ name: String) throws {
            guard try catalog().newest(name) != nil else {
                throw ValidationError("no \(name) is published in '\(pipelines)'")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists what is published, and what was said of it.")

        @OptionGroup var database: DatabaseOptions
        @OptionGroup var published: Published

        func run() async throws {
            let catalog = try published.catalog()
            let (rules, allowed) = try await database.run { pool in
                let repository = PipelineRepository(pool)
                return (try await repository.rules(), try await repository.allowed())
            }
            for pipeline in catalog.pipelines {
                let rule = rules[pipeline.name]
                var words = ["\(pipeline.name)@\(pipeline.version)"]
                if pipeline == catalog.newest(pipeline.name, upTo: rule?.version) { words.append("default") }
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
            guard let others = try published.catalog().newest(pinned.name, upTo: pinned.version - 1) else {
                throw ValidationError("there is no earlier version for the other people")
            }
            let rest = try await database.run { pool in
                let repository = PipelineRepository(pool)
                try await repository.setCanary(
                    pinned.name, .init(version: pinned.version, percent: percent), otherwise: others.version)
                return try await repository.rules()[pinned.name]?.version ?? others.version
            }
            print(
                "\(pinned.name) is \(pipeline) with \(percent) % of people, and \(pinned.name)@\(rest) with all others")
        }
    }

    struct Access: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Says who may use a pipeline.")

        /// Who may.
        enum Whom: String, EnumerableFlag {
            case everybody, named

            static func help(for value: Whom) -> ArgumentHelp? {
                value == .everybody ? "Lets everybody use it." : "Lets only those use it who are named."
            }
        }

        @Argument(help: "Its name.")
        var name: String

        @Flag
        var whom: Whom?

        @Option(help: ArgumentHelp("Names somebody, by the address of their account.", valueName: "email"))
        var allow: [String] = []

        @Option(help: ArgumentHelp("Takes somebody's name back.", valueName: "email"))
        var forbid: [String] = []

        @OptionGroup var database: DatabaseOptions
        @OptionGroup var published: Published

        func validate() throws {
            guard whom != nil || !allow.isEmpty || !forbid.isEmpty else {
                throw ValidationError("nothing is said: --everybody, --named, --allow or --forbid")
            }
        }

        func run() async throws {
            try published.check(name)
            try await database.run { pool in
                let (users, pipelines) = (UserRepository(pool), PipelineRepository(pool))
                // All are known before anything is changed.
                var changes: [(user: UserID, isAllowed: Bool)] = []
                for (email, isAllowed) in allow.map({ ($0, true) }) + forbid.map({ ($0, false) }) {
                    guard let user = try await users.credentials(for: CanonicalText.emailKey(email))?.user else {
                        throw ValidationError("nobody has an account with the address '\(email)'")
                    }
                    changes.append((user.id, isAllowed))
                }
                for change in changes { try await pipelines.allow(name, change.user, change.isAllowed) }
                if let whom { try await pipelines.restrict(name, whom == .named) }
            }
        }
    }
}
