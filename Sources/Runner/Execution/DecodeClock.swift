/// Decode times of an encoder's packets.
///
/// A packet is decoded when the frame `delay` places before it is shown; the first ones are decoded a frame apart, just
/// before. x264 measures its delay on the frames that it gets, and so starts a stream that is shorter than the delay too
/// late: the packets of the next segment would be decoded before it. Segments whose clocks have the same delay can be
/// joined, however short they are.
struct DecodeClock {
    private let delay: Int
    /// Times of the frames shown since the last ``next()``, oldest first.
    private var shown: ArraySlice<Int64> = []
    private var first: Int64 = 0
    private var packets = 0

    /// - Parameter delay: the encoder's reorder delay, in frames.
    init(delay: Int) { self.delay = delay }

    /// Takes the time of the next frame, in order of display, before its packet is asked for.
    mutating func show(at time: Int64) {
        if packets == 0, shown.isEmpty { first = time }
        shown.append(time)
    }

    /// Returns the decode time of the next packet, in the frames' unit: later than the one before.
    mutating func next() -> Int64 {
        defer { packets += 1 }
        guard packets >= delay, let time = shown.popFirst() else { return first - Int64(delay - packets) }
        return time
    }
}
