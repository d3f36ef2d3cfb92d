/// Where a picture that was cropped, resized and turned lies in the one that it was made of.
///
/// The map is affine: a point (u, v) of the picture, each from 0 to 1, lies at `origin + u * across + v * down`, in pixels of the
/// source. `across` and `down` are parallel to its sides.
struct PictureGeometry {
    /// A point or a way, in pixels of the source.
    struct Vector: Hashable {
        var x: Double
        var y: Double

        static func + (a: Vector, b: Vector) -> Vector { Vector(x: a.x + b.x, y: a.y + b.y) }
        static func * (a: Vector, factor: Double) -> Vector { Vector(x: a.x * factor, y: a.y * factor) }
        static prefix func - (a: Vector) -> Vector { a * -1 }
    }

    /// A part of a picture, in whole pixels.
    struct Part: Hashable {
        let x, y, width, height: Int
    }

    /// The picture's size.
    private(set) var size: PictureSize

    private let source: PictureSize
    private var origin = Vector(x: 0, y: 0)
    private var across: Vector
    private var down: Vector

    /// The whole source.
    init(_ source: PictureSize) {
        self.source = source
        size = source
        across = Vector(x: Double(source.width), y: 0)
        down = Vector(x: 0, y: Double(source.height))
    }

    /// Whether width and height of the source are swapped.
    var isTurned: Bool { across.x == 0 }

    mutating func crop(to part: Part) {
        let (width, height) = (Double(size.width), Double(size.height))
        origin = origin + across * (Double(part.x) / width) + down * (Double(part.y) / height)
        across = across * (Double(part.width) / width)
        down = down * (Double(part.height) / height)
        size = PictureSize(width: part.width, height: part.height)
    }

    mutating func resize(to size: PictureSize) { self.size = size }

    /// Turns or mirrors it as a filter does.
    ///
    /// - Returns: false where the filter does neither.
    mutating func orient(_ filter: Filter) -> Bool {
        switch (filter.name, filter.options["dir"]) {
        case ("hflip", _): (origin, across) = (origin + across, -across)
        case ("vflip", _): (origin, down) = (origin + down, -down)
        // libavfilter's `transpose`: swapped sides, and each direction one or two flips more.
        case ("transpose", "cclock_flip"): turn(origin, down, across)
        case ("transpose", "clock"): turn(origin + down, -down, across)
        case ("transpose", "cclock"): turn(origin + across, down, -across)
        case ("transpose", "clock_flip"): turn(origin + across + down, -down, -across)
        default: return false
        }
        return true
    }

    private mutating func turn(_ origin: Vector, _ across: Vector, _ down: Vector) {
        (self.origin, self.across, self.down) = (origin, across, down)
        size = PictureSize(width: size.height, height: size.width)
    }

    /// The part of the source that it shows, each side moved to the nearest multiple of `step`; nil where that moves a side by
    /// more than `tolerance` of the part's length.
    func part(step: Int, tolerance: Double) -> Part? {
        let end = origin + across + down
        func side(_ a: Double, _ b: Double, _ limit: Int) -> (Int, Int)? {
            let (low, high) = (min(a, b), max(a, b))
            func nearest(_ place: Double) -> Int { Int((place / Double(step)).rounded()) * step }
            let (first, last) = (max(0, nearest(low)), min(limit, nearest(high)))
            let bound = max(1e-6, (high - low) * tolerance)
            guard last - first >= step, abs(Double(first) - low) <= bound, abs(Double(last) - high) <= bound else {
                return nil
            }
            return (first, last - first)
        }
        guard let (x, width) = side(origin.x, end.x, source.width), let (y, height) = side(origin.y, end.y, source.height)
        else { return nil }
        return Part(x: x, y: y, width: width, height: height)
    }
}
