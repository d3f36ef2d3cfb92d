import CLibAV
import Synchronization

/// An `AVIOContext` that reads from a ``ByteSource``, counts what it reads, and gives up when it is cancelled.
final class ByteReader {
    let context: UnsafeMutablePointer<AVIOContext>
    private let state: Unmanaged<State>

    /// What libav's callbacks see.
    private final class State {
        let source: any ByteSource
        var cancellation: CancellationFlag
        var position: Int64 = 0
        var bytesRead: Int64 = 0
        var allowance: Int64?
        var failure: ByteSourceError?

        init(_ source: any ByteSource, _ cancellation: CancellationFlag) {
            self.source = source
            self.cancellation = cancellation
        }

        var isOverdrawn: Bool { allowance.map { bytesRead >= $0 } ?? false }

        func read(_ buffer: UnsafeMutablePointer<UInt8>, _ count: Int) -> Int32 {
            guard !cancellation.isCancelled else { return cav_error_exit }
            guard !isOverdrawn else { return cav_error(EFBIG) }
            var span = MutableRawSpan(_unsafeBytes: UnsafeMutableRawBufferPointer(start: buffer, count: count))
            do {
                let read = try source.read(at: position, into: &span, cancellation: cancellation)
                guard read > 0 else { return cav_error_eof }
                position += Int64(read)
                bytesRead += Int64(read)
                return Int32(read)
            } catch {
                failure = error
                return cav_error(EIO)
            }
        }

        func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
            let size = source.size
            let target: Int64? =
                switch whence & ~AVSEEK_FORCE {
                case AVSEEK_SIZE: size
                case SEEK_SET: offset
                case SEEK_CUR: position &+ offset
                case SEEK_END: size.map { $0 &+ offset }
                default: nil
                }
            guard let target, target >= 0 else { return Int64(cav_error(EINVAL)) }
            if whence & ~AVSEEK_FORCE != AVSEEK_SIZE { position = target }
            return target
        }
    }

    /// How large a piece libav asks for at a time.
    private static let bufferSize = 32 * 1024

    init(_ source: any ByteSource, _ cancellation: CancellationFlag) throws(AVError) {
        let buffer = try AVError.check(av_malloc(Self.bufferSize), "allocate the input's buffer")
        state = Unmanaged.passRetained(State(source, cancellation))
        let context = avio_alloc_context(
            buffer.assumingMemoryBound(to: UInt8.self), Int32(Self.bufferSize), 0, state.toOpaque(),
            { opaque, buffer, count in
                guard let opaque, let buffer else { return cav_error(EINVAL) }
                return Unmanaged<State>.fromOpaque(opaque).takeUnretainedValue().read(buffer, Int(count))
            }, nil,
            { opaque, offset, whence in
                guard let opaque else { return Int64(cav_error(EINVAL)) }
                return Unmanaged<State>.fromOpaque(opaque).takeUnretainedValue().seek(offset, whence)
            })
        guard let context else {
            av_free(buffer)
            state.release()
            throw AVError(cav_error(ENOMEM), "allocate the input's context")
        }
        self.context = context
    }

    deinit {
        av_freep(&context.pointee.buffer)
        var context: UnsafeMutablePointer<AVIOContext>? = context
        avio_context_free(&context)
        state.release()
    }

    /// How much may be read in all; nil for any amount. Reading beyond it fails.
    var allowance: Int64? {
        get { state.takeUnretainedValue().allowance }
        set { state.takeUnretainedValue().allowance = newValue }
    }

    /// What makes it give up.
    var cancellation: CancellationFlag {
        get { state.takeUnretainedValue().cancellation }
        set { state.takeUnretainedValue().cancellation = newValue }
    }

    /// Whether the allowance is used up.
    var isOverdrawn: Bool { state.takeUnretainedValue().isOverdrawn }
    var bytesRead: Int64 { state.takeUnretainedValue().bytesRead }
    var failure: ByteSourceError? { state.takeUnretainedValue().failure }
}
