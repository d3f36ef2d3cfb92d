/// Finds what a mistyped name was probably meant to be.
public enum Suggestion {
    /// The candidates near to `name`, nearest first: at most three, none further than a third of its length (two at
    /// least) by optimal string alignment (Damerau–Levenshtein with adjacent transpositions), or that it begins.
    public static func near(_ name: String, among candidates: some Sequence<String>) -> [String] {
        let limit = max(2, name.count / 3)
        let wanted = name.lowercased()
        return Set(candidates)
            .map { candidate in
                let other = candidate.lowercased()
                let begins = !wanted.isEmpty && (other.hasPrefix(wanted) || wanted.hasPrefix(other))
                return (begins ? 1 : distance(Array(wanted), Array(other)), candidate)
            }
            .filter { $0.0 <= limit }
            .sorted { $0 < $1 }
            .prefix(3)
            .map(\.1)
    }

    /// "; did you mean 'a' or 'b'?", or nothing where no candidate is near.
    public static func question(_ name: String, among candidates: some Sequence<String>) -> String {
        let names = near(name, among: candidates).map { "'\($0)'" }
        return names.isEmpty ? "" : "; did you mean \(names.joined(separator: " or "))?"
    }

    private static func distance(_ a: [Character], _ b: [Character]) -> Int {
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 1...a.count {
            var row = [i] + Array(repeating: 0, count: b.count)
            for j in 1...b.count {
                let cost = a[i - 1] == b[j - 1] ? 0 : 1
                row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + cost)
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    row[j] = min(row[j], beforeLast[j - 2] + 1)
                }
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
