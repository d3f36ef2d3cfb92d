/// The one place where values become libavfilter's text.
///
/// A filter graph is read twice: `avfilter_graph_parse` cuts it at `[ ] , ;` into filters, and each filter's arguments
/// are then cut at `:` into options. Both use `av_get_token`, for which a backslash or a pair of `'` protects what
/// follows, and which drops unprotected white space at either end. Each level is undone by one escaping here.
/// Source: FFmpeg documentation, `ffmpeg-filters`, section "Notes on filtergraph escaping".
public enum FilterEscaping {
    /// `name=value` with the value protected at both levels: what stands between `=` and the next `:` of a filter.
    public static func option(_ name: String, _ value: String) -> String {
        "\(name)=\(protect(protect(value, ":"), "[],;"))"
    }

    /// Puts a backslash before every backslash, quote, separator, and white space at the ends.
    private static func protect(_ text: String, _ separators: String) -> String {
        let scalars = Array(text.unicodeScalars)
        let whitespace: Set<Unicode.Scalar> = [" ", "\n", "\t", "\r"]
        let special = Set(separators.unicodeScalars).union(["\\", "'"])
        let firstInner = scalars.firstIndex { !whitespace.contains($0) } ?? scalars.endIndex
        let lastInner = scalars.lastIndex { !whitespace.contains($0) } ?? scalars.startIndex
        var result = String.UnicodeScalarView()
        for (index, scalar) in scalars.enumerated() where scalar != "\0" {
            if special.contains(scalar) || (whitespace.contains(scalar) && (index < firstInner || index > lastInner)) {
                result.append("\\")
            }
            result.append(scalar)
        }
        return String(result)
    }
}
