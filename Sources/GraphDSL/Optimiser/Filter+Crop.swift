extension Filter {
    /// The left or upper place of a crop, as libavfilter computes it: rounded, and inside the picture. nil for a formula of
    /// something else than sizes.
    ///
    /// - Parameters:
    ///   - name: `x` or `y`.
    ///   - whole: the size before.
    ///   - part: the size behind.
    func cropCorner(_ name: String, from whole: PictureSize, to part: PictureSize) -> Int? {
        let facts = ["iw": whole.width, "ow": part.width, "ih": whole.height, "oh": part.height].mapValues(Double.init)
        let room = name == "x" ? whole.width - part.width : whole.height - part.height
        let place = options[name].map { $0.number(with: facts) } ?? Double(room) / 2
        return place.flatMap { Int(exactly: $0.rounded(.toNearestOrEven)) }.map { min(max(0, $0), max(0, room)) }
    }
}
