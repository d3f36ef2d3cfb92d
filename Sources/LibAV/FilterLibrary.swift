import CLibAV

/// The filters that this machine's libavfilter has.
public enum FilterLibrary {
    /// The names of all filters.
    public static var names: [String] {
        var names: [String] = []
        var position: UnsafeMutableRawPointer?
        while let filter = av_filter_iterate(&position) { names.append(String(cString: filter.pointee.name)) }
        return names
    }

    /// Whether there is a filter of this name.
    public static func has(_ name: String) -> Bool { avfilter_get_by_name(name) != nil }

    /// The names of a filter's options, its own and those of every filter; empty where there is no such filter.
    public static func options(of filter: String) -> [String] {
        guard let filter = avfilter_get_by_name(filter) else { return [] }
        return [filter.pointee.priv_class, avfilter_get_class()].flatMap(LibraryProblem.options)
    }

    /// Asks libavfilter whether a filter takes options.
    ///
    /// - Returns: all that is wrong, in the order of the options' names.
    /// - Throws: ``AVError`` where no filter can be made at all.
    public static func problems(of name: String, options: [String: String]) throws(AVError) -> [LibraryProblem] {
        guard let filter = avfilter_get_by_name(name) else { return [.notThere] }
        var graph: UnsafeMutablePointer<AVFilterGraph>? = try AVError.check(avfilter_graph_alloc(), "ask for a filter")
        defer { avfilter_graph_free(&graph) }
        // It would start threads for each filter.
        graph?.pointee.nb_threads = 1
        let context = try AVError.check(avfilter_graph_alloc_filter(graph, filter, nil), "ask for \(name)")
        return LibraryProblem.found(setting: options, on: context)
    }
}
