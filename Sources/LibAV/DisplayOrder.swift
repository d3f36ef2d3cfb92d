/// Assigns sorted decode times to frames in display order.
///
/// The nth frame is shown when packet n + delay is decoded, less `delay` frames: times begin with the first packet's, and a pause
/// in decoding holds the frame shown before it. A packet without a frame leaves a gap: at the next key frame, earlier times that no
/// frame took are dropped.
struct DisplayOrder {
    /// Reorder delay, in frames.
    let delay: Int
    /// Frame duration, in the unit of the times.
    let step: Int64

    /// Decode times that no frame has, ascending.
    private var times: [Int64] = []
    /// Decode times of packets whose frames have not come, ascending.
    private var awaited: [Int64] = []

    /// Time of the last frame.
    private var last: Int64?

    init(delay: Int, step: Int64) {
        self.delay = delay
        self.step = step
    }

    /// Packets in flight at most: a decoder reorders 16 frames, and holds one a thread.
    private static let most = 128

    /// Takes the time of a packet that is decoded next.
    mutating func send(_ time: Int64) {
        times.append(time)
        awaited.append(time)
        if times.count > Self.most { times.removeFirst() }
        if awaited.count > Self.most { awaited.removeFirst() }
    }

    /// Returns the time of the next frame.
    ///
    /// - Parameters:
    ///   - own: its packet's decode time; nil if the decoder does not know it.
    ///   - isKey: true if all frames decoded before it have been shown.
    mutating func time(own: Int64?, isKey: Bool) -> Int64? {
        if let own {
            awaited.removeAll { $0 == own }
            if isKey {
                let lost = awaited.count { $0 < own }
                awaited.removeAll { $0 < own }
                times.removeFirst(min(lost, max(0, times.count - 1)))
            }
        }
        defer { if !times.isEmpty { times.removeFirst() } }
        // At the end no packet follows.
        last =
            times.count > delay ? times[delay] &- Int64(delay) &* step : last.map { $0 &+ step } ?? times.first ?? own
        return last
    }

    /// Resets after a seek.
    mutating func clear() { self = DisplayOrder(delay: delay, step: step) }
}
