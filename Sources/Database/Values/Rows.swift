import CLibPQ

/// What came back for a statement: the one owner of libpq's result.
///
/// Sendable because libpq does not change a result once PQgetResult has returned it, and the functions used here only read it (PostgreSQL
/// 15, 34.3.2); the pointer is private, and freed by `deinit` alone.
public final class Rows: @unchecked Sendable {
    private let pointer: OpaquePointer
    private let columns: [String: Int32]

    /// How many there are.
    public let count: Int

    init(owning pointer: OpaquePointer) {
        self.pointer = pointer
        count = Int(PQntuples(pointer))
        columns = Dictionary(
            (0..<PQnfields(pointer)).map { (String(cString: PQfname(pointer, $0)), $0) }, uniquingKeysWith: { $1 })
    }

    deinit { PQclear(pointer) }

    /// How many rows a statement that writes has touched.
    public var touched: Int { Int(String(cString: PQcmdTuples(pointer))) ?? 0 }

    func value<Value: ColumnDecodable>(_ row: Int, _ name: String) throws(DatabaseError) -> Value {
        guard let column = columns[name] else { throw .undecodable(column: name, reason: "is not there") }
        let number = PQftype(pointer, column)
        guard let type = ColumnType(rawValue: number) else {
            throw .undecodable(column: name, reason: "has a type that is not read: \(number)")
        }
        let isNull = PQgetisnull(pointer, Int32(row), column) == 1
        let length = Int(PQgetlength(pointer, Int32(row), column))
        let value: Value? = PQgetvalue(pointer, Int32(row), column).withMemoryRebound(to: UInt8.self, capacity: length)
        {
            Value(column: isNull ? nil : UnsafeBufferPointer(start: $0, count: length), type: type)
        }
        guard let value else {
            throw .undecodable(column: name, reason: isNull ? "is null" : "is \(type), not \(Value.self)")
        }
        return value
    }
}

extension Rows: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { count }
    public subscript(position: Int) -> Row {
        precondition((0..<count).contains(position), "there is no such row")
        return Row(rows: self, index: position)
    }
}

/// A row of what came back.
public struct Row: Sendable {
    fileprivate let rows: Rows
    fileprivate let index: Int

    /// The value of a column, as the type that is asked for; an optional one where it may be null.
    ///
    /// - Throws: ``DatabaseError/undecodable(column:reason:)``.
    public subscript<Value: ColumnDecodable>(column: String) -> Value {
        get throws(DatabaseError) { try rows.value(index, column) }
    }
}
