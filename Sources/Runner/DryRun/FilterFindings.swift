import GraphDSL
import LibAV

extension FilterGraph {
    /// Asks libavfilter whether it has the graph's filters and takes their options. Formulas and parameters have no value
    /// yet; of them only the option's name is asked for.
    ///
    /// - Throws: ``RunError/fault(_:)`` where libavfilter cannot be asked.
    func findings() throws(RunError) -> [FilterFinding] {
        var findings: [FilterFinding] = []
        for (index, node) in nodes.enumerated() {
            guard case .filter(let filter) = node.operation else { continue }
            let known = FilterLibrary.options(of: filter.name)
            var values: [String: String] = [:]
            for (option, value) in filter.options {
                switch value {
                case .expression, .parameter:
                    if !known.isEmpty, !known.contains(option) { values[option] = "" }
                default: values[option] = value.plainText ?? ""
                }
            }
            let problems: [FilterLibrary.Problem]
            do throws(AVError) { problems = try FilterLibrary.problems(of: filter.name, options: values) } catch {
                throw .fault("libavfilter cannot be asked: \(error.reason)")
            }
            for problem in problems {
                findings.append(FilterFinding(node: index, message: problem.words(of: filter.name, knowing: known)))
            }
        }
        return findings
    }
}

extension FilterLibrary.Problem {
    fileprivate func words(of filter: String, knowing options: [String]) -> String {
        switch self {
        case .noFilter:
            "libavfilter has no filter '\(filter)'\(Suggestion.question(filter, among: FilterLibrary.names))"
        case .noOption(let option):
            "the filter '\(filter)' has no option '\(option)'\(Suggestion.question(option, among: options))"
        case .badValue(let option, let value, let reason):
            "the filter '\(filter)' does not take '\(value)' for its option '\(option)' (\(reason))"
        }
    }
}
