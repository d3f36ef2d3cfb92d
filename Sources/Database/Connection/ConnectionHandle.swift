import CLibPQ
import Dispatch
import Glibc

/// libpq's connection: the one owner of its pointer, which no other file sees. No function here waits for the network, but
/// ``init(_:)``.
///
/// Sendable because only one actor uses it: ``Connection``'s `open` makes it, gives it to the new actor, and keeps no reference.
final class ConnectionHandle: @unchecked Sendable {
    /// What opening waits for next.
    enum Step { case reading, writing, open, failed }

    /// What comes back for a command.
    enum Answer {
        case rows(Rows)
        case failed(ServerError)
        /// A command before it failed.
        case skipped
        /// All commands up to a synchronisation point are answered.
        case synchronised
    }

    private let pointer: OpaquePointer

    /// Begins to connect. Blocks while the host's name is looked up.
    ///
    /// - Throws: ``DatabaseError``.
    init(_ settings: DatabaseSettings) throws(DatabaseError) {
        let parameters = settings.parameters
        let pointer = withCStrings(parameters.map(\.name)) { names in
            withCStrings(parameters.map(\.value)) { values in PQconnectStartParams(names, values, 0) }
        }
        guard let pointer else { throw .fault("libpq has no memory for a connection") }
        self.pointer = pointer
        // Remarks of the server's are not ours to print.
        PQsetNoticeProcessor(pointer, { _, _ in }, nil)
        guard PQstatus(pointer) != CONNECTION_BAD else { throw .unavailable(reason: reason) }
    }

    deinit { PQfinish(pointer) }

    /// What libpq says was wrong, in one line.
    var reason: String {
        String(cString: PQerrorMessage(pointer)).split(whereSeparator: \.isNewline).joined(separator: "; ")
    }

    /// The socket; another one, perhaps, after each step of opening.
    var socket: Int32 { PQsocket(pointer) }

    var isUsable: Bool { PQstatus(pointer) == CONNECTION_OK }

    /// Whether no transaction is under way.
    var isIdle: Bool { PQtransactionStatus(pointer) == PQTRANS_IDLE }

    /// Goes on connecting, once the socket is as the last step said.
    func step() -> Step {
        switch PQconnectPoll(pointer) {
        case PGRES_POLLING_READING: .reading
        case PGRES_POLLING_WRITING: .writing
        case PGRES_POLLING_OK: .open
        default: .failed
        }
    }

    /// Has no call wait, and several commands be sent before the first is answered.
    func begin() throws(DatabaseError) {
        guard PQsetnonblocking(pointer, 1) == 0 else { throw .fault(reason) }
        try enterPipeline()
    }

    func enterPipeline() throws(DatabaseError) {
        guard PQenterPipelineMode(pointer) == 1 else { throw .fault(reason) }
    }

    func exitPipeline() throws(DatabaseError) {
        guard PQexitPipelineMode(pointer) == 1 else { throw .fault(reason) }
    }

    // MARK: Sending

    func prepare(_ sql: String, as name: String) throws(DatabaseError) {
        try sent(PQsendPrepare(pointer, name, sql, 0, nil))
    }

    /// Sends a prepared statement; its rows come in binary form.
    func execute(_ name: String, _ parameters: [Parameter]) throws(DatabaseError) {
        let lengths = parameters.map { Int32($0.bytes?.count ?? 0) }
        let formats = parameters.map(\.format.rawValue)
        let result = withBuffers(parameters.map(\.bytes)) { values in
            PQsendQueryPrepared(pointer, name, Int32(parameters.count), values, lengths, formats, 1)
        }
        try sent(result)
    }

    func synchronise() throws(DatabaseError) { try sent(PQpipelineSync(pointer)) }

    /// Sends a text of several statements, outside of a pipeline.
    func script(_ sql: String) throws(DatabaseError) { try sent(PQsendQuery(pointer, sql)) }

    private func sent(_ result: Int32) throws(DatabaseError) {
        guard result == 1 else { throw isUsable ? .fault(reason) : .unavailable(reason: reason) }
    }

    /// Sends what waits to be sent, as much as the socket takes.
    ///
    /// - Returns: whether that was all.
    func flush() throws(DatabaseError) -> Bool {
        switch PQflush(pointer) {
        case 0: return true
        case 1: return false
        default: throw .unavailable(reason: reason)
        }
    }

    // MARK: Receiving

    /// Takes what has come.
    func consume() throws(DatabaseError) {
        guard PQconsumeInput(pointer) == 1 else { throw .unavailable(reason: reason) }
    }

    /// Takes all that has come, though nothing was asked: a farewell has a message and an end.
    func drain() throws(DatabaseError) {
        var event = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        while poll(&event, 1, 0) > 0 { try consume() }
    }

    /// Whether ``next()`` would wait.
    var isBusy: Bool { PQisBusy(pointer) == 1 }

    /// The next answer; nil between those of two commands, and at the end of a script's.
    func next() -> Answer? {
        guard let result = PQgetResult(pointer) else { return nil }
        switch PQresultStatus(result) {
        case PGRES_PIPELINE_SYNC:
            PQclear(result)
            return .synchronised
        case PGRES_PIPELINE_ABORTED:
            PQclear(result)
            return .skipped
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: return .rows(Rows(owning: result))
        default:
            defer { PQclear(result) }
            return .failed(ServerError(result))
        }
    }

    /// The next notification that has come.
    func notification() -> Notification? {
        guard let notification = PQnotifies(pointer) else { return nil }
        defer { PQfreemem(notification) }
        return Notification(
            channel: String(cString: notification.pointee.relname), payload: String(cString: notification.pointee.extra)
        )
    }

    /// Asks the server, on a thread that may wait, to break off what it does for this connection.
    func cancel() {
        // PQgetCancel copies what it needs of the connection (PostgreSQL 15, 34.7); only the block below uses and frees the copy.
        nonisolated(unsafe) let request = PQgetCancel(pointer)
        DispatchQueue.global().async {
            var message = [CChar](repeating: 0, count: 256)
            _ = PQcancel(request, &message, Int32(message.count))
            PQfreeCancel(request)
        }
    }
}

extension ServerError {
    fileprivate init(_ result: OpaquePointer) {
        /// A field of the error, by its code (PostgreSQL 15, 55.8).
        func field(_ code: Character) -> String? {
            PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
        }
        // Without a state the server said nothing: the connection is lost.
        self.init(
            state: field("C") ?? "08006",
            message: field("M") ?? String(cString: PQresultErrorMessage(result)), constraint: field("n"))
    }
}

/// Lends texts to C, with a null behind the last.
private func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
    withBuffers(texts.map { Array($0.utf8) }, body)
}

/// Lends contents to C, each with a zero behind it, and a null behind the last; null for those that are nil.
private func withBuffers<Result>(
    _ contents: [[UInt8]?], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
    var offsets: [Int?] = []
    var bytes: [CChar] = []
    for content in contents {
        offsets.append(content == nil ? nil : bytes.count)
        guard let content else { continue }
        bytes += content.lazy.map { CChar(bitPattern: $0) }
        bytes.append(0)
    }
    return bytes.withUnsafeBufferPointer { bytes in
        var pointers = offsets.map { offset in offset.flatMap { offset in bytes.baseAddress.map { $0 + offset } } }
        pointers.append(nil)
        return pointers.withUnsafeBufferPointer { pointers in
            // An array with an element has an address.
            body(pointers.baseAddress.unsafelyUnwrapped)
        }
    }
}
