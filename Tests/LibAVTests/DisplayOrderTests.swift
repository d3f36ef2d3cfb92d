import Testing

@testable import LibAV

struct DisplayOrderTests {
    /// What frames get whose packets are decoded at 0, 1, 2, …, and that come in this order.
    private func times(
        _ own: [Int64], keys: Set<Int64>, packets: some Sequence<Int64> = 0..<9, delay: Int = 0
    ) -> [Int64?] {
        var order = DisplayOrder(delay: delay, step: 1)
        for time in packets { order.send(time) }
        return own.map { order.time(own: $0, isKey: keys.contains($0)) }
    }

    @Test("the nth frame that is shown has the nth decode time")
    func sorted() {
        // I P B B P B B
        #expect(times([0, 2, 3, 1, 5, 6, 4], keys: [0], packets: 0..<7) == [0, 1, 2, 3, 4, 5, 6])
    }

    @Test("a pause in decoding holds the frame that was shown before it")
    func pause() {
        // I P B pause P B P: frame 1 is shown until the pause ends.
        let packets: [Int64] = [0, 1, 2, 13, 14, 15]
        #expect(times([0, 2, 1, 14, 13, 15], keys: [0], packets: packets, delay: 1) == [0, 1, 12, 13, 14, 15])
    }

    @Test("a frame that is lost leaves a gap before the next that is coded by itself")
    func lost() {
        // Packet 3 gives no frame; 7 is coded by itself.
        #expect(times([0, 2, 1, 5, 6, 4, 7, 8], keys: [0, 7], packets: 0..<9) == [0, 1, 2, 3, 4, 5, 7, 8])
        // Two B frames before the second key frame are decoded behind it.
        #expect(times([0, 2, 1, 5, 6, 4, 7], keys: [0, 4], packets: 0..<8) == [0, 1, 2, 3, 4, 6, 7])
    }
}
