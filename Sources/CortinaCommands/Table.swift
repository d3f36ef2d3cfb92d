/// Rows of text set in columns.
struct Table: CustomStringConvertible {
    var rows: [[String]] = []

    /// The rows, a line each, every column but the last as wide as its widest cell.
    var description: String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            // A cell that is empty at the end of a row leaves no space.
            let row = row.prefix((row.lastIndex { !$0.isEmpty } ?? -1) + 1)
            return row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
