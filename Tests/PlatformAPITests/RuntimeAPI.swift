import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Testing

/// Lambda's runtime API as a function sees it, where more is asked than AWS' emulator asks: it knows of no traces, and shows nobody what
/// a function says of its own start.
actor RuntimeAPI {
    /// What a function said.
    struct Word: Sendable {
        /// Where: `invocation/ID/response`.
        var path: String
        /// The header's word of what is wrong.
        var errorType: String?
        var body: Data

        func field(_ name: String) -> String? {
            (try? JSONSerialization.jsonObject(with: body) as? [String: Any])?[name] as? String
        }
    }

    /// What a function is asked.
    struct Question: Sendable {
        var id: String
        var trace: String?
        var event: Data
    }

    private var questions: [Question]
    private let status: HTTPResponse.Status
    /// What the function says, in turn.
    nonisolated let words: AsyncStream<Word>
    private let said: AsyncStream<Word>.Continuation

    private init(_ questions: [Question], _ status: HTTPResponse.Status) {
        self.questions = questions
        self.status = status
        (words, said) = AsyncStream.makeStream()
    }

    /// Runs one for as long as `body` takes.
    ///
    /// - Parameters:
    ///   - questions: what the function is asked; afterwards it waits.
    ///   - status: what it is told when it says something.
    ///   - body: is given the address.
    static func run(
        asking questions: [Question] = [], answering status: HTTPResponse.Status = .accepted,
        _ body: (RuntimeAPI, String) async throws -> Void
    ) async throws {
        let runtime = RuntimeAPI(questions, status)
        let router = Router()
        router.get("/2018-06-01/runtime/invocation/next") { _, _ in try await runtime.next() }
        for path in ["invocation/:id/response", "invocation/:id/error", "init/error"] {
            router.post("/2018-06-01/runtime/\(path)") { request, _ in try await runtime.hear(request) }
        }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { continuation.yield($0.localAddress?.port ?? 0) }, logger: logger)
        let server = Task { try await application.runService(gracefulShutdownSignals: []) }
        defer { server.cancel() }
        var iterator = ports.makeAsyncIterator()
        try await body(runtime, "127.0.0.1:\(await iterator.next() ?? 0)")
    }

    private func next() async throws -> Response {
        while questions.isEmpty { try await Task.sleep(for: .seconds(3600)) }
        let question = questions.removeFirst()
        var headers: HTTPFields = [.contentType: "application/json"]
        headers[try Self.header("Lambda-Runtime-Aws-Request-Id")] = question.id
        headers[try Self.header("Lambda-Runtime-Deadline-Ms")] =
            "\(Int(Date(timeIntervalSinceNow: 600).timeIntervalSince1970 * 1000))"
        if let trace = question.trace { headers[try Self.header("Lambda-Runtime-Trace-Id")] = trace }
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: question.event)))
    }

    private func hear(_ request: Request) async throws -> HTTPResponse.Status {
        let body = try await request.body.collect(upTo: 1 << 20)
        said.yield(
            Word(
                path: String(request.uri.path.dropFirst("/2018-06-01/runtime/".count)),
                errorType: request.headers[try Self.header("Lambda-Runtime-Function-Error-Type")],
                body: Data(body.readableBytesView)))
        return status
    }

    private static func header(_ name: String) throws -> HTTPField.Name { try #require(HTTPField.Name(name)) }
}
