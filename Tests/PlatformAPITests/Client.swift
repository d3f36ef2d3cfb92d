import Foundation
import Testing
import Transfer

/// Somebody who sends requests to a platform.
struct Client: Sendable {
    let url: String
    private let queue = BlockingQueue("clients", width: 16)

    init(_ url: String) { self.url = url }

    /// However busy the machine is.
    private static var patience: HTTPClient.Patience {
        var patience = HTTPClient.Patience()
        (patience.connecting, patience.stalled, patience.whole) = (60, 120, 600)
        return patience
    }

    /// What was answered.
    struct Answer {
        var status: Int
        var headers: [String: String]
        var body: Any?

        /// A value of the body, by its path: `user.id`.
        subscript<Value>(path: String) -> Value? {
            var value = body
            for name in path.split(separator: ".") { value = (value as? [String: Any])?[String(name)] }
            return value as? Value
        }
    }

    /// Sends a request as somebody.
    func send(
        _ method: String, _ path: String, _ body: Any? = nil, as token: String? = nil, raw: String? = nil
    ) async throws -> Answer {
        var headers: [String: String] = [:]
        if let token { headers["Authorization"] = "Bearer \(token)" }
        var bytes = raw.map { Array($0.utf8) }
        if let body {
            headers["Content-Type"] = "application/json"
            bytes = Array(try JSONSerialization.data(withJSONObject: body))
        }
        let response = try await exchange(method, path, body: bytes, headers: headers)
        let json = try? JSONSerialization.jsonObject(with: Data(response.bytes))
        return Answer(status: response.status, headers: response.headers, body: json)
    }

    /// Sends a request as it is.
    func exchange(
        _ method: String, _ path: String, body: [UInt8]? = nil, headers: [String: String] = [:]
    ) async throws -> (status: Int, headers: [String: String], bytes: [UInt8]) {
        var request = Transfer.HTTPRequest(url: url + path)
        request.method = method
        request.followsRedirects = false
        request.headers = headers
        if let body { request.body = .bytes(body) }
        let response = try await queue.run { [request] cancellation in
            try HTTPClient(patience: Self.patience).send(request, limit: 1 << 20, cancellation: cancellation)
        }
        return (response.status, response.headers, response.body)
    }

    static func person(_ name: String, city: String = "Lima", country: String = "Peru") -> [String: String] {
        [
            "first_name": name, "last_name": "Test", "email": "\(name)@example.com", "password1": "pass of \(name)",
            "password2": "pass of \(name)", "city": city, "country": country,
        ]
    }

    /// Makes an account and logs in.
    func join(_ name: String, city: String = "Lima", country: String = "Peru") async throws -> (id: Int, token: String)
    {
        let made = try await send("POST", "/api/auth/signup", Self.person(name, city: city, country: country))
        let login = ["email": "\(name)@example.com", "password": "pass of \(name)"]
        let known = try await send("POST", "/api/auth/login", login)
        return (try #require(made["id"]), try #require(known["token"]))
    }
}
