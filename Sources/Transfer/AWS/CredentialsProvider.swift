/// Where credentials come from.
public protocol CredentialsProvider: Sendable {
    /// Credentials that are good for the next minutes. May block.
    ///
    /// - Throws: ``HTTPError``.
    func credentials() throws(HTTPError) -> AWSCredentials
}

/// Credentials that never change.
public struct StaticCredentials: CredentialsProvider {
    private let value: AWSCredentials

    public init(_ value: AWSCredentials) { self.value = value }

    public func credentials() -> AWSCredentials { value }
}
