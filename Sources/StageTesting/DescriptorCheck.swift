import GraphDSL

/// Holds a stage's descriptor against the stage.
struct DescriptorCheck {
    let stage: any Stage

    /// What is wrong, a sentence each.
    var findings: [String] {
        let descriptor = type(of: stage).descriptor
        let type = "\(type(of: stage))"
        var findings: [String] = []
        let name = descriptor.name
        if name.isEmpty || !name.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }) {
            findings.append("its name '\(name)' is not of lower-case letters, digits and hyphens")
        }
        if descriptor.summary.isEmpty || descriptor.summary.hasSuffix(".") || descriptor.summary.contains("\n") {
            findings.append("its summary is not one line without a full stop")
        }
        if !descriptor.example.hasPrefix("\(type)(") { findings.append("its example does not begin with '\(type)('") }
        let names = descriptor.parameters.map(\.name)
        if Set(names).count != names.count { findings.append("two of its parameters have one name") }
        for parameter in descriptor.parameters {
            if parameter.summary.isEmpty { findings.append("the parameter '\(parameter.name)' has no summary") }
            // A parameter that is nil has no value to be read; one of another stage's type never has.
            if parameter.value(of: stage) == nil, parameter.defaultValue == nil {
                findings.append("the parameter '\(parameter.name)' is not read from \(type)")
            }
        }
        for label in Self.labels(of: descriptor.example) where !names.contains(label) {
            findings.append("its example names '\(label)', which is no parameter")
        }
        return findings
    }

    /// The argument labels of a call, those of calls within it left out.
    static func labels(of call: String) -> [String] {
        var labels: [String] = []
        var depth = 0
        var word = ""
        var isText = false
        for character in call {
            if character == "\"" { isText.toggle() }
            guard !isText else { continue }
            switch character {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case ":" where depth == 1 && !word.isEmpty: labels.append(word)
            default: break
            }
            word = character.isLetter || character.isNumber ? word + String(character) : ""
        }
        return labels
    }
}
