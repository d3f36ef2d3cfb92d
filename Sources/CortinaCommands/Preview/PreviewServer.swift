import FlyingFox
import FlyingSocks
import FoundationEssentials
import Glibc
import GraphDSL
import Runner

/// Serves a live preview to this machine's browser.
///
/// It listens on 127.0.0.1 alone and answers only requests whose Host is that address or `localhost`, so that a page of
/// the web cannot reach it by a name of its own (DNS rebinding). It opens no file that a request names: there is the page,
/// its state, and pictures of the clip.
struct PreviewServer: Sendable {
    private let server: HTTPServer

    /// - Parameter port: where it listens; 0 for any free port.
    init(_ state: PreviewState, port: UInt16) throws {
        let address: sockaddr_in
        do { address = try .inet(ip4: "127.0.0.1", port: port) } catch { throw Self.failure(port) }
        server = HTTPServer(address: address, timeout: 40, logger: .disabled, handler: PreviewHandler(state: state))
    }

    /// Serves until the task is cancelled.
    ///
    /// - Parameter ready: gets the page's address, once.
    /// - Throws: ``Failure`` where the port cannot be had.
    func run(port: UInt16, ready: @escaping @Sendable (String) -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do { try await server.run() } catch {
                    if !Task.isCancelled { throw Self.failure(port) }
                }
            }
            group.addTask {
                try await server.waitUntilListening(timeout: 10)
                if case .ip4(_, let port) = await server.listeningAddress { ready("http://127.0.0.1:\(port)/") }
            }
            // Not `waitForAll`, which throws when all have ended.
            for try await _ in group {}
        }
    }

    private static func failure(_ port: UInt16) -> Failure {
        Failure(.usage, "port \(port) of 127.0.0.1 cannot be had; try another one with --port")
    }
}

/// Answers the requests of a live preview.
struct PreviewHandler: HTTPHandler {
    let state: PreviewState

    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
        guard Self.isLocal(request.headers[.host]) else {
            return Self.text(.forbidden, "This page is for this machine alone: open it by 127.0.0.1.")
        }
        guard request.method == .GET else {
            return Self.text(.methodNotAllowed, "There is nothing to do here but look.")
        }
        func value(_ name: String) -> String? { request.query.first { $0.name == name }?.value }
        switch request.path {
        case "/":
            return Self.answer(.ok, "text/html; charset=utf-8", Data(try await LivePage(state).text().utf8))
        case "/state":
            guard let seen = value("seen").flatMap(Int.init) else {
                return Self.text(.badRequest, "seen=NUMBER is missing")
            }
            return Self.answer(.ok, "application/json", Data(try await change(after: seen).utf8))
        case "/frame":
            guard let time = value("t").flatMap(Double.init), time.isFinite, (0...1e6).contains(time),
                let side = value("side"), ["before", "after"].contains(side)
            else { return Self.text(.badRequest, "side=before|after and t=SECONDS are missing or wrong") }
            return try await frame(isAfter: side == "after", at: Seconds(time))
        default: return Self.text(.notFound, "There is no such page.")
        }
    }

    /// Whether a Host header names this machine by its loopback address (RFC 9112 section 3.2).
    static func isLocal(_ host: String?) -> Bool {
        guard let host else { return false }
        let parts = host.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.dropFirst().allSatisfy({ UInt16($0) != nil }) else { return false }
        return ["127.0.0.1", "localhost"].contains(parts[0].lowercased())
    }

    /// Waits for a change, 20 s at most, and tells the state.
    private func change(after seen: Int) async throws -> String {
        for _ in 0..<100 where await state.generation == seen { try await Task.sleep(for: .milliseconds(200)) }
        struct State: Encodable {
            let generation: Int
            let problem: String?
        }
        return try Console.json(
            State(generation: await state.generation, problem: await state.problem), indented: false)
    }

    private func frame(isAfter: Bool, at time: Seconds) async throws -> HTTPResponse {
        do {
            guard let still = try await state.picture(isAfter: isAfter, at: time) else {
                return Self.text(.notFound, "Nothing of the clip is shown then.")
            }
            return Self.answer(.ok, "image/jpeg", Data(still.jpeg))
        } catch let error as RunError {
            return Self.text(.internalServerError, error.description)
        }
    }

    private static func text(_ status: HTTPStatusCode, _ text: String) -> HTTPResponse {
        answer(status, "text/plain; charset=utf-8", Data("\(text)\n".utf8))
    }

    private static func answer(_ status: HTTPStatusCode, _ type: String, _ body: Data) -> HTTPResponse {
        var headers = HTTPHeaders()
        headers[.contentType] = type
        headers[.cacheControl] = "no-store"
        headers[HTTPHeader("X-Content-Type-Options")] = "nosniff"
        headers[HTTPHeader("Cross-Origin-Resource-Policy")] = "same-origin"
        headers[HTTPHeader("Content-Security-Policy")] =
            "default-src 'none'; img-src 'self' data: blob:; connect-src 'self'; style-src 'unsafe-inline'; "
            + "script-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        return HTTPResponse(statusCode: status, headers: headers, body: body)
    }
}
