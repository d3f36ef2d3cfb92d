public import GraphDSL
public import LibAV

/// Every way in which probing, binding or running can fail.
public enum RunError: Error, Hashable, Codable, Sendable {
    // The input cannot be had.

    /// There is no such input file.
    case noSuchInput(String)
    /// The input is there and cannot be read; the system's `errno`.
    case unreadableInput(String, errno: Int32)

    /// The input is elsewhere and could not be transferred: why.
    case unreachableInput(String, reason: String)

    // The input is not what a pipeline can work on.

    /// The input is no container that can be read.
    case notMedia(String, AVError)
    /// The input is of a format that is known and not taken.
    case unsupportedFormat(String, format: String)
    /// The input is a still picture.
    case stillPicture(String)
    /// The input has no picture that moves.
    case noVideo(String)
    /// There is no decoder that may be used for the input's picture.
    case unsupportedCodec(String, codec: String)
    /// Nothing of the input's picture can be decoded.
    case undecodable(String, codec: String)
    /// Too large a share of the input's frames, from 0 to 1, cannot be decoded.
    case damaged(String, share: Double, limit: Double)
    /// The input's tables claim more than its bytes can hold.
    case implausible(String)
    /// The pipeline cannot be applied to this input: a sentence.
    case unsuitable(String)

    // The input, or what becomes of it, is too large. See ``Limits``.

    /// The picture has too many pixels.
    case pictureTooLarge(String, PictureSize, limit: Int)
    /// The file has too many streams.
    case tooManyStreams(String, limit: Int)
    /// The file does not say what it is within the bytes that are read for that.
    case probeTooLong(String, limit: Int64)
    /// More frames than are decoded or made.
    case tooManyFrames(String, limit: Int)
    /// The output would be too large, in bytes.
    case outputTooLarge(String, limit: Int64)
    /// The job took too long.
    case tookTooLong(limit: Seconds)
    /// The job took too much memory, in bytes.
    case tooMuchMemory(limit: Int)
    /// The process that worked on the input ended: how, for people.
    case crashed(String, how: String)

    // The caller asked for something that cannot be.

    /// The pipeline's parameters were given wrongly.
    case parameter(ParameterError)
    /// The output would be written over the input.
    case outputIsInput(String)

    // The place to write to.

    /// The output cannot be written: why.
    case cannotWrite(String, reason: String)

    // The installation and the program.

    /// The assets folder has no such file.
    case missingAsset(AssetPath, folder: String)
    /// The asset is not the file that the manifest names.
    case changedAsset(AssetPath, expected: ContentDigest, found: ContentDigest)
    /// The asset is no media that can be read.
    case unusableAsset(AssetPath, reason: String)
    /// Something that should not happen: a fault of this program.
    case fault(String)

    // Nobody.

    /// Too much other work waits: the job was not begun.
    case busy
    /// The run was cancelled.
    case cancelled
}

extension RunError {
    /// The error's name for programs: it is stored with a failed video, and never changes.
    public enum Code: String, CaseIterable, Codable, Sendable {
        case noSuchInput = "no_such_input"
        case unreadableInput = "unreadable_input"
        case unreachableInput = "unreachable_input"
        case notMedia = "not_media"
        case unsupportedFormat = "unsupported_format"
        case stillPicture = "still_picture"
        case noVideo = "no_video"
        case unsupportedCodec = "unsupported_codec"
        case undecodable = "undecodable"
        case damaged = "damaged"
        case implausible = "implausible"
        case unsuitable = "unsuitable"
        case pictureTooLarge = "picture_too_large"
        case tooManyStreams = "too_many_streams"
        case probeTooLong = "probe_too_long"
        case tooManyFrames = "too_many_frames"
        case outputTooLarge = "output_too_large"
        case tookTooLong = "took_too_long"
        case tooMuchMemory = "too_much_memory"
        case crashed = "crashed"
        case parameter = "parameter"
        case outputIsInput = "output_is_input"
        case cannotWrite = "cannot_write"
        case missingAsset = "missing_asset"
        case changedAsset = "changed_asset"
        case unusableAsset = "unusable_asset"
        case fault = "fault"
        case busy = "busy"
        case cancelled = "cancelled"
    }

    /// Whose matter an error is.
    public enum Blame: String, CaseIterable, Sendable {
        /// The caller asked for something that cannot be asked for.
        case usage
        /// The input's content.
        case input
        /// The input is missing.
        case missingInput
        /// The place to write to.
        case output
        /// Nobody's: the run was cancelled.
        case cancellation
        /// This program or its installation.
        case program
    }

    /// What a caller does about an error: whose matter it is, and whether the same job may well succeed another time.
    public struct Classification: Hashable, Sendable {
        /// The error's name.
        public let code: Code
        /// Whose matter it is.
        public let blame: Blame
        /// Whether trying again, as it is, is worth the while.
        public let isWorthRetrying: Bool
    }

    /// What a caller does about the error.
    public var classification: Classification {
        let (code, blame, isWorthRetrying): (Code, Blame, Bool) =
            switch self {
            case .noSuchInput: (.noSuchInput, .missingInput, false)
            case .unreadableInput: (.unreadableInput, .missingInput, true)
            case .unreachableInput: (.unreachableInput, .missingInput, true)
            case .notMedia: (.notMedia, .input, false)
            case .unsupportedFormat: (.unsupportedFormat, .input, false)
            case .stillPicture: (.stillPicture, .input, false)
            case .noVideo: (.noVideo, .input, false)
            case .unsupportedCodec: (.unsupportedCodec, .input, false)
            case .undecodable: (.undecodable, .input, false)
            case .damaged: (.damaged, .input, false)
            case .implausible: (.implausible, .input, false)
            case .unsuitable: (.unsuitable, .input, false)
            case .pictureTooLarge: (.pictureTooLarge, .input, false)
            case .tooManyStreams: (.tooManyStreams, .input, false)
            case .probeTooLong: (.probeTooLong, .input, false)
            case .tooManyFrames: (.tooManyFrames, .input, false)
            case .outputTooLarge: (.outputTooLarge, .input, false)
            // A busy machine may have been the reason.
            case .tookTooLong: (.tookTooLong, .input, true)
            case .tooMuchMemory: (.tooMuchMemory, .input, false)
            // A fault of the machine is as possible as one of the file: a second time it is the file's.
            case .crashed: (.crashed, .input, true)
            case .parameter: (.parameter, .usage, false)
            case .outputIsInput: (.outputIsInput, .usage, false)
            case .cannotWrite: (.cannotWrite, .output, true)
            case .missingAsset: (.missingAsset, .program, false)
            case .changedAsset: (.changedAsset, .program, false)
            case .unusableAsset: (.unusableAsset, .program, false)
            case .fault: (.fault, .program, true)
            case .busy: (.busy, .program, true)
            case .cancelled: (.cancelled, .cancellation, true)
            }
        return Classification(code: code, blame: blame, isWorthRetrying: isWorthRetrying)
    }

    /// Whose matter the error is.
    public var blame: Blame { classification.blame }
}

extension RunError: CustomStringConvertible {
    /// What was wrong, and what to try.
    public var description: String {
        switch self {
        case .noSuchInput(let path):
            "there is no file '\(path)'; check the path"
        case .unreadableInput(let path, let code):
            "'\(path)' cannot be read: \(AVError.text(errno: code)); check its permissions"
        case .unreachableInput(let name, let reason):
            "'\(name)' cannot be read: \(reason); check the address, or try again"
        case .notMedia(let path, let error):
            "'\(path)' is not a video file that can be read (\(error.reason)); use \(Self.formats)"
        case .unsupportedFormat(let path, let format):
            "'\(path)' is \(format), which is not taken; use \(Self.formats)"
        case .stillPicture(let path):
            "'\(path)' is a still picture; try a video"
        case .noVideo(let path):
            "'\(path)' has no video that moves or can be shown; use a file with a video track"
        case .unsupportedCodec(let path, let codec):
            "the video in '\(path)' is coded as \(codec), which is not taken; try H.264, HEVC, VP9 or AV1"
        case .undecodable(let path, let codec):
            "the video in '\(path)' (\(codec)) cannot be decoded; the file is damaged, try another copy of it"
        case .damaged(let path, let share, let limit):
            "\(Self.percent(share)) of the frames of '\(path)' cannot be decoded, and at most \(Self.percent(limit)) may be "
                + "damaged; try another copy of it"
        case .implausible(let path):
            "the tables of '\(path)' claim more than its bytes can hold; the file is damaged, try to save it anew as MP4"
        case .unsuitable(let reason):
            reason
        case .pictureTooLarge(let path, let size, let limit):
            "the picture of '\(path)' is \(size), and at most \(limit) pixels are taken; try a smaller one"
        case .tooManyStreams(let path, let limit):
            "'\(path)' has more than \(limit) streams; try a file with one picture and one sound"
        case .probeTooLong(let path, let limit):
            "'\(path)' does not say what it is within its first \(limit) bytes; try to save it anew as MP4"
        case .tooManyFrames(let path, let limit):
            "'\(path)' has more than \(limit) frames, or makes more; try a shorter clip"
        case .outputTooLarge(let path, let limit):
            "the video '\(path)' would be larger than \(limit) bytes; try a shorter clip"
        case .tookTooLong(let limit):
            "the work was not done within \(limit) s; try a shorter or smaller clip"
        case .tooMuchMemory(let limit):
            "the work needs more than \(limit / 1_000_000) MB of memory; try a clip with a smaller picture"
        case .crashed(let path, let how):
            "the process that worked on '\(path)' ended (\(how)); the file may be damaged, try to save it anew as MP4"
        case .parameter(let error):
            "\(error)"
        case .missingAsset(let path, let folder):
            "the asset '\(path)' is not in '\(folder)'; give the assets folder with --assets"
        case .changedAsset(let path, let expected, let found):
            "the asset '\(path)' is not the published one (sha256 \(found.short)…, expected \(expected.short)…); "
                + "restore it, or publish a new version of the pipeline"
        case .unusableAsset(let path, let reason):
            "the asset '\(path)' cannot be used: \(reason)"
        case .cannotWrite(let path, let reason):
            "'\(path)' cannot be written: \(reason); try another place"
        case .outputIsInput(let path):
            "'\(path)' is the input itself; give another output"
        case .busy:
            "too much other work waits; try again later"
        case .cancelled:
            "interrupted; nothing was written"
        case .fault(let what):
            "\(what); this is a fault of the program: please report it with the output of `cortina --version`, the "
                + "pipeline's digest and the report (--report)"
        }
    }

    /// The formats that are taken, for people.
    private static let formats = "MP4, MOV, MKV, WebM, AVI, MPEG-TS, MPEG-PS, FLV, Ogg or DV"

    private static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
}

extension RunError {
    /// Why an input's bytes cannot be read.
    init(_ error: ByteSourceError) {
        switch error {
        case .notFound(let path): self = .noSuchInput(path)
        case .system(let path, let code): self = .unreadableInput(path, errno: code)
        case .transfer(let name, let reason): self = .unreachableInput(name, reason: reason)
        }
    }
}
