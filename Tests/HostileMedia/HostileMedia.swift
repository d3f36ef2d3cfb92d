import Glibc
import MediaChannel
import MediaServer
import Runner

/// A media process that was taken over by the file it reads: does what the input's name says, once it has given up its rights.
///
/// What succeeds ends in ``RunError/fault(_:)``, what is refused in ``RunError/unsuitable(_:)``, which the parent is told.
@main
struct HostileMedia {
    static func main() { MediaServer.serve { name throws(RunError) in try attempt(name) } }

    private static func attempt(_ name: String) throws(RunError) {
        switch name {
        case "read a file": try expectRefusal(open("/etc/passwd", O_RDONLY))
        case "read our environment": try expectRefusal(open("/proc/self/environ", O_RDONLY))
        case "read the parent's environment": try expectRefusal(open("/proc/\(getppid())/environ", O_RDONLY))
        case "list a folder": try expectRefusal(open("/", O_RDONLY | O_DIRECTORY))
        case "write beside the output": try expectRefusal(open("/tmp/hostile-media", O_WRONLY | O_CREAT, 0o600))
        case "remove a file": try expectRefusal(unlink("/tmp/hostile-media"))
        case "reach the network": try expectRefusal(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        case "reach a local service": try expectRefusal(socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
        case "start a program":
            var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("/bin/true"), nil]
            try expectRefusal(execv("/bin/true", &arguments))
        case "start a process":
            var identifier = pid_t()
            var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("/bin/true"), nil]
            let result = posix_spawn(&identifier, "/bin/true", nil, nil, &arguments, nil)
            errno = result
            try expectRefusal(result == 0 ? 0 : -1)
        case "signal the parent": try expectRefusal(kill(getppid(), SIGTERM))
        case "take 2 GB of memory":
            let memory = mmap(nil, 2 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            try expectRefusal(memory == MAP_FAILED ? -1 : 0)
        case "fill memory bit by bit":
            var pieces: [UnsafeMutableRawPointer] = []
            pieces.reserveCapacity(1 << 16)
            while let piece = malloc(1 << 20) {
                memset(piece, 1, 1 << 20)
                pieces.append(piece)
            }
            // More than the limit, and a fifth: it was not stopped.
            guard pieces.count < 2000 else { throw .fault("it took \(pieces.count) MiB") }
            for piece in pieces { free(piece) }
            errno = ENOMEM
            try expectRefusal(-1)
        case "run what was written":
            let memory = mmap(nil, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            try expectRefusal(memory == MAP_FAILED ? -1 : 0)
        case "raise a limit":
            var limit = rlimit(rlim_cur: rlim_t.max, rlim_max: rlim_t.max)
            try expectRefusal(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit))
        case "lie": lie(#"{"probed":{"_0":{"container":"mp4","seconds":1e300,"size":"9000000000000000000x1"}}}"#)
        case "lie about damage": lie(#"{"failed":{"_0":{"damaged":{"_0":"x","share":1e300,"limit":1}}}}"#)
        case "lie at length":
            lie(#"{"failed":{"_0":{"unsuitable":{"_0":""# + String(repeating: "x", count: 1 << 20) + #""}}}}"#)
        case "lie with control characters":
            lie(#"{"failed":{"_0":{"unsuitable":{"_0":"a\u0000b\u202ec"}}}}"#)
        case "lock twice":
            for _ in 0..<2 {
                lie(#"{"locked":{"_0":{"filtersCalls":true,"landlock":0,"missing":{}}}}"#, staying: false)
            }
            sleep(60)
        case "say nothing of sense": lie("no JSON")
        case "say too much":
            var lengths = [UInt32.max, UInt32.max]
            write(STDIN_FILENO, &lengths, 8)
            sleep(60)
        case "hand over files":
            let channel = MediaChannel(STDIN_FILENO)
            for _ in 0..<500 { try? channel.send(MediaReply.ready, [Int32](repeating: STDIN_FILENO, count: 8)) }
        case "die": raise(SIGKILL)
        case "crash": raise(SIGSEGV)
        case "use processors for ever": while true {}
        case "never end": while true { sleep(1) }
        default: break
        }
    }

    /// Gives an answer that no media process gives.
    private static func lie(_ text: String, staying stays: Bool = true) {
        var bytes = [UInt32(text.utf8.count), 0].flatMap { withUnsafeBytes(of: $0, Array.init) } + Array(text.utf8)
        send(STDIN_FILENO, &bytes, bytes.count, 0)
        if stays { sleep(60) }
    }

    private static func expectRefusal(_ result: Int32) throws(RunError) {
        let code = errno
        guard result < 0 else { throw .fault("it succeeded") }
        throw .unsuitable(String(cString: strerror(code)))
    }
}
