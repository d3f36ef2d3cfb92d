public import struct FoundationEssentials.Date

/// An upload and what was made of it.
public struct Video: Hashable, Sendable {
    public var id: VideoID
    public var owner: UserID
    public var title: String
    public var status: Status
    public var isPublic: Bool
    public var votes: Int
    /// What makes it, or made it.
    public var pipeline: PinnedPipeline
    public var original: Original
    /// The store's name for an upload in parts; nil for one in one piece.
    public var uploadName: String?
    /// The store's key of the result; nil where there is none yet.
    public var processedKey: String?
    /// The store's key of a picture of it.
    public var posterKey: String?
    public var failure: Failure?
    public var createdAt: Date
    public var uploadedAt: Date?
    public var processedAt: Date?

    /// A video's life.
    public enum Status: String, Hashable, Sendable, CaseIterable {
        case pendingUpload = "pending_upload"
        case uploaded, processing, processed, failed
    }

    /// The file as its owner sent it.
    public struct Original: Hashable, Sendable {
        /// The store's key.
        public var key: String
        public var fileName: String
        public var contentType: String
        public var bytes: Int

        public init(key: String, fileName: String, contentType: String, bytes: Int) {
            self.key = key
            self.fileName = fileName
            self.contentType = contentType
            self.bytes = bytes
        }
    }

    /// Why nothing was made of it.
    public struct Failure: Hashable, Sendable {
        /// A word for programs.
        public var code: String
        /// A sentence for its owner.
        public var message: String

        public init(code: String, message: String) {
            self.code = code
            self.message = message
        }

        /// What its owner is told where every attempt was broken off by something that is not the file's fault.
        public static let interrupted = Failure(
            code: "interrupted", message: "The video could not be made. Upload it again, or ask us for help.")

        init?(_ row: Row) throws(DatabaseError) {
            guard let code: String = try row["failure_code"], let message: String = try row["failure_message"] else {
                return nil
            }
            self.init(code: code, message: message)
        }
    }

    init(_ row: Row) throws(DatabaseError) {
        guard let status = Status(rawValue: try row["status"]) else {
            throw .undecodable(column: "status", reason: "is no status of a video")
        }
        self.status = status
        id = try row["id"]
        owner = try row["user_id"]
        title = try row["title"]
        isPublic = try row["is_public"]
        votes = try row["vote_count"]
        pipeline = try PinnedPipeline(row)
        original = Original(
            key: try row["original_key"], fileName: try row["file_name"], contentType: try row["content_type"],
            bytes: try row["size_bytes"])
        uploadName = try row["upload_name"]
        processedKey = try row["processed_key"]
        posterKey = try row["poster_key"]
        failure = try Failure(row)
        createdAt = try row["created_at"]
        uploadedAt = try row["uploaded_at"]
        processedAt = try row["processed_at"]
    }
}

/// A video that everybody may see, and whose it is.
public struct PublicVideo: Hashable, Sendable {
    public var video: Video
    public var player: Player

    /// What everybody may know of somebody.
    public struct Player: Hashable, Sendable {
        public var firstName: String
        public var lastName: String
        public var city: String
    }

    init(_ row: Row) throws(DatabaseError) {
        video = try Video(row)
        player = Player(firstName: try row["first_name"], lastName: try row["last_name"], city: try row["city"])
    }
}

/// A part of a long list.
public struct Page<Element: Sendable>: Sendable {
    public var elements: [Element]
    /// How many there are in all.
    public var total: Int
}

extension Page: Equatable where Element: Equatable {}

/// Which part of a long list.
public struct PageRequest: Hashable, Sendable {
    /// From 1.
    public var number: Int
    /// How many are on a page.
    public var size: Int

    public init(number: Int, size: Int) {
        self.number = number
        self.size = size
    }

    var offset: Int { (number - 1).multipliedReportingOverflow(by: size).overflow ? Int.max : (number - 1) * size }
}
