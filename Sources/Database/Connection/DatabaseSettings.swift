/// Where a database is, and who asks.
public struct DatabaseSettings: Sendable {
    /// A host's name, an address, or the folder of a Unix socket.
    public var host: String
    public var port: Int
    public var database: String
    public var user: String
    /// Never printed.
    public var password: String?
    public var encryption: Encryption
    /// What the server lists the connection as.
    public var applicationName: String
    /// How long connecting may take.
    public var connecting: Duration
    /// How long a statement may take. The server ends it then; one that does not answer is left two seconds later.
    public var statement: Duration
    /// True to plan each execution with its parameters (`plan_cache_mode=force_custom_plan`): the best plan of a search depends on its text.
    public var plansEachTime = false

    /// How a connection is encrypted.
    public enum Encryption: Hashable, Sendable {
        /// Not at all: for a Unix socket, or a network of one's own.
        case none
        /// Without a look at who answers.
        case required
        /// Only with the server whose certificate one of these authorities signed for the host's name.
        case verified(authorities: String)
    }

    public init(
        host: String, port: Int = 5432, database: String, user: String, password: String? = nil,
        encryption: Encryption = .none, applicationName: String = "cortina", connecting: Duration = .seconds(5),
        statement: Duration = .seconds(10)
    ) {
        self.host = host
        self.port = port
        self.database = database
        self.user = user
        self.password = password
        self.encryption = encryption
        self.applicationName = applicationName
        self.connecting = connecting
        self.statement = statement
    }

    /// libpq's parameters (PostgreSQL 15, 34.1.2).
    var parameters: [(name: String, value: String)] {
        var parameters = [
            ("host", host), ("port", "\(port)"), ("dbname", database), ("user", user),
            ("application_name", applicationName), ("client_encoding", "UTF8"),
            // A server that is gone without a word is noticed.
            ("keepalives_idle", "30"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "20000"),
            // Nobody's files decide what we do.
            ("passfile", "/dev/null/absent"), ("gssencmode", "disable"),
            (
                "options",
                "-c statement_timeout=\(statement.milliseconds) -c timezone=UTC "
                    + "-c idle_in_transaction_session_timeout=\(3 * statement.milliseconds)"
                    + (plansEachTime ? " -c plan_cache_mode=force_custom_plan" : "")
            ),
        ]
        if let password { parameters.append(("password", password)) }
        switch encryption {
        case .none: parameters.append(("sslmode", "disable"))
        case .required: parameters.append(("sslmode", "require"))
        case .verified(let authorities):
            parameters += [("sslmode", "verify-full"), ("sslrootcert", authorities)]
        }
        return parameters
    }
}

extension DatabaseSettings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "\(user)@\(host):\(port)/\(database)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
