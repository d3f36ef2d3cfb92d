import CLibAV
import Glibc

/// The open file that a muxer writes to, as libav reaches it: by descriptor, never by name.
///
/// A muxer that moves its index to the front reads what it has written: `AVFormatContext.io_open` gives it the same file.
final class OutputBytes {
    /// The context that the muxer writes to.
    private(set) var context: UnsafeMutablePointer<AVIOContext>?

    /// The size of libav's buffer, in bytes.
    private static let bufferSize = 32 * 1024

    /// A place in the file. Each context has its own.
    private final class Cursor {
        let descriptor: Int32
        var position: Int64 = 0

        init(_ descriptor: Int32) { self.descriptor = descriptor }

        func write(_ bytes: UnsafeRawPointer, _ count: Int) -> Int32 {
            var written = 0
            while written < count {
                let result = pwrite(descriptor, bytes + written, count - written, off_t(position))
                if result < 0 {
                    if errno == EINTR { continue }
                    return cav_error(errno)
                }
                written += result
                position += Int64(result)
            }
            return Int32(count)
        }

        func read(_ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int32 {
            while true {
                let result = pread(descriptor, bytes, count, off_t(position))
                if result > 0 {
                    position += Int64(result)
                    return Int32(result)
                }
                if result == 0 { return cav_error_eof }
                if errno != EINTR { return cav_error(errno) }
            }
        }

        func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { return Int64(cav_error(errno)) }
            let target: Int64
            switch whence & ~AVSEEK_FORCE {
            case AVSEEK_SIZE: return Int64(status.st_size)
            case SEEK_SET: target = offset
            case SEEK_CUR: target = position &+ offset
            case SEEK_END: target = Int64(status.st_size) &+ offset
            default: return Int64(cav_error(EINVAL))
            }
            guard target >= 0 else { return Int64(cav_error(EINVAL)) }
            position = target
            return target
        }
    }

    private let descriptor: Int32
    private var isOpen = true

    /// Takes over an open file, which it closes.
    ///
    /// - Throws: ``AVError`` if there is no memory.
    init(_ descriptor: Int32) throws(AVError) {
        self.descriptor = descriptor
        context = try Self.makeContext(descriptor, writes: true)
    }

    deinit { try? close() }

    /// Writes libav's buffer to the file and closes it.
    ///
    /// - Throws: ``AVError`` if the file cannot be written.
    func close() throws(AVError) {
        guard isOpen else { return }
        isOpen = false
        var error: Int32 = 0
        if let context {
            avio_flush(context)
            error = context.pointee.error
            Self.free(context)
        }
        context = nil
        let closed = Glibc.close(descriptor) == 0 ? 0 : cav_error(errno)
        try AVError.check(error, "write the output")
        try AVError.check(closed, "close the output")
    }

    /// Opens the file for a muxer that reads what it has written.
    static func attach(_ bytes: OutputBytes, to context: UnsafeMutablePointer<AVFormatContext>) {
        context.pointee.pb = bytes.context
        context.pointee.opaque = Unmanaged.passUnretained(bytes).toOpaque()
        context.pointee.io_open = { context, result, _, flags, _ in
            guard let opaque = context?.pointee.opaque, let result, flags & AVIO_FLAG_WRITE == 0 else {
                return cav_error(EACCES)
            }
            let bytes = Unmanaged<OutputBytes>.fromOpaque(opaque).takeUnretainedValue()
            do throws(AVError) { result.pointee = try OutputBytes.makeContext(bytes.descriptor, writes: false) } catch {
                return error.code
            }
            return 0
        }
        context.pointee.io_close2 = { _, context in
            if let context { OutputBytes.free(context) }
            return 0
        }
    }

    private static func makeContext(
        _ descriptor: Int32, writes: Bool
    ) throws(AVError) -> UnsafeMutablePointer<AVIOContext> {
        let buffer = try AVError.check(av_malloc(bufferSize), "allocate the output's buffer")
        let cursor = Unmanaged.passRetained(Cursor(descriptor))
        let context = avio_alloc_context(
            buffer.assumingMemoryBound(to: UInt8.self), Int32(bufferSize), writes ? 1 : 0, cursor.toOpaque(),
            { opaque, bytes, count in
                guard let opaque, let bytes else { return cav_error(EINVAL) }
                return Unmanaged<Cursor>.fromOpaque(opaque).takeUnretainedValue().read(bytes, Int(count))
            },
            { opaque, bytes, count in
                guard let opaque, let bytes else { return cav_error(EINVAL) }
                return Unmanaged<Cursor>.fromOpaque(opaque).takeUnretainedValue().write(bytes, Int(count))
            },
            { opaque, offset, whence in
                guard let opaque else { return Int64(cav_error(EINVAL)) }
                return Unmanaged<Cursor>.fromOpaque(opaque).takeUnretainedValue().seek(offset, whence)
            })
        guard let context else {
            av_free(buffer)
            cursor.release()
            throw AVError(cav_error(ENOMEM), "allocate the output's context")
        }
        return context
    }

    private static func free(_ context: UnsafeMutablePointer<AVIOContext>) {
        if let opaque = context.pointee.opaque { Unmanaged<Cursor>.fromOpaque(opaque).release() }
        av_freep(&context.pointee.buffer)
        var context: UnsafeMutablePointer<AVIOContext>? = context
        avio_context_free(&context)
    }
}
