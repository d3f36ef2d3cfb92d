public import FoundationEssentials
public import Transfer

/// What AWS Lambda has to say to a function, and the function to it (AWS Lambda Developer Guide, "Using the Lambda runtime API for custom
/// runtimes", version 2018-06-01).
public struct LambdaRuntime: Sendable {
    /// Something that a function is asked to do.
    public struct Invocation: Hashable, Sendable {
        /// What Lambda calls it.
        public var id: String
        /// When it is over, whether it is done or not.
        public var deadline: Date
        /// Which trace it is part of (`X-Amzn-Trace-Id`).
        public var traceID: String?
        /// What is asked: JSON.
        public var event: [UInt8]

        /// The whole trace's name, which is the first of its fields: `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=…`.
        var traceRoot: String? {
            traceID?.split(separator: ";").first { $0.hasPrefix("Root=") }.map { String($0.dropFirst(5)) }
        }
    }

    private let base: String
    // One waits for the next invocation as long as that takes, and nothing else is sent meanwhile.
    private let client: HTTPClient
    private let queue = BlockingQueue("lambda", width: 1)

    /// - Parameter address: host and port, as `AWS_LAMBDA_RUNTIME_API` has them.
    /// - Throws: ``HTTPError``; so do all of these.
    public init(address: String) throws(HTTPError) {
        base = "http://\(address)/2018-06-01/runtime"
        var patience = HTTPClient.Patience()
        // A sandbox may be frozen for hours until it is asked something again; one that was for eleven days is of no use any more.
        (patience.stalled, patience.whole) = (1_000_000, 1_000_000)
        client = try HTTPClient(patience: patience)
    }

    /// Waits until the function is asked something.
    public func next() async throws(HTTPError) -> Invocation {
        let response = try await send("GET", "invocation/next")
        guard let id = response.headers["lambda-runtime-aws-request-id"],
            let deadline = response.headers["lambda-runtime-deadline-ms"].flatMap({ Double($0) })
        else { throw .malformed(reason: "an invocation without id or deadline") }
        return Invocation(
            id: id, deadline: Date(timeIntervalSince1970: deadline / 1000),
            traceID: response.headers["lambda-runtime-trace-id"], event: response.body)
    }

    /// Answers an invocation.
    public func respond(_ id: String, _ body: [UInt8]) async throws(HTTPError) {
        _ = try await send("POST", "invocation/\(id)/response", body)
    }

    /// Says that an invocation failed.
    ///
    /// - Parameters:
    ///   - type: a word that is stable.
    ///   - message: a sentence for people.
    public func fail(_ id: String, type: String, message: String) async throws(HTTPError) {
        _ = try await send("POST", "invocation/\(id)/error", Self.body(type, message), type: type)
    }

    /// Says that the function cannot be asked anything.
    public func failInit(type: String, message: String) async throws(HTTPError) {
        _ = try await send("POST", "init/error", Self.body(type, message), type: type)
    }

    private static func body(_ type: String, _ message: String) -> [UInt8] {
        struct Body: Encodable { var errorType, errorMessage: String }
        return (try? JSONEncoder().encode(Body(errorType: type, errorMessage: message))).map(Array.init) ?? []
    }

    private func send(
        _ method: String, _ path: String, _ body: [UInt8]? = nil, type: String? = nil
    ) async throws(HTTPError) -> HTTPResponse {
        var request = HTTPRequest(url: "\(base)/\(path)")
        request.method = method
        if let body {
            request.body = .bytes(body)
            request.headers["Content-Type"] = "application/json"
        }
        request.headers["Lambda-Runtime-Function-Error-Type"] = type
        // An event has 6 MB at the most.
        let response = try await queue.run { [client, request] cancellation throws(HTTPError) in
            try client.send(request, limit: 8 << 20, cancellation: cancellation)
        }
        guard 200..<300 ~= response.status else {
            throw .failed(reason: "the runtime API answered \(path) with \(response.status)")
        }
        return response
    }
}
