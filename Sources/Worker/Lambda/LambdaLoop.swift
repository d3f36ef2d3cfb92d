public import Database
import FoundationEssentials
public import Logging
import Runner
public import ServiceLifecycle
public import Storage

/// Does what SQS asks of a Lambda function, one invocation after the other: each message is a job's.
public struct LambdaLoop: Service {
    private let runtime: LambdaRuntime
    private let worker: Worker
    private let queue: PostgresJobQueue
    private let database: ConnectionPool
    private let afterwards: @Sendable () -> Void
    private let logger: Logger

    /// How long before its deadline an invocation ends by itself, so that its job is given back and not lost until its lease runs out.
    private static let reserve = Duration.seconds(15)

    /// - Parameters:
    ///   - database: told which trace its statements are part of.
    ///   - afterwards: what is done when an invocation is answered: Lambda may freeze the sandbox then.
    public init(
        _ runtime: LambdaRuntime, _ worker: Worker, _ queue: PostgresJobQueue, _ database: ConnectionPool,
        logger: Logger, afterwards: @escaping @Sendable () -> Void = {}
    ) {
        self.runtime = runtime
        self.worker = worker
        self.queue = queue
        self.database = database
        self.logger = logger
        self.afterwards = afterwards
    }

    /// Goes on until it is told to stop; Lambda just ends the process.
    ///
    /// - Throws: ``HTTPError`` where the runtime API cannot be reached: the sandbox is of no use any more.
    public func run() async throws {
        worker.clear()
        var isCold = true
        worker.warmUp()
        defer { worker.stop() }
        logger.info("ready", metadata: ["since-start": "\(Self.age)"])
        while !Task.isShuttingDownGracefully {
            let invocation: LambdaRuntime.Invocation
            do { invocation = try await cancelWhenGracefulShutdown { try await runtime.next() } } catch {
                if Task.isShuttingDownGracefully { return }
                throw error
            }
            var logger = logger
            logger[metadataKey: "invocation"] = "\(invocation.id)"
            if let trace = invocation.traceID { logger[metadataKey: "trace"] = "\(trace)" }
            logger[metadataKey: "cold"] = "\(isCold)"
            isCold = false
            await database.serve(invocation.traceRoot)
            guard let event = try? JSONDecoder().decode(SQSEvent.self, from: Data(invocation.event)) else {
                logger.error("an event is none of SQS")
                try await runtime.fail(
                    invocation.id, type: "Cortina.UnknownEvent", message: "The event has no records of SQS.")
                continue
            }
            let failures = await perform(event, until: invocation.deadline, logger)
            let answer = try JSONEncoder().encode(SQSEvent.Answer(failures: failures))
            // A sandbox is used again: nothing of this event stays.
            worker.clearScratch()
            afterwards()
            try await runtime.respond(invocation.id, Array(answer))
        }
    }

    /// Seconds since the sandbox started this process, to a hundredth.
    private static var age: Double { (ProcessAge.seconds * 100).rounded() / 100 }

    /// Does the jobs of an event's messages, as far as there is time.
    ///
    /// - Returns: the messages that are to be seen again.
    private func perform(_ event: SQSEvent, until deadline: Date, _ logger: Logger) async -> [String] {
        var failures: [String] = []
        for record in event.records where await !isDone(record, until: deadline, logger) {
            failures.append(record.messageId)
        }
        return failures
    }

    /// Does a message's job.
    ///
    /// - Returns: whether the message is of no more use.
    private func isDone(_ record: SQSEvent.Record, until deadline: Date, _ logger: Logger) async -> Bool {
        var logger = logger
        logger[metadataKey: "message"] = "\(record.messageId)"
        logger[metadataKey: "received"] = "\(record.receiveCount)"
        guard let message = JobMessage(text: record.body) else {
            // Received often enough, it goes to the queue of dead letters, where somebody sees it.
            logger.warning("a message is none of ours")
            return false
        }
        let left = Duration.seconds(deadline.timeIntervalSinceNow) - Self.reserve
        guard left > .zero else {
            logger.warning("no time is left for a job", metadata: ["job": "\(message.job)"])
            return false
        }
        let job: Job?
        do { job = try await queue.claim(message.job) } catch {
            logger.warning("a job could not be claimed", metadata: ["job": "\(message.job)", "error": "\(error)"])
            return false
        }
        // It is done, or somebody else does it.
        guard let job else { return true }
        if logger[metadataKey: "cold"] == "true" { logger[metadataKey: "claimed-after"] = "\(Self.age)" }
        switch await perform(job, within: left, logger) {
        // Of one that was given back the database tells again when it is due.
        case .made, .failed, .givenBack: return true
        // The database is away, or somebody else has it who may fail.
        case .lost: return false
        }
    }

    /// Does a job. It is given back where it takes too long, or the function is told to end.
    private func perform(_ job: Job, within limit: Duration, _ logger: Logger) async -> Worker.Outcome {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Worker.Outcome?.self) { group in
                group.addTask { await worker.perform(job, logger) }
                group.addTask {
                    try? await Task.sleep(for: limit)
                    return nil
                }
                // Whichever ends first ends the other; the job's own end is what counts.
                var outcome: Worker.Outcome?
                while let ended = await group.next() {
                    group.cancelAll()
                    outcome = ended ?? outcome
                }
                return outcome ?? .lost
            }
        }
    }
}
