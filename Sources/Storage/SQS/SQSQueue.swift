import FoundationEssentials
import LibAV
public import Transfer

/// A queue of Amazon's Simple Queue Service, or of a server that speaks its JSON protocol (Amazon SQS API Reference).
public struct SQSQueue: Sendable {
    /// A message that was received, and is hidden from others for a while.
    public struct Message: Hashable, Sendable {
        /// What it is, for whoever looks for it in a log.
        public var id: String
        public var body: String
        /// What it is deleted and hidden by; another one each time it is received.
        public var handle: String
        /// How often it was received, this time included.
        public var receiveCount: Int
    }

    private var url: String
    private let base: AWSRequest
    private let client: AWSClient
    private let queue: BlockingQueue

    /// How many messages a request has at the most.
    public static let batch = 10

    /// - Parameters:
    ///   - url: the queue's address, `https://sqs.eu-central-1.amazonaws.com/123456789012/jobs`.
    ///   - endpoint: where the service is, where it is not at that address.
    ///   - width: how many requests are under way at once.
    public init(
        url: String, region: String, endpoint: String? = nil, credentials: any CredentialsProvider, width: Int = 4
    ) {
        self.url = url
        let parts = (endpoint ?? url).split(separator: "://", maxSplits: 1)
        base = AWSRequest(
            "POST", scheme: parts.count == 2 ? String(parts[0]) : "https",
            host: String(parts.last?.prefix { $0 != "/" } ?? ""),
            headers: ["Content-Type": "application/x-amz-json-1.0"])
        client = AWSClient(region: region, service: "sqs", credentials: credentials, patience: Self.patience)
        queue = BlockingQueue("sqs", width: width)
    }

    /// A request may wait for messages as long as the service lets it.
    private static var patience: HTTPClient.Patience {
        var patience = HTTPClient.Patience()
        patience.stalled = Int(longestWait / .seconds(1)) + 10
        return patience
    }

    /// The longest that a request waits for messages.
    public static let longestWait = Duration.seconds(20)

    /// Sends messages, ``batch`` at the most.
    ///
    /// - Returns: the places of those that were taken: others are to be sent again.
    /// - Throws: ``QueueError``; so do all of these.
    public func send(_ bodies: [String]) async throws(QueueError) -> Set<Int> {
        struct Entry: Encodable { var id, messageBody: String }
        struct Request: Encodable {
            var queueUrl: String
            var entries: [Entry]
        }
        struct Answer: Decodable {
            struct Taken: Decodable { var id: String }
            var successful: [Taken]?
        }
        let entries = bodies.enumerated().map { Entry(id: "\($0)", messageBody: $1) }
        let answer: Answer = try await ask("SendMessageBatch", Request(queueUrl: url, entries: entries))
        return Set((answer.successful ?? []).compactMap { Int($0.id) }).intersection(bodies.indices)
    }

    /// Receives messages, and hides them from others.
    ///
    /// - Parameters:
    ///   - count: how many at the most, ``batch`` at the most.
    ///   - patience: how long to wait for the first one, ``longestWait`` at the most; whole seconds.
    ///   - visibility: how long nobody else sees them; whole seconds.
    public func receive(
        _ count: Int = 1, waiting patience: Duration, hidingFor visibility: Duration
    ) async throws(QueueError) -> [Message] {
        struct Request: Encodable {
            var queueUrl: String
            var maxNumberOfMessages, waitTimeSeconds, visibilityTimeout: Int
            var attributeNames = ["ApproximateReceiveCount"]
        }
        struct Answer: Decodable {
            struct Message: Decodable {
                var messageId, body, receiptHandle: String
                var attributes: [String: String]?
            }
            var messages: [Message]?
        }
        let answer: Answer = try await ask(
            "ReceiveMessage",
            Request(
                queueUrl: url, maxNumberOfMessages: count,
                waitTimeSeconds: Self.seconds(min(patience, Self.longestWait)),
                visibilityTimeout: Self.seconds(visibility)))
        return (answer.messages ?? []).map {
            Message(
                id: $0.messageId, body: $0.body, handle: $0.receiptHandle,
                receiveCount: $0.attributes?["ApproximateReceiveCount"].flatMap { Int($0) } ?? 1)
        }
    }

    /// Hides a message for so long from now on; not at all where that is zero.
    public func hide(_ message: Message, for visibility: Duration) async throws(QueueError) {
        struct Request: Encodable {
            var queueUrl, receiptHandle: String
            var visibilityTimeout: Int
        }
        let _: Nothing = try await ask(
            "ChangeMessageVisibility",
            Request(queueUrl: url, receiptHandle: message.handle, visibilityTimeout: Self.seconds(visibility)))
    }

    /// Deletes a message: what it asks for is done.
    public func delete(_ message: Message) async throws(QueueError) {
        struct Request: Encodable { var queueUrl, receiptHandle: String }
        let _: Nothing = try await ask("DeleteMessage", Request(queueUrl: url, receiptHandle: message.handle))
    }

    /// How many messages there are, by the service's own estimate.
    public struct Depth: Hashable, Sendable {
        /// Those that can be received.
        public var waiting: Int
        /// Those that somebody has, or that are on their way.
        public var hidden: Int
    }

    /// Counts the messages.
    public func depth() async throws(QueueError) -> Depth {
        let attributes = try await attributes()
        func number(_ name: String) -> Int { attributes[name].flatMap { Int($0) } ?? 0 }
        return Depth(
            waiting: number("ApproximateNumberOfMessages"),
            hidden: number("ApproximateNumberOfMessagesNotVisible") + number("ApproximateNumberOfMessagesDelayed"))
    }

    /// Where the service puts messages that were received too often; nil where it goes on with them.
    func deadLetters() async throws(QueueError) -> SQSQueue? {
        struct Policy: Decodable { var deadLetterTargetArn: String }
        struct Request: Encodable { var queueName, queueOwnerAWSAccountId: String }
        struct Answer: Decodable { var queueUrl: String }
        guard let text = try await attributes()["RedrivePolicy"] else { return nil }
        // arn:aws:sqs:eu-central-1:123456789012:dead (IAM User Guide, "Amazon Resource Names").
        let name = (try? JSONDecoder().decode(Policy.self, from: Data(text.utf8)))?
            .deadLetterTargetArn.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard let name, name.count == 6 else { throw .refused(reason: "the redrive policy cannot be read") }
        let answer: Answer = try await ask(
            "GetQueueUrl", Request(queueName: name[5], queueOwnerAWSAccountId: name[4]))
        var queue = self
        queue.url = answer.queueUrl
        return queue
    }

    private func attributes() async throws(QueueError) -> [String: String] {
        struct Request: Encodable {
            var queueUrl: String
            var attributeNames = ["All"]
        }
        struct Answer: Decodable { var attributes: [String: String]? }
        let answer: Answer = try await ask("GetQueueAttributes", Request(queueUrl: url))
        return answer.attributes ?? [:]
    }

    // MARK: Asking

    private struct Nothing: Decodable {}

    private func ask<Answer: Decodable & Sendable>(
        _ action: String, _ body: some Encodable & Sendable
    ) async throws(QueueError) -> Answer {
        var request = base
        request.headers["X-Amz-Target"] = "AmazonSQS.\(action)"
        return try await queue.run { [request] cancellation throws(QueueError) in
            let content: HTTPResponse
            do {
                content = try client.send(
                    request, .bytes(Array(try Self.encoder.encode(body))), cancellation: cancellation)
            } catch let failure as AWSClient.Failure {
                if cancellation.isCancelled { throw .cancelled }
                throw Self.failure(failure)
            } catch {
                throw .refused(reason: "\(error)")
            }
            // Some actions answer nothing at all.
            let json = content.body.isEmpty ? Data("{}".utf8) : Data(content.body)
            guard let answer = try? Self.decoder.decode(Answer.self, from: json) else {
                throw .refused(reason: "the answer to \(action) cannot be read")
            }
            return answer
        }
    }

    /// The service's names begin with capitals, or with underscores.
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .custom { path in
            let name = path.last?.stringValue ?? ""
            return Key(stringValue: name.prefix(1).uppercased() + name.dropFirst())
        }
        return encoder
    }

    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .custom { path in
            let name = (path.last?.stringValue ?? "").drop { $0 == "_" }
            return Key(stringValue: name.prefix(1).lowercased() + name.dropFirst())
        }
        return decoder
    }

    private static func failure(_ failure: AWSClient.Failure) -> QueueError {
        switch failure {
        case .http(let error): return QueueError(error)
        case .refused(let refusal):
            struct Body: Decodable { var type: String }
            let type = (try? Self.decoder.decode(Body.self, from: Data(refusal.body)))?.type
            let reason = type?.split(separator: "#").last.map(String.init) ?? "status \(refusal.status)"
            return refusal.status >= 500 || refusal.status == 429
                ? .unavailable(reason: reason) : .refused(reason: reason)
        }
    }

    private static func seconds(_ duration: Duration) -> Int { Int(max(0, duration / .seconds(1)).rounded(.up)) }
}
