import Dispatch

/// A connection to PostgreSQL, which serves one task at a time and never holds a thread while it waits.
///
/// A connection whose wait was broken off, by a time limit or because the task was cancelled, is of no use any more: the server
/// is told to stop, and what was under way is rolled back.
public actor Connection {
    private enum Command {
        case prepare(sql: String)
        case execute
    }

    private let handle: ConnectionHandle
    private let watch: SocketWatch
    private let patience: Duration
    /// What the server lists it as.
    private var applicationName: String
    private let opened = ContinuousClock.now
    /// The names of prepared statements, by their text.
    private var names: [String: String] = [:]
    private var prepared = 0
    private var isBroken = false
    private var isInUse = false

    private init(_ handle: ConnectionHandle, _ settings: DatabaseSettings) throws(DatabaseError) {
        self.handle = handle
        patience = settings.statement + .seconds(2)
        applicationName = settings.applicationName
        watch = try SocketWatch(handle.socket)
    }

    /// Connects.
    ///
    /// - Throws: ``DatabaseError``.
    public static func open(_ settings: DatabaseSettings) async throws(DatabaseError) -> Connection {
        let deadline = DispatchTime.now() + .milliseconds(Int(settings.connecting.milliseconds))
        let begun: Result<ConnectionHandle, DatabaseError> = await withCheckedContinuation { continuation in
            // Names are looked up by calls that wait.
            DispatchQueue.global().async {
                continuation.resume(
                    returning: Result { () throws(DatabaseError) in try ConnectionHandle(settings) })
            }
        }
        let handle = try begun.get()
        var step = ConnectionHandle.Step.writing
        while step != .open {
            // Each step may have another socket.
            let watch = try SocketWatch(handle.socket)
            try met(await watch.wait(for: step == .reading ? .reading : .writing, until: deadline))
            step = handle.step()
            guard step != .failed else { throw .unavailable(reason: handle.reason) }
        }
        try handle.begin()
        return try Connection(handle, settings)
    }

    /// Whether it can be given to somebody: it is open, and the server has not hung up in the meantime.
    var isUsable: Bool {
        guard !isBroken, !isInUse, handle.isUsable else { return false }
        do throws(DatabaseError) { try handle.drain() } catch { return false }
        return handle.isUsable
    }

    /// How long it has been open.
    var age: Duration { ContinuousClock.now - opened }

    /// Has the server list it as something else.
    ///
    /// - Throws: ``DatabaseError``.
    func rename(_ name: String) async throws(DatabaseError) {
        guard name != applicationName else { return }
        try await query(Statement("SELECT set_config('application_name', $1, false)", name))
        applicationName = name
    }

    // MARK: Statements

    /// Runs a statement.
    ///
    /// - Throws: ``DatabaseError``.
    @discardableResult
    public func query(_ statement: Statement) async throws(DatabaseError) -> Rows {
        try await query([statement])[0]
    }

    /// Runs statements in one exchange with the server: all of them are done, or none.
    ///
    /// - Returns: the rows of each.
    /// - Throws: ``DatabaseError``; what the first that failed was refused for.
    @discardableResult
    public func query(_ statements: [Statement]) async throws(DatabaseError) -> [Rows] {
        try begin()
        defer { isInUse = false }
        do throws(DatabaseError) {
            return try await exchange(statements)
        } catch .refused(let error) where error.isStale && handle.isIdle {
            // The tables have changed since they were prepared.
            names = [:]
            return try await exchange(statements)
        }
    }

    private func exchange(_ statements: [Statement]) async throws(DatabaseError) -> [Rows] {
        var commands: [Command] = []
        for statement in statements {
            let name = try prepare(statement.sql, &commands)
            try handle.execute(name, statement.parameters)
            commands.append(.execute)
        }
        try handle.synchronise()
        return try await receive(commands)
    }

    private func prepare(_ sql: String, _ commands: inout [Command]) throws(DatabaseError) -> String {
        if let name = names[sql] { return name }
        prepared += 1
        let name = "s\(prepared)"
        try handle.prepare(sql, as: name)
        commands.append(.prepare(sql: sql))
        names[sql] = name
        return name
    }

    private func receive(_ commands: [Command]) async throws(DatabaseError) -> [Rows] {
        try await flush()
        var (answered, failure): (Int, ServerError?) = (0, nil)
        var rows: [Rows] = []
        while true {
            guard let answer = try await next() else { continue }
            if case .synchronised = answer { break }
            guard answered < commands.count else { throw broken(.fault("more was answered than was asked")) }
            let command = commands[answered]
            answered += 1
            switch (answer, command) {
            case (.rows(let result), .execute): rows.append(result)
            case (.rows, .prepare), (.synchronised, _): break
            case (.failed(let error), let command):
                failure = failure ?? error
                forget(command)
            case (.skipped, let command): forget(command)
            }
        }
        if let failure { throw refusal(failure) }
        return rows
    }

    /// What was not prepared after all is prepared when it is needed next.
    private func forget(_ command: Command) {
        if case .prepare(let sql) = command { names[sql] = nil }
    }

    private func refusal(_ error: ServerError) -> DatabaseError {
        guard error.isShutdown || error.state.hasPrefix("08") else { return .refused(error) }
        return broken(.unavailable(reason: error.message))
    }

    /// Runs a text of several statements, in one transaction unless it says otherwise.
    ///
    /// - Throws: ``DatabaseError``.
    package func script(_ sql: String) async throws(DatabaseError) {
        try begin()
        defer { isInUse = false }
        try handle.exitPipeline()
        try handle.script(sql)
        try await flush()
        var failure: ServerError?
        while let answer = try await next() {
            if case .failed(let error) = answer { failure = failure ?? error }
        }
        try handle.enterPipeline()
        if let failure { throw refusal(failure) }
    }

    // MARK: Notifications

    /// Waits for what is said on the channels that this connection listens to.
    ///
    /// - Parameter patience: how long to wait at the most.
    /// - Returns: nothing where nothing was said for so long.
    /// - Throws: ``DatabaseError``.
    func notifications(within patience: Duration) async throws(DatabaseError) -> [Notification] {
        try begin()
        defer { isInUse = false }
        let deadline = DispatchTime.now() + .milliseconds(Int(patience.milliseconds))
        while true {
            var notifications: [Notification] = []
            while let notification = handle.notification() { notifications.append(notification) }
            guard notifications.isEmpty else { return notifications }
            switch await watch.wait(for: .reading, until: deadline) {
            case .ready: do throws(DatabaseError) { try handle.consume() } catch { throw broken(error) }
            case .timedOut: return []
            case .cancelled: throw broken(.cancelled)
            }
        }
    }

    // MARK: Waiting

    private func begin() throws(DatabaseError) {
        guard !isBroken else { throw .unavailable(reason: "the connection was given up") }
        guard !isInUse else { throw .fault("a connection serves one task at a time") }
        isInUse = true
    }

    private func flush() async throws(DatabaseError) {
        do throws(DatabaseError) {
            let deadline = deadline
            while try !handle.flush() {
                try Self.met(await watch.wait(for: .reading, .writing, until: deadline))
                // A server that cannot go on sending does not read either.
                try handle.consume()
            }
        } catch {
            throw broken(error)
        }
    }

    private func next() async throws(DatabaseError) -> ConnectionHandle.Answer? {
        do throws(DatabaseError) {
            let deadline = deadline
            while handle.isBusy {
                try Self.met(await watch.wait(for: .reading, until: deadline))
                try handle.consume()
            }
        } catch {
            throw broken(error)
        }
        if let answer = handle.next() { return answer }
        guard handle.isUsable else { throw broken(.unavailable(reason: handle.reason)) }
        return nil
    }

    private var deadline: DispatchTime { .now() + .milliseconds(Int(patience.milliseconds)) }

    private static func met(_ outcome: SocketWatch.Outcome) throws(DatabaseError) {
        switch outcome {
        case .ready: break
        case .timedOut: throw .timedOut
        case .cancelled: throw .cancelled
        }
    }

    private func broken(_ error: DatabaseError) -> DatabaseError {
        isBroken = true
        switch error {
        case .timedOut, .cancelled: handle.cancel()
        default: break
        }
        return error
    }
}
