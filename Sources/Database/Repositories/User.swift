/// Somebody with an account.
public struct User: Hashable, Sendable {
    public var id: UserID
    public var firstName: String
    public var lastName: String
    public var email: String
    public var city: String
    public var country: String

    init(_ row: Row) throws(DatabaseError) {
        id = try row["id"]
        firstName = try row["first_name"]
        lastName = try row["last_name"]
        email = try row["email"]
        city = try row["city"]
        country = try row["country"]
    }
}
