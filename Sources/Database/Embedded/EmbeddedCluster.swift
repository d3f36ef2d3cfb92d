import FoundationEssentials
import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// A PostgreSQL of one's own: made in a folder, reached by a Unix socket only, and run for as long as it is needed.
public struct EmbeddedCluster: Sendable {
    /// The folder of everything: the cluster, its socket, its log.
    private let folder: String
    private let programs: String
    private let isDurable: Bool
    /// The number in its socket's name.
    var port = 5432
    /// Further arguments of the server's.
    var options: [String] = []
    /// Role to connect as; nil for the application's.
    var role: String?
    /// True if the application's role has CREATEDB, for tests.
    package var makesDatabases = false

    /// The name of the database, and of the role that owns it. It is no superuser, and no other role can connect.
    private static let name = "cortina"
    /// The system's user that PostgreSQL runs as where root starts it, which it refuses to run as.
    private static let systemUser = "cortina-postgres"

    /// - Parameters:
    ///   - folder: where it is, or will be.
    ///   - isDurable: whether what was committed outlives the machine; only tests can do without.
    /// - Throws: ``DatabaseError/fault(_:)`` where PostgreSQL is not installed.
    public init(folder: String, isDurable: Bool = true) throws(DatabaseError) {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        let newest = versions.compactMap(Int.init).filter { $0 >= 15 }.max()
        guard let newest else { throw .fault("PostgreSQL 15 or later is not installed (postgresql-15)") }
        self.folder = folder
        self.isDurable = isDurable
        programs = "/usr/lib/postgresql/\(newest)/bin"
    }

    private var data: String { "\(folder)/data" }
    private var log: String { "\(folder)/postgres.log" }

    /// Where it is while it runs.
    public var settings: DatabaseSettings { settings(for: Self.name) }

    private func settings(for database: String) -> DatabaseSettings {
        DatabaseSettings(host: folder, port: port, database: database, user: role ?? Self.name)
    }

    /// Starts PostgreSQL, and starts it again where it ends by itself; stops it when `body` has ended.
    ///
    /// - Parameter body: what needs it.
    /// - Throws: ``DatabaseError``; whatever `body` throws.
    public nonisolated(nonsending) func run<Result>(
        _ body: (DatabaseSettings) async throws -> Result
    ) async throws -> Result {
        let lock = try await lock()
        defer { close(lock) }
        let owner = try await prepare()
        let hasStarted = Flag()
        let server = Task { try await serve(owner, hasStarted) }
        let result: Swift.Result<Result, any Error>
        do {
            try await waitUntilReady(hasStarted, server)
            result = .success(try await body(settings))
        } catch {
            result = .failure(error)
        }
        server.cancel()
        _ = await server.result
        return try result.get()
    }

    /// Tries within two seconds.
    private static let lockAttempts = 40

    /// Locks the folder for this process (flock(2)): another one would end its server.
    ///
    /// - Returns: the descriptor that holds the lock.
    private func lock() async throws(DatabaseError) -> Int32 {
        // A socket's path has 107 bytes at the most (unix(7)).
        guard "\(folder)/.s.PGSQL.5432".utf8.count <= 107 else {
            throw .fault("the path '\(folder)' is too long for the database's socket")
        }
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw .fault("the folder '\(folder)' cannot be made")
        }
        let lock = open("\(folder)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw .fault("'\(folder)/lock' cannot be written") }
        // A program that is being started by the process which had the lock has its descriptor until exec(3) closes it.
        for _ in 0..<Self.lockAttempts {
            if flock(lock, LOCK_EX | LOCK_NB) == 0 { return lock }
            try? await Task.sleep(for: .milliseconds(50))
        }
        close(lock)
        throw .fault("the database in '\(folder)' is in use by another process; end that, or choose another folder")
    }

    // MARK: Making it

    /// Makes the cluster where there is none, and stops a server that an earlier process left behind.
    private func prepare() async throws -> Owner {
        let owner = try await Owner.of(processesNamed: Self.systemUser)
        try makeFolder(folder, for: owner)
        try await stopOrphan()
        if !FileManager.default.fileExists(atPath: data) { try await initialise(owner) }
        let access = "\(folder)/pg_hba.conf"
        try Data("local all \(Self.name) trust\n".utf8).write(to: URL(filePath: access), options: .atomic)
        if let user = owner.user, chown(access, user, owner.group ?? user) != 0 {
            throw DatabaseError.fault("'\(access)' cannot be given to the database's user")
        }
        if !FileManager.default.fileExists(atPath: roles) { try await changeRoles(owner) }
        return owner
    }

    private func makeFolder(_ path: String, for owner: Owner) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard chmod(path, 0o700) == 0, owner.user.map({ chown(path, $0, owner.group ?? $0) == 0 }) ?? true else {
            throw DatabaseError.fault("the folder '\(path)' cannot be given to the database's user")
        }
    }

    /// A cluster has its name when it is whole.
    private func initialise(_ owner: Owner) async throws {
        let unfinished = "\(data).unfinished"
        if FileManager.default.fileExists(atPath: unfinished) { try FileManager.default.removeItem(atPath: unfinished) }
        var arguments = [
            "--pgdata", unfinished, "--username", "postgres", "--auth", "reject", "--encoding", "UTF8", "--locale",
            "C.UTF-8",
        ]
        if !isDurable { arguments.append("--no-sync") }
        let (program, all) = owner.command("\(programs)/initdb", arguments)
        let made = try await Subprocess.run(
            program, arguments: all, workingDirectory: "/", output: .string(limit: 1 << 20), error: .combinedWithOutput)
        guard made.terminationStatus.isSuccess else {
            throw DatabaseError.fault("the database cannot be made in '\(folder)': \(made.standardOutput)")
        }
        try await administer(
            owner, unfinished, "postgres", [makeRole, "CREATE DATABASE \(Self.name) OWNER \(Self.name)"])
        try FileManager.default.moveItem(atPath: unfinished, toPath: data)
    }

    private var makeRole: String { "CREATE ROLE \(Self.name) LOGIN\(makesDatabases ? " CREATEDB" : "")" }

    /// Marker file: the application's role is no superuser.
    private var roles: String { "\(folder)/roles" }

    /// Migrates a cluster whose application role is the superuser: renames that to `postgres`, then creates an unprivileged role that owns
    /// the database and its objects. Idempotent: `postgres --single` goes on after a command that fails because it was run before.
    private func changeRoles(_ owner: Owner) async throws {
        try await administer(
            owner, data, "postgres",
            [
                "CREATE ROLE renamer SUPERUSER", "SET SESSION AUTHORIZATION renamer",
                "ALTER ROLE \(Self.name) RENAME TO postgres", makeRole,
                "ALTER DATABASE \(Self.name) OWNER TO \(Self.name)",
            ])
        try await administer(owner, data, Self.name, [Self.giveObjects, "DROP ROLE renamer"])
        guard FileManager.default.createFile(atPath: roles, contents: nil) else {
            throw DatabaseError.fault("'\(roles)' cannot be written")
        }
    }

    private static let giveObjects = """
        DO $$ DECLARE command text; BEGIN FOR command IN \
        SELECT format('ALTER %s %s OWNER TO cortina', CASE relkind WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'v' THEN 'VIEW' \
        ELSE 'TABLE' END, oid::regclass) \
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'm', 'v') \
        UNION ALL SELECT format('ALTER ROUTINE %s OWNER TO cortina', oid::regprocedure) \
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace \
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e') \
        LOOP EXECUTE command; END LOOP; END $$
        """

    /// Runs SQL commands, a line each, as the superuser and without a server (`postgres --single`): no superuser ever connects.
    private func administer(
        _ owner: Owner, _ data: String, _ database: String, _ commands: [String]
    ) async throws {
        let (program, arguments) = owner.command("\(programs)/postgres", ["--single", "-D", data, database])
        let done = try await Subprocess.run(
            program, arguments: arguments, workingDirectory: "/",
            input: .string(commands.joined(separator: "\n") + "\n"), output: .string(limit: 1 << 20),
            error: .combinedWithOutput)
        guard done.terminationStatus.isSuccess else {
            throw DatabaseError.fault("the database's roles cannot be made: \(done.standardOutput)")
        }
    }

    /// Ends a server whose parent was killed: it would hold the folder.
    private func stopOrphan() async throws {
        guard let text = try? String(contentsOfFile: "\(data)/postmaster.pid", encoding: .utf8),
            let process = text.split(separator: "\n").first.flatMap({ pid_t($0) }), isOurs(process)
        else { return }
        kill(process, SIGINT)
        for _ in 0..<600 where isOurs(process) { try await Task.sleep(for: .milliseconds(50)) }
        if isOurs(process) { throw DatabaseError.fault("another PostgreSQL runs in '\(folder)' and does not end") }
    }

    /// Whether a process is a server of this folder: numbers of processes are used again.
    private func isOurs(_ process: pid_t) -> Bool {
        guard let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") else { return false }
        return String(decoding: line, as: UTF8.self).split(separator: "\0").contains { $0 == data }
    }

    // MARK: Running it

    private func serve(_ owner: Owner, _ hasStarted: Flag) async throws {
        var arguments = [
            "-D", data, "-c", "hba_file=\(folder)/pg_hba.conf", "-c", "listen_addresses=", "-c",
            "unix_socket_directories=\(folder)",
            "-c", "unix_socket_permissions=0700", "-c", "port=\(port)", "-c", "max_connections=100", "-c",
            "log_destination=stderr",
            "-c", "logging_collector=off",
        ]
        if !isDurable { arguments += ["-c", "fsync=off", "-c", "full_page_writes=off"] }
        arguments += self.options
        let (program, all) = owner.command("\(programs)/postgres", arguments)
        var options = PlatformOptions()
        // What interrupts us at a terminal does not interrupt it: it ends last.
        options.processGroupID = 0
        // A fast shutdown: sessions are broken off, what was committed is written.
        options.teardownSequence = [.send(signal: .interrupt, allowedDurationToNextStep: .seconds(30))]
        var failures = 0
        while !Task.isCancelled {
            let log = try FileDescriptor.open(
                FilePath(log), .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
            _ = try await Subprocess.run(
                program, arguments: all, workingDirectory: "/", platformOptions: options,
                output: .fileDescriptor(log, closeAfterSpawningProcess: true), error: .combinedWithOutput)
            // What a killed server leaves behind goes within a second.
            failures = hasStarted.isRaised ? 0 : failures + 1
            if failures > 10 || Task.isCancelled { return }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// How long a start may take: after a crash the server first replays its log.
    private static let longestStart = Duration.seconds(600)

    private nonisolated(nonsending) func waitUntilReady(
        _ hasStarted: Flag, _ server: Task<Void, any Error>
    ) async throws {
        let deadline = ContinuousClock.now + Self.longestStart
        while true {
            do throws(DatabaseError) {
                let connection = try await Connection.open(settings)
                hasStarted.raise()
                let role = try await connection.query(
                    Statement("SELECT rolsuper AS is_superuser FROM pg_roles WHERE rolname = current_user"))[0]
                if try role["is_superuser"], self.role == nil { throw .fault("the role '\(Self.name)' is a superuser") }
                return
            } catch {
                if case .fault = error { throw error }
                guard ContinuousClock.now < deadline else {
                    throw DatabaseError.fault("the database did not start (\(error)); '\(log)' may say why")
                }
                try await Task.sleep(for: .milliseconds(25))
            }
        }
    }

    /// A flag that is raised once.
    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isRaised: Bool { value.load(ordering: .acquiring) }
        func raise() { value.store(true, ordering: .releasing) }
    }

    /// Who the server runs as; nil for whoever we are.
    private struct Owner: Sendable {
        var user: uid_t?
        var group: gid_t?

        /// Whoever we are, but for root: a user of the server's own then, made where it is missing.
        static func of(processesNamed name: String) async throws -> Owner {
            guard geteuid() == 0 else { return Owner() }
            if getpwnam(name) == nil {
                _ = try await Subprocess.run(
                    .name("useradd"),
                    arguments: ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name],
                    output: .discarded)
            }
            guard let entry = getpwnam(name) else {
                throw DatabaseError.fault("the user '\(name)' for the database cannot be made")
            }
            return Owner(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
        }

        /// How a program is run as this user: by util-linux's `setpriv`, which becomes it. (glibc changes users in all
        /// threads; in the child of a process with threads, which has one of them, that may wait for ever.)
        func command(_ program: String, _ arguments: [String]) -> (Executable, Arguments) {
            guard let user, let group else { return (.path(FilePath(program)), Arguments(arguments)) }
            let change = ["--reuid=\(user)", "--regid=\(group)", "--clear-groups", "--", program]
            return (.name("setpriv"), Arguments(change + arguments))
        }
    }
}
