public import GraphDSL
public import LibAV

/// Every way in which probing, binding or running can fail.
public enum RunError: Error, Hashable, Sendable {
    /// There is no such input file.
    case noSuchInput(String)
    /// The input is there and cannot be read; the system's `errno`.
    case unreadableInput(String, errno: Int32)
    /// The input is no container that can be read.
    case notMedia(String, AVError)
    /// The input has no picture that moves.
    case noVideo(String)
    /// The input's picture cannot be decoded.
    case undecodable(String, codec: String)
    /// The pipeline cannot be applied to this input: a sentence.
    case unsuitable(String)
    /// The pipeline's parameters were given wrongly.
    case parameter(ParameterError)
    /// The assets folder has no such file.
    case missingAsset(AssetPath, folder: String)
    /// The asset is not the file that the manifest names.
    case changedAsset(AssetPath, expected: ContentDigest, found: ContentDigest)
    /// The asset is no media that can be read.
    case unusableAsset(AssetPath, reason: String)
    /// The output cannot be written: why.
    case cannotWrite(String, reason: String)
    /// The output would be written over the input.
    case outputIsInput(String)
    /// The run was cancelled.
    case cancelled
    /// Something that should not happen: a fault of this program.
    case fault(String)

    /// Whose matter an error is.
    public enum Blame: Sendable {
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

    /// Whose matter the error is.
    public var blame: Blame {
        switch self {
        case .noSuchInput, .unreadableInput: .missingInput
        case .notMedia, .noVideo, .undecodable, .unsuitable: .input
        case .parameter, .outputIsInput: .usage
        case .cannotWrite: .output
        case .cancelled: .cancellation
        case .missingAsset, .changedAsset, .unusableAsset, .fault: .program
        }
    }
}

extension RunError: CustomStringConvertible {
    /// What was wrong, and what to try.
    public var description: String {
        switch self {
        case .noSuchInput(let path):
            "there is no file '\(path)'; check the path"
        case .unreadableInput(let path, let code):
            "'\(path)' cannot be read: \(AVError.text(errno: code)); check its permissions"
        case .notMedia(let path, let error):
            "'\(path)' is not a video file that can be read (\(error.reason)); try an MP4, MOV, MKV, WebM or AVI file"
        case .noVideo(let path):
            "'\(path)' has no video stream; try a file with a picture"
        case .undecodable(let path, let codec):
            "the video in '\(path)' (\(codec)) cannot be decoded; the file is damaged, or try another codec"
        case .unsuitable(let reason):
            reason
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
        case .cancelled:
            "interrupted; nothing was written"
        case .fault(let what):
            "\(what); this is a fault of the program, please report it"
        }
    }
}
