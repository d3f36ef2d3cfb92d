/// Assigns sorted decode times to frames in display order.
///
/// A packet without a frame leaves a gap: at the next key frame, earlier times that no frame took are dropped.
struct DisplayOrder {
    /// Decode times that no frame has, ascending.
    private var times: [Int64] = []
    /// Decode times of packets whose frames have not come, ascending.
    private var awaited: [Int64] = []

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
        return times.isEmpty ? own : times.removeFirst()
    }
}
