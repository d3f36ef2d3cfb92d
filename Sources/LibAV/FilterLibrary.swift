import CLibAV

/// The filters that this machine's libavfilter has.
public enum FilterLibrary {
    /// What is wrong with a filter before it is part of any graph.
    public enum Problem: Hashable, Sendable {
        /// There is no filter of this name.
        case noFilter
        /// The filter has no option of this name.
        case noOption(String)
        /// The option does not take this value, and why.
        case badValue(option: String, value: String, reason: String)
    }

    /// The names of all filters.
    public static var names: [String] {
        var names: [String] = []
        var position: UnsafeMutableRawPointer?
        while let filter = av_filter_iterate(&position) { names.append(String(cString: filter.pointee.name)) }
        return names
    }

    /// The names of a filter's options, its own and those of every filter; empty where there is no such filter.
    public static func options(of filter: String) -> [String] {
        guard let filter = avfilter_get_by_name(filter) else { return [] }
        return [filter.pointee.priv_class, avfilter_get_class()].flatMap(options)
    }

    private static func options(of kind: UnsafePointer<AVClass>?) -> [String] {
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

    /// Asks libavfilter whether a filter takes options.
    ///
    /// - Returns: all that is wrong, in the order of the options' names.
    /// - Throws: ``AVError`` where no filter can be made at all.
    public static func problems(of name: String, options: [String: String]) throws(AVError) -> [Problem] {
        guard let filter = avfilter_get_by_name(name) else { return [.noFilter] }
        var graph: UnsafeMutablePointer<AVFilterGraph>? = try AVError.check(avfilter_graph_alloc(), "ask for a filter")
        defer { avfilter_graph_free(&graph) }
        let context = try AVError.check(avfilter_graph_alloc_filter(graph, filter, nil), "ask for \(name)")
        return options.sorted { $0.key < $1.key }.compactMap { option, value in
            let result = av_opt_set(context, option, value, AV_OPT_SEARCH_CHILDREN)
            if result == cav_error_option_not_found { return .noOption(option) }
            return result < 0
                ? .badValue(option: option, value: value, reason: AVError(result, "set an option").reason) : nil
        }
    }
}
