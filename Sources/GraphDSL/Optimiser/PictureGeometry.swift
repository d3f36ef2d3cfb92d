/// Where a picture that was cropped, resized and turned lies in the one that it was made of.
///
/// The map is affine: a point (u, v) of the picture, each from 0 to 1, lies at `origin + u * across + v * down`, in pixels of the
/// source. `across` and `down` are parallel to its sides.
struct PictureGeometry {
    /// A point or a displacement, in pixels of the source.
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

    /// Width and height of the shown part, in source pixels.
    var extent: (width: Double, height: Double) {
        (abs(across.x) + abs(across.y), abs(down.x) + abs(down.y))
    }

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

    /// A part of the source, the size that it is resized to, and the part of that which is kept.
    struct Window: Hashable {
        let source: Part
        let resized: PictureSize
        let kept: Part
    }

    /// Returns the crop, resizing and second crop that give the picture before it is turned.
    ///
    /// A place between two allowed ones is reached by resizing more of the source and cropping the rest. The displacement left is
    /// mostly under a pixel.
    ///
    /// - Parameters:
    ///   - step: source pixels that a crop's edges are multiples of; edges in the resized picture are even.
    ///   - tolerance: largest displacement of a side, as a share of its length.
    /// - Returns: nil if the displacement would be larger.
    func window(step: Int, tolerance: Double) -> Window? {
        let end = origin + across + down
        let target = isTurned ? PictureSize(width: size.height, height: size.width) : size
        guard let x = Axis(origin.x, end.x, within: source.width, target: target.width, step: step),
            let y = Axis(origin.y, end.y, within: source.height, target: target.height, step: step),
            x.error <= tolerance * Double(target.width), y.error <= tolerance * Double(target.height)
        else { return nil }
        return Window(
            source: Part(x: x.first, y: y.first, width: x.last - x.first, height: y.last - y.first),
            resized: PictureSize(width: x.resized, height: y.resized),
            kept: Part(x: x.offset, y: y.offset, width: target.width, height: target.height))
    }
}

/// One direction of a ``PictureGeometry/Window``.
private struct Axis {
    /// First source pixel, and the one behind the last.
    let first, last: Int
    /// Length after resizing, and the offset of the kept part in it, in output pixels.
    let resized, offset: Int
    /// Largest displacement of the two ends, in output pixels.
    let error: Double

    /// Steps tried outward on each side.
    private static let reach = 16
    /// Displacement that needs no second crop, in output pixels.
    private static let negligible = 0.05

    init?(_ a: Double, _ b: Double, within limit: Int, target: Int, step: Int) {
        let (low, high) = (min(a, b), max(a, b))
        guard high > low, target > 0 else { return nil }
        let scale = Double(target) / (high - low)
        func candidate(_ first: Int, _ last: Int, _ resized: Int, _ offset: Int) -> Axis? {
            guard first >= 0, last <= limit, last > first, offset >= 0, offset + target <= resized else { return nil }
            let factor = Double(resized) / Double(last - first)
            let errors = [
                (low - Double(first)) * factor - Double(offset),
                (high - Double(first)) * factor - Double(offset + target),
            ]
            return Axis(
                first: first, last: last, resized: resized, offset: offset, error: errors.map(abs).max() ?? .infinity)
        }
        func nearest(_ place: Double) -> Int { Int((place / Double(step)).rounded()) * step }
        var best = candidate(nearest(low), min(limit / step * step, nearest(high)), target, 0)
        if best.map({ $0.error > Self.negligible }) ?? true {
            let (begin, end) = (Int(low) / step * step, Int(high.rounded(.up)))
            // The smallest that is good enough, or else the best.
            search: for more in 0...2 * Self.reach {
                for before in max(0, more - Self.reach)...min(more, Self.reach) {
                    let first = begin - before * step
                    let last = (end + step - 1) / step * step + (more - before) * step
                    let resized = Int((Double(last - first) * scale / 2).rounded()) * 2
                    let offset = Int(((low - Double(first)) * scale / 2).rounded()) * 2
                    guard resized <= 2 * target, let next = candidate(first, last, resized, offset) else { continue }
                    if next.error < (best?.error ?? .infinity) - Self.negligible { best = next }
                    if next.error <= Self.negligible { break search }
                }
            }
        }
        guard let best else { return nil }
        self = best
    }

    private init(first: Int, last: Int, resized: Int, offset: Int, error: Double) {
        (self.first, self.last, self.resized, self.offset, self.error) = (first, last, resized, offset, error)
    }
}
