import Testing

@testable import LibAV

struct ProcessorsTests {
    @Test("a control group's limit is read as processors")
    func quota() {
        #expect(Processors.quota("170000 100000\n") == 1.7)
        for text in ["max 100000\n", "", "0 100000", "1 0", "many"] { #expect(Processors.quota(text) == nil) }
    }

    @Test("there is at least one thread, and half as many again where they have a frame each")
    func threads() {
        #expect(Processors.available > 0 && Processors.threads >= 1)
        #expect(Processors.frameThreads == max(1, Processors.threads * 3 / 2))
        #expect(Processors.encoderThreads == Processors.threads * 2)
    }
}
