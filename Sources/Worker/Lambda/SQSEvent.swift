/// What SQS hands to a function: messages (AWS Lambda Developer Guide, "Using Lambda with Amazon SQS").
struct SQSEvent: Decodable, Hashable, Sendable {
    struct Record: Decodable, Hashable, Sendable {
        var messageId: String
        var body: String
        var attributes: [String: String]?

        /// How often it was received, this time included.
        var receiveCount: Int { attributes?["ApproximateReceiveCount"].flatMap { Int($0) } ?? 1 }
    }

    var records: [Record]

    enum CodingKeys: String, CodingKey { case records = "Records" }

    /// What a function answers: the messages that are to be seen again. SQS deletes all others.
    struct Answer: Encodable, Hashable, Sendable {
        struct Failure: Encodable, Hashable, Sendable { var itemIdentifier: String }

        var batchItemFailures: [Failure]

        init(failures: [String]) { batchItemFailures = failures.map { Failure(itemIdentifier: $0) } }
    }
}
