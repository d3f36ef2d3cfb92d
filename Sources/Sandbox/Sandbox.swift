import CSandbox
import Glibc

/// The restrictions that a process puts on itself before it reads a stranger's file. None can be taken back.
public enum Sandbox {
    /// Mechanisms in force.
    public struct Mechanisms: Hashable, Codable, Sendable {
        /// True if system calls are filtered (seccomp(2)).
        public var filtersCalls = false
        /// The version of Landlock in force (landlock(7)); 0 for none.
        public var landlock = 0
        /// True if the process can gain no privilege by `execve`.
        public var hasNoNewPrivileges = false
        /// Why a mechanism is missing, by its name.
        public var refusals: [String: String] = [:]

        public init() {}
    }

    /// Resource limits (setrlimit(2)).
    public struct Limits: Hashable, Sendable {
        /// Address space that the process may add to what it has, in bytes.
        public var memory: Int
        /// Processor time of all threads, in seconds.
        public var processorSeconds: Int
        /// The largest file that it may write, in bytes.
        public var fileBytes: Int64
        /// Open descriptors.
        public var descriptors: Int

        public init(memory: Int, processorSeconds: Int, fileBytes: Int64, descriptors: Int = 256) {
            self.memory = memory
            self.processorSeconds = processorSeconds
            self.fileBytes = fileBytes
            self.descriptors = descriptors
        }
    }

    /// Applies the restrictions that do not depend on the job: no core files, no inherited descriptors beyond the standard ones.
    public static func begin() {
        limit(RLIMIT_CORE, 0)
        // A file that grows too large is an error to whoever writes it.
        signal(SIGXFSZ, SIG_IGN)
        // Swift's runtime would start a program that prints a backtrace.
        for crash in [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT, SIGQUIT] { signal(crash, SIG_DFL) }
        csb_close_from(3)
    }

    /// Restricts the process, this thread and all that it starts from then on. No other thread may be at work.
    ///
    /// - Parameter files: the files that may still be opened by name, for reading, and their open descriptors.
    /// - Returns: the mechanisms in force.
    public static func lock(_ limits: Limits, files: [String: Int32] = [:]) -> Mechanisms {
        limit(RLIMIT_AS, addressSpace + limits.memory)
        // SIGXCPU, and a little later SIGKILL.
        limit(RLIMIT_CPU, limits.processorSeconds, spare: 5)
        limit(RLIMIT_FSIZE, Int(limits.fileBytes))
        limit(RLIMIT_NOFILE, limits.descriptors)
        var mechanisms = Mechanisms()
        func note(_ name: String, _ result: Int32) -> Bool {
            if result != 0 { mechanisms.refusals[name] = String(cString: strerror(-result)) }
            return result == 0
        }
        mechanisms.hasNoNewPrivileges = note("no new privileges", csb_no_new_privileges())
        let version = csb_landlock_version()
        if version > 0 {
            if note("Landlock", csb_landlock_deny_all(version)) { mechanisms.landlock = Int(version) }
        } else {
            mechanisms.refusals["Landlock"] = "the kernel has none"
        }
        let isAllowed = files.allSatisfy { note("files by name", csb_allow_file($0.key, $0.value)) }
        mechanisms.filtersCalls = isAllowed && note("seccomp", csb_filter_calls())
        return mechanisms
    }

    /// The size of the process's address space, in bytes (proc(5): the first number of `/proc/self/statm`, in pages).
    private static var addressSpace: Int {
        let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 1 << 30 }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 128)
        let count = read(descriptor, &buffer, buffer.count)
        let pages = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).split(separator: " ").first
        return (pages.flatMap { Int($0) } ?? 1 << 18) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Sets a limit, and a hard one that is larger by `spare`.
    private static func limit(_ resource: __rlimit_resource, _ value: Int, spare: Int = 0) {
        var limit = rlimit()
        let resource = __rlimit_resource_t(resource.rawValue)
        getrlimit(resource, &limit)
        limit.rlim_max = min(limit.rlim_max, rlim_t(max(0, value + spare)))
        limit.rlim_cur = min(limit.rlim_max, rlim_t(max(0, value)))
        setrlimit(resource, &limit)
    }
}
