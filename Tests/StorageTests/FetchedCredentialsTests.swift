import Foundation
import PlatformSupport
import Synchronization
import Testing
import Transfer

struct FetchedCredentialsTests {
    /// A clock that is set.
    private final class Clock: Sendable {
        private let seconds = Mutex(0.0)

        /// So long after the beginning of the year 2000.
        func set(_ minutes: Double) { seconds.withLock { $0 = minutes * 60 } }

        var now: Date { Date(timeIntervalSince1970: 946_684_800 + seconds.withLock(\.self)) }
    }

    private func provider(_ source: FetchedCredentials.Source, _ clock: Clock) -> FetchedCredentials {
        FetchedCredentials(source, now: { clock.now })
    }

    @Test("a machine and a container hand out credentials, which are kept and asked for again before they run out")
    func sources() throws {
        let server = try AWSServer()
        for source in [
            FetchedCredentials.Source.machine(endpoint: "\(server.endpoint)/_machine"),
            .container(url: "\(server.endpoint)/_container", authorization: "the key"),
        ] {
            let clock = Clock()
            let provider = provider(source, clock)
            let first = try provider.credentials()
            #expect(first.secretAccessKey == "secret" && first.sessionToken == "session")
            #expect(first.expiration == Date(timeIntervalSince1970: 946_684_800 + 3600))
            clock.set(54)
            #expect(try provider.credentials() == first)
            clock.set(56)
            let second = try provider.credentials()
            #expect(second.accessKeyID != first.accessKeyID && second.accessKeyID.hasPrefix("ASIA"))
        }
    }

    @Test("what is still good is used where there is nothing new; what is refused is said")
    func troubles() throws {
        let server = try AWSServer()
        let clock = Clock()
        let provider = provider(.machine(endpoint: "\(server.endpoint)/_machine"), clock)
        // Once is passing.
        try server.fail(1, method: "PUT")
        let first = try provider.credentials()
        try server.fail(1000, method: "PUT", status: 500)
        clock.set(58)
        #expect(try provider.credentials() == first)
        clock.set(61)
        #expect(throws: HTTPError.self) { try provider.credentials() }
        let stranger = self.provider(.container(url: "\(server.endpoint)/_container", authorization: nil), clock)
        #expect(throws: HTTPError.self) { try stranger.credentials() }
    }
}
