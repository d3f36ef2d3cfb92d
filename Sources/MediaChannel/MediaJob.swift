public import FoundationEssentials
public import GraphDSL
public import Runner

/// The work that a media process does, once.
public struct MediaJob: Codable, Sendable {
    /// Kind of job.
    public enum Work: Codable, Sendable {
        /// The input is probed.
        case probe
        /// A video is made of it.
        case make(Make)
        /// The segments of a manifest that need no input are encoded and kept.
        case bake(Bake)
        /// The process only gives up its privileges, so that its parent knows which mechanisms there are.
        case check
    }

    /// A video to be made. Its file comes with the job.
    public struct Make: Codable, Sendable {
        /// The manifest, canonical JSON.
        public var manifest: Data
        /// The values of the manifest's parameters.
        public var parameters: [String: String]
        /// The folder of assets.
        public var assets: String
        /// The folder of encoded bumpers, read only; nil for none.
        public var cache: String?
        /// The largest width of the poster, in pixels; nil for no poster.
        public var posterWidth: Int?

        public init(
            manifest: Data, parameters: [String: String] = [:], assets: String, cache: String?, posterWidth: Int?
        ) {
            self.manifest = manifest
            self.parameters = parameters
            self.assets = assets
            self.cache = cache
            self.posterWidth = posterWidth
        }
    }

    /// Segments to be encoded ahead of time.
    public struct Bake: Codable, Sendable {
        /// The manifest, canonical JSON.
        public var manifest: Data
        /// The folder of assets.
        public var assets: String
        /// The folder of encoded bumpers.
        public var cache: String
        /// The display size of the clip that the segments stand beside.
        public var size: PictureSize

        public init(manifest: Data, assets: String, cache: String, size: PictureSize) {
            self.manifest = manifest
            self.assets = assets
            self.cache = cache
            self.size = size
        }
    }

    /// Transport of the input. Its descriptor is the first one sent with the job.
    public enum Input: Codable, Sendable {
        /// No input.
        case none
        /// An open file.
        case file
        /// A socket of the byte-range protocol (``ByteRangeSource``).
        case ranges(size: Int64?, isDistant: Bool)
    }

    /// Fallback where the system refuses seccomp, as some container platforms do.
    public enum Isolation: String, Codable, Sendable, CaseIterable {
        /// The job fails.
        case required
        /// The job runs with the remaining mechanisms.
        case available
    }

    public var work: Work
    public var input: Input
    /// The name of the input, for errors.
    public var name: String
    public var limits: Limits
    public var isolation: Isolation

    public init(_ work: Work, input: Input, name: String, limits: Limits, isolation: Isolation = .required) {
        self.work = work
        self.input = input
        self.name = name
        self.limits = limits
        self.isolation = isolation
    }
}

/// The restrictions that a media process has put on itself.
public struct Restrictions: Hashable, Codable, Sendable {
    /// True if system calls are filtered (seccomp(2)).
    public var filtersCalls: Bool
    /// The version of Landlock in force (landlock(7)); 0 for none.
    public var landlock: Int
    /// Why a mechanism is missing, by its name.
    public var missing: [String: String]

    public init(filtersCalls: Bool, landlock: Int, missing: [String: String]) {
        self.filtersCalls = filtersCalls
        self.landlock = landlock
        self.missing = missing
    }
}

/// Result of a probe. It has few, flat values: a compromised media process chooses each of them.
public struct ProbeFacts: Hashable, Codable, Sendable {
    /// The container, by libavformat's names.
    public var container: String
    /// The length in seconds; nil for a still picture.
    public var seconds: Double?
    /// The size of the picture when it is shown; nil without a picture.
    public var size: PictureSize?

    public init(container: String, seconds: Double?, size: PictureSize?) {
        self.container = container
        self.seconds = seconds
        self.size = size
    }
}

/// Facts of a plan that the parent needs.
public struct PlanFacts: Codable, Sendable {
    /// How long binding took.
    public var seconds: Seconds
    /// The size of the output's picture.
    public var size: PictureSize

    public init(seconds: Seconds, size: PictureSize) {
        self.seconds = seconds
        self.size = size
    }
}

/// Message from a media process to its parent.
public enum MediaReply: Codable, Sendable {
    /// It is ready for its job.
    case ready
    /// It has given up its privileges and begins to read the input.
    case locked(Restrictions)
    case progress(RunProgress)
    case probed(ProbeFacts)
    /// The poster, JPEG, is the message's attachment; without one, that is empty.
    case made(RunReport, plan: PlanFacts, posterSeconds: Seconds)
    /// Number of segments encoded.
    case baked(Int)
    case checked
    case failed(RunError)
}
