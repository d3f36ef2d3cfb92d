/// A statement of SQL and the values for its `$1`, `$2`….
///
/// Its text is a literal: nothing that comes from elsewhere can be part of it.
public struct Statement: Sendable {
    /// Its text.
    var sql: String
    let parameters: [Parameter]

    public init(_ sql: StaticString, _ values: any ParameterConvertible...) {
        self.sql = sql.description
        parameters = values.map(\.parameter)
    }
}
