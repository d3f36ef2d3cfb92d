import CLibAV
import Glibc

/// How many processors this process may really use: those that its affinity allows, as far as its control groups give it
/// time on them. AWS Lambda gives 1.7 of 2.
public enum Processors {
    /// The number, found out once.
    public static let available: Double = {
        let quotas = groups().compactMap { quota(read("/sys/fs/cgroup\($0)/cpu.max")) }
        return max(0.1, ([Double(av_cpu_count())] + quotas).min() ?? 1)
    }()

    /// How many threads keep them busy with work that never waits.
    public static var threads: Int { max(1, Int(available.rounded(.up))) }

    /// How many threads of a decoder keep them busy, which have a frame each and wait for parts of each other's.
    public static var frameThreads: Int { frameThreads(on: available) }

    /// How many threads of x264 keep them busy. They wait as a decoder's do, and there is never a frame too few for them, but for
    /// 3 MiB each at 720p.
    ///
    /// - Parameter height: of the picture, in pixels.
    public static func encoderThreads(height: Int) -> Int { encoderThreads(on: available, height: height) }

    /// Half as many again as there are processors; 16 at the most, beyond which libavcodec advises against it
    /// (`MAX_AUTO_THREADS`, `libavcodec/pthread_internal.h`).
    static func frameThreads(on processors: Double) -> Int {
        min(16, max(1, Int((processors.rounded(.up) * 1.5).rounded(.down))))
    }

    /// Twice as many as there are processors; one for two rows of macroblocks at the most, as x264 has it where it is to choose
    /// (`validate_parameters`, `encoder/encoder.c`): more gain nothing.
    static func encoderThreads(on processors: Double, height: Int) -> Int {
        max(1, min(Int(processors.rounded(.up)) * 2, (height + 15) / 16 / 2))
    }

    /// The process's control group and all above it, of version 2 (cgroups(7)): each may have a limit.
    private static func groups() -> [String] {
        let own = read("/proc/self/cgroup").split(separator: "\n").first { $0.hasPrefix("0::") }?.dropFirst(3) ?? "/"
        var path = own == "/" ? "" : String(own)
        var paths = [path]
        while let slash = path.lastIndex(of: "/") {
            path = String(path[..<slash])
            paths.append(path)
        }
        return paths
    }

    /// The processors that a `cpu.max` gives: `QUOTA PERIOD`, or `max PERIOD` for all of them.
    static func quota(_ text: String) -> Double? {
        let parts = text.split { $0 == " " || $0 == "\n" }.map { Double($0) }
        guard parts.count == 2, let quota = parts[0], let period = parts[1], quota > 0, period > 0 else { return nil }
        return quota / period
    }

    private static func read(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}
