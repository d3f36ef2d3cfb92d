import Glibc

/// How long this process has been there.
package enum ProcessAge {
    /// Seconds since this process was started, to a hundredth.
    package static var seconds: Double {
        guard start > 0 else { return 0 }
        var now = timespec()
        clock_gettime(CLOCK_BOOTTIME, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9 - start
    }

    /// The moment of the start, in seconds since the system's (proc(5): `starttime` in /proc/self/stat); 0 if unknown.
    private static let start: Double = {
        let descriptor = open("/proc/self/stat", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 1024)
        let count = read(descriptor, &buffer, buffer.count)
        let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        // The program's name may hold anything; what follows it begins with the third field.
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 19, let ticks = Double(fields[19]) else { return 0 }
        return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }()
}
