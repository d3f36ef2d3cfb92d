/// What a link carries.
public enum MediaKind: String, Codable, CaseIterable, Sendable {
    case video, audio
}

/// One filter of libavfilter, by its name there, with its options.
///
/// Written with the typed makers (`.scale(width:height:)`, `.overlay(x:y:)`, …), or by name and options for a filter
/// that has none: `Filter("hue", ["s": 0])`.
public struct Filter: Hashable, Codable, Sendable {
    /// The filter's name in libavfilter.
    public var name: String
    /// The options by name.
    public var options: [String: OptionValue]
    /// What each output pad carries, in order; nearly every filter has one.
    public var outputs: [MediaKind]

    /// A filter by name and options.
    ///
    /// - Parameters:
    ///   - name: its name in libavfilter.
    ///   - options: its options by name.
    ///   - outputs: what its output pads carry, in order.
    public init(_ name: String, _ options: [String: OptionValue] = [:], outputs: [MediaKind]) {
        self.name = name
        self.options = options
        self.outputs = outputs
    }

    /// A filter with one video output.
    static func video(_ name: String, _ options: [String: OptionValue] = [:]) -> Filter {
        Filter(name, options, outputs: [.video])
    }

    /// A filter with one audio output.
    static func audio(_ name: String, _ options: [String: OptionValue] = [:]) -> Filter {
        Filter(name, options, outputs: [.audio])
    }

    /// The parameters of the pipeline that the options name, directly or in a formula.
    var parameters: Set<String> {
        var names: Set<String> = []
        for value in options.values {
            switch value {
            case .parameter(let name):
                names.insert(name)
            case .expression(let expression):
                for variable in expression.variables where variable.hasPrefix("parameter.") {
                    names.insert(String(variable.split(separator: ".")[1]))
                }
            default: break
            }
        }
        return names
    }

    /// Whether a `scale` has no option but those on size: with one for colours it converts, whatever the size.
    var onlyResizes: Bool { options.keys.allSatisfy(Self.sizing.contains) }

    private static let sizing: Set<String> = [
        "w", "h", "flags", "force_original_aspect_ratio", "force_divisible_by",
    ]

    /// The filter as libavfilter reads it: `scale=h=720:w=1280`, options by name in alphabetical order.
    ///
    /// Nil while an option is still a parameter.
    public var text: String? {
        var parts: [String] = []
        for (option, value) in options.sorted(by: { $0.key < $1.key }) {
            guard let plain = value.plainText else { return nil }
            parts.append(FilterEscaping.option(option, plain))
        }
        return parts.isEmpty ? name : "\(name)=\(parts.joined(separator: ":"))"
    }

    /// Why the name or an option's name cannot be libavfilter's, or nil: both are letters, digits and `_`.
    var invalidName: String? {
        ([name] + options.keys.sorted()).first { word in
            word.isEmpty
                || !word.utf8.allSatisfy { ($0 | 0x20 >= 97 && $0 | 0x20 <= 122) || ($0 >= 48 && $0 <= 57) || $0 == 95 }
        }
    }
}
