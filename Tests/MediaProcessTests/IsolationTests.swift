import Foundation
import GraphDSL
import LibAV
import Logging
import MediaChannel
import Runner
import TestSupport
import Testing

@testable import MediaProcess

/// What a media process that was taken over can do.
@Suite(.serialized)
struct IsolationTests {
    let scratch: Scratch
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws { scratch = try Scratch() }

    private func attempt(_ name: String, limits: Limits = Limits(time: 600)) async throws -> RunError? {
        let clip = try FileByteSource(path: try TestClip.plain(in: scratch, seconds: 0.2, size: "64x64"))
        let processes = MediaProcesses(
            program: Checkout.program("hostile-media"), keepsSpare: false, logger: logger)
        do throws(RunError) {
            _ = try await processes.probe(clip, name: name, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "what belongs to others is refused",
        arguments: [
            "read a file", "read our environment", "read the parent's environment", "list a folder",
            "write beside the output", "remove a file", "signal the parent", "take 2 GB of memory",
            "fill memory bit by bit", "run what was written", "raise a limit", "start a process",
        ])
    func refused(name: String) async throws {
        let error = try await attempt(name)
        let words = ["Operation not permitted", "Permission denied", "Cannot allocate memory"]
        #expect(words.map { RunError.unsuitable($0) }.contains(error), "\(error as Any)")
    }

    @Test(
        "what nothing needs that works on media ends the process",
        arguments: ["reach the network", "reach a local service", "start a program"])
    func killed(name: String) async throws {
        #expect(try await attempt(name) == .crashed(name, how: "signal 31, Bad system call"))
    }

    @Test("a process that dies ends its job in a sentence", arguments: [("die", 9), ("crash", 11)])
    func dies(name: String, signal: Int) async throws {
        let error = try await attempt(name)
        guard case .crashed(name, let how) = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(how.hasPrefix("signal \(signal),"))
    }

    @Test(
        "answers that no media process gives end the job, and not whoever reads them",
        arguments: [
            "lie", "lie about damage", "lie at length", "lie with control characters", "lock twice",
            "say nothing of sense", "say too much",
        ])
    func lies(name: String) async throws {
        guard case .crashed? = try await attempt(name) else {
            Issue.record("it was believed")
            return
        }
    }

    @Test("files that a media process hands over are closed")
    func files() async throws {
        func openFiles() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
        let before = try openFiles()
        _ = try await attempt("hand over files")
        // Tests beside this one open some too.
        #expect(try openFiles() < before + 2000)
    }

    @Test("a process starts while all threads of the concurrency pool are at work")
    func busyPool() throws {
        let gate = DispatchSemaphore(value: 0)
        let blocked = (0..<64).map { _ in Task.detached { Self.wait(gate) } }
        defer { blocked.forEach { _ in gate.signal() } }
        let child = try MediaChild(Checkout.program("cortina-media"))
        defer { child.kill() }
        let reply = try child.channel.receive(MediaReply.self, until: .now + .seconds(300)).message
        guard case .ready = reply else {
            Issue.record("\(reply)")
            return
        }
    }

    private static func wait(_ gate: DispatchSemaphore) { gate.wait() }

    @Test("a process that was killed while it waited for a job is replaced")
    func killedSpare() async throws {
        let clip = try FileByteSource(path: try TestClip.plain(in: scratch, seconds: 0.2, size: "64x64"))
        let program = scratch.path("cortina-media-spare")
        try FileManager.default.createSymbolicLink(
            atPath: program, withDestinationPath: Checkout.program("cortina-media"))
        let processes = MediaProcesses(program: program, logger: logger)
        processes.warmUp()
        defer { processes.stop() }
        while try Tool.run("pkill", ["-KILL", "-f", program]).status != 0 {}
        #expect(try await processes.probe(clip, name: "clip", limits: Limits()).container.contains("mp4"))
    }

    @Test("a process that uses up its processor time is ended")
    func processorTime() async throws {
        #expect(
            try await attempt("use processors for ever", limits: Limits(time: 600, processorTime: 1))
                == .tookTooLong(limit: 1))
    }

    @Test("a process that never ends is ended, and a job that is cancelled ends its process")
    func ends() async throws {
        for name in ["never end", "use processors for ever"] {
            #expect(try await attempt(name, limits: Limits(time: 0.1)) == .tookTooLong(limit: 0.1))
        }
        let job = Task { try await attempt("never end") }
        try await Task.sleep(for: .milliseconds(300))
        job.cancel()
        #expect(try await job.value == .cancelled)
    }

    /// Starts `cortina-media` where the system refuses filters of system calls, as some container platforms do.
    private static let unfilterable = """
        #!/usr/bin/python3
        import ctypes, errno, os, sys
        library = ctypes.CDLL("libseccomp.so.2")
        library.seccomp_init.restype = ctypes.c_void_p
        refuse, allow = 0x00050000 | errno.EPERM, 0x7FFF0000
        rules = ctypes.c_void_p(library.seccomp_init(allow))
        library.seccomp_rule_add(rules, refuse, library.seccomp_syscall_resolve_name(b"seccomp"), 0)
        os.environ.clear()
        library.seccomp_load(rules)
        os.execv(os.path.realpath(sys.argv[0] + ".program"), ["cortina-media"])

        """

    @Test("where the system refuses the filter of system calls, a job fails unless the operator allows it")
    func unfiltered() async throws {
        let program = scratch.path("unfilterable")
        try Self.unfilterable.write(toFile: program, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
        try FileManager.default.createSymbolicLink(
            atPath: program + ".program", withDestinationPath: Checkout.program("cortina-media"))
        let required = MediaProcesses(program: program, keepsSpare: false, logger: logger)
        let error = await #expect(throws: RunError.self) { try await required.check() }
        #expect(error?.blame == .program && error?.description.contains("seccomp") == true, "\(error as Any)")
        let available = MediaProcesses(program: program, isolation: .available, keepsSpare: false, logger: logger)
        try await available.check()
        let clip = try FileByteSource(path: try TestClip.plain(in: scratch, seconds: 0.2, size: "64x64"))
        #expect(try await available.probe(clip, name: "clip", limits: Limits()).container.contains("mp4"))
        try await MediaProcesses(program: Checkout.program("cortina-media"), keepsSpare: false, logger: logger).check()
    }

    @Test("a program that is not there is our fault, not the file's")
    func absent() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 0.2, size: "64x64")
        let processes = MediaProcesses(program: scratch.path("absent"), logger: logger)
        let error = await #expect(throws: RunError.self) {
            try await processes.probe(try FileByteSource(path: clip), name: "clip", limits: Limits())
        }
        #expect(error?.blame == .program)
    }
}
