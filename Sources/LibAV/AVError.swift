import CLibAV

/// What libav answered when something went wrong: its number, kept, and its own words.
public struct AVError: Error, Hashable, Codable, Sendable {
    /// libav's error number, always negative.
    public let code: Int32
    /// What was being done: `open the input`, `decode`.
    public let operation: String

    /// An error of an operation.
    public init(_ code: Int32, _ operation: String) {
        self.code = code
        self.operation = operation
    }

    /// The error for data that is not what its format demands.
    public static func invalidData(operation: String) -> AVError { AVError(cav_error_invalid_data, operation) }

    /// The data is not what its format demands.
    public var isInvalidData: Bool { code == cav_error_invalid_data }
    /// The wait was broken off on request.
    public var isCancelled: Bool { code == cav_error_exit }
    /// There was no memory for it, or not within the bound that ``LibAVMemory/bound(_:)`` set.
    public var isOutOfMemory: Bool { code == cav_error(ENOMEM) }
    /// The medium that is written to is full, or may not be written.
    public var isStorage: Bool {
        [ENOSPC, EROFS, EACCES, EPERM, ENOENT, ENOTDIR, EISDIR, EDQUOT, EFBIG, EIO].contains { code == cav_error($0) }
    }

    /// Throws where libav answered with an error; else passes its answer on.
    @discardableResult
    static func check(_ result: Int32, _ operation: String) throws(AVError) -> Int32 {
        guard result >= 0 else { throw AVError(result, operation) }
        return result
    }

    /// Throws where libav could not allocate.
    static func check<Pointer>(_ pointer: Pointer?, _ operation: String) throws(AVError) -> Pointer {
        guard let pointer else { throw AVError(cav_error(ENOMEM), operation) }
        return pointer
    }
}

extension AVError: CustomStringConvertible {
    /// libav's text for the number.
    public var reason: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(AV_ERROR_MAX_STRING_SIZE)) { buffer in
            buffer.initialize(repeating: 0)
            av_strerror(code, buffer.baseAddress, buffer.count)
            return buffer.baseAddress.map { String(cString: $0) } ?? "error \(code)"
        }
    }

    public var description: String { "cannot \(operation): \(reason)" }
}

extension AVError {
    /// The system's text for an `errno`.
    public static func text(errno code: Int32) -> String { AVError(cav_error(code), "").reason }
}
