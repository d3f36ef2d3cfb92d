import CLibAV

/// What is wrong with a filter or an encoder that is asked for, before there is any.
public enum LibraryProblem: Hashable, Sendable {
    /// There is none of this name.
    case notThere
    /// It has no option of this name.
    case noOption(String)
    /// The option does not take this value, and why.
    case badValue(option: String, value: String, reason: String)

    /// The names of the options of a class.
    static func options(of kind: UnsafePointer<AVClass>?) -> [String] {
        guard var kind else { return [] }
        var names: [String] = []
        withUnsafePointer(to: &kind) { object in
            // An object begins with the pointer to its class; the list of options needs no more of it.
            var option = av_opt_next(object, nil)
            while let it = option {
                names.append(String(cString: it.pointee.name))
                option = av_opt_next(object, it)
            }
        }
        return names
    }

    /// Sets options of an object and its children.
    ///
    /// - Returns: all that is wrong, in the order of the options' names.
    static func found(setting options: [String: String], on object: UnsafeMutableRawPointer) -> [LibraryProblem] {
        options.sorted { $0.key < $1.key }.compactMap { option, value in
            let result = av_opt_set(object, option, value, AV_OPT_SEARCH_CHILDREN)
            if result == cav_error_option_not_found { return .noOption(option) }
            return result < 0
                ? .badValue(option: option, value: value, reason: AVError(result, "set an option").reason) : nil
        }
    }
}
