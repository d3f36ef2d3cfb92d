import Testing

@testable import LibAV

struct ProcessorsTests {
    @Test("a control group's limit is read as processors")
    func quota() {
        #expect(Processors.quota("170000 100000\n") == 1.7)
        for text in ["max 100000\n", "", "0 100000", "1 0", "many"] { #expect(Processors.quota(text) == nil) }
    }

    @Test("threads follow the processors, up to what codecs make use of")
    func threads() {
        #expect(Processors.available > 0 && Processors.threads >= 1)
        #expect([0.1, 1, 1.7, 2, 4, 64].map(Processors.frameThreads(on:)) == [1, 1, 3, 3, 6, 16])
        #expect([0.1, 1.7, 4, 64].map { Processors.encoderThreads(on: $0, height: 720) } == [2, 4, 8, 22])
        #expect(Processors.encoderThreads(on: 64, height: 16) == 1)
    }
}
