import LibAV
import Testing

struct LineValveTests {
    @Test("of a flood a few lines pass each second, and the next one knows how many did not")
    func flood() {
        let start = ContinuousClock.now
        var valve = LineValve(linesPerSecond: 20, at: start)
        let passed = (0..<1000).compactMap { valve.admit(at: start + .microseconds($0)) }
        #expect(passed == Array(repeating: 0, count: 20))
        #expect(valve.admit(at: start + .seconds(1)) == 980)
        #expect(valve.admit(at: start + .seconds(1)) == 0)
    }
}
