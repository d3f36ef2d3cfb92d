// Values that stand in JSON as one string: `"30000/1001"`, `"2.5"`, `"#1b2a41"`, a digest.

extension Decoder {
    /// Reads one string and parses it.
    ///
    /// - Throws: `DecodingError.dataCorrupted`, quoting the string, when it does not parse.
    func decodeText<Value: LosslessStringConvertible>() throws -> Value {
        let container = try singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Value(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "'\(text)' is not a valid \(Value.self)")
        }
        return value
    }
}

extension Encoder {
    /// Writes a value as its text.
    func encodeText(_ value: some LosslessStringConvertible) throws {
        var container = singleValueContainer()
        try container.encode(value.description)
    }
}
