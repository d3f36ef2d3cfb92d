/// The connections to a database that a process shares.
public actor ConnectionPool {
    /// How many there are, and how long they are waited for and kept.
    public struct Limits: Hashable, Sendable {
        /// How many are open at the most.
        public var connections: Int
        /// How long a task waits for one.
        public var waiting: Duration
        /// How old one gets before another takes its place.
        public var age: Duration

        public init(connections: Int = 10, waiting: Duration = .seconds(2), age: Duration = .seconds(1800)) {
            self.connections = connections
            self.waiting = waiting
            self.age = age
        }
    }

    private struct Waiter {
        let id: Int
        /// Takes a connection; nil where there is room to open one.
        let continuation: CheckedContinuation<Result<Connection?, DatabaseError>, Never>
    }

    private let settings: DatabaseSettings
    private let limits: Limits
    private var idle: [Connection] = []
    /// Those that are idle, in use or being opened.
    private var count = 0
    private var waiters: [Waiter] = []
    private var nextID = 0
    private var purpose: String?

    /// A pool that opens connections as they are needed.
    public init(_ settings: DatabaseSettings, limits: Limits = Limits()) {
        self.settings = settings
        self.limits = limits
    }

    /// Lends a connection.
    ///
    /// - Throws: ``DatabaseError/exhausted(limit:)`` and ``DatabaseError/unavailable(reason:)``, where there is none;
    ///   whatever `body` throws.
    public nonisolated(nonsending) func withConnection<Result>(
        _ body: (Connection) async throws -> Result
    ) async throws -> Result {
        let connection = try await take()
        do {
            let result = try await body(connection)
            await giveBack(connection)
            return result
        } catch {
            await giveBack(connection)
            throw error
        }
    }

    /// Says what connections are lent for from now on: the server lists it behind the application's name, so that its log tells
    /// whose work a statement was.
    public func serve(_ purpose: String?) { self.purpose = purpose }

    /// Closes what is idle; what is in use is closed when it is given back.
    public func close() {
        count -= idle.count
        idle = []
    }

    /// How many connections there are, and how many of what waits for one.
    public var use: (open: Int, idle: Int, waiting: Int) { (open: count, idle: idle.count, waiting: waiters.count) }

    // MARK: Taking and giving

    private func take() async throws(DatabaseError) -> Connection {
        let connection = try await takeAny()
        do throws(DatabaseError) {
            try await connection.rename(settings.applicationName + (purpose.map { " \($0)" } ?? ""))
        } catch {
            await giveBack(connection)
            throw error
        }
        return connection
    }

    private func takeAny() async throws(DatabaseError) -> Connection {
        while true {
            if let connection = await takeIdle() { return connection }
            if count < limits.connections { return try await open() }
            if let connection = try await wait() { return connection }
        }
    }

    private func takeIdle() async -> Connection? {
        while let connection = idle.popLast() {
            if await connection.isUsable, await connection.age < limits.age { return connection }
            makeRoom()
        }
        return nil
    }

    private func open() async throws(DatabaseError) -> Connection {
        count += 1
        do throws(DatabaseError) { return try await Connection.open(settings) } catch {
            makeRoom()
            throw error
        }
    }

    private func giveBack(_ connection: Connection) async {
        guard await connection.isUsable else { return makeRoom() }
        if waiters.isEmpty {
            idle.append(connection)
        } else {
            waiters.removeFirst().continuation.resume(returning: .success(connection))
        }
    }

    private func makeRoom() {
        count -= 1
        if !waiters.isEmpty { waiters.removeFirst().continuation.resume(returning: .success(nil)) }
    }

    // MARK: Waiting

    private func wait() async throws(DatabaseError) -> Connection? {
        nextID += 1
        let id = nextID
        let limit = Task { [limits] in
            try await Task.sleep(for: limits.waiting)
            giveUp(id, .exhausted(limit: limits.connections))
        }
        defer { limit.cancel() }
        let result: Result<Connection?, DatabaseError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume(returning: .failure(.cancelled))
                } else {
                    waiters.append(Waiter(id: id, continuation: continuation))
                }
            }
        } onCancel: {
            Task { await giveUp(id, .cancelled) }
        }
        return try result.get()
    }

    private func giveUp(_ id: Int, _ error: DatabaseError) {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return }
        waiters.remove(at: index).continuation.resume(returning: .failure(error))
    }
}

extension ConnectionPool {
    /// Asks the database for nothing, to see whether it answers.
    ///
    /// - Throws: ``DatabaseError``.
    public nonisolated(nonsending) func check() async throws {
        _ = try await query(Statement("SELECT 1"))
    }

    /// Runs a statement on any connection.
    nonisolated(nonsending) func query(_ statement: Statement) async throws -> Rows {
        try await withConnection { try await $0.query(statement) }
    }
}
