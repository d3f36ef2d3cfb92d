import LibAV
import TestSupport
import Testing

struct DemuxerTests {
    @Test(
        "the times that MP4 lists of key frames become those of showing",
        arguments: ["plain.mp4", "edit-list.mp4"])
    func keyTimes(name: String) throws {
        let demuxer = try Demuxer(
            FileByteSource(path: Checkout.fixture(name)), cancellation: CancellationFlag())
        let timeBase = demuxer.streams[0].timeBase
        demuxer.select([0])
        var keys: [Int64] = []
        while let packet = try demuxer.next() {
            if packet.isKey { keys.append(timeBase.rescale(try #require(packet.pts), to: .microseconds)) }
        }
        #expect(!keys.isEmpty && demuxer.keyTimes(of: 0) == keys)
        for key in keys {
            #expect(demuxer.lastKeyTime(of: 0, before: key) == key)
            #expect(demuxer.lastKeyTime(of: 0, before: key - 1000).map { $0 < key } != false)
            try demuxer.seek(to: key, stream: 0)
            let found = try #require(try demuxer.next())
            let shown = try #require(found.pts)
            #expect(found.isKey && timeBase.rescale(shown, to: .microseconds) == key)
        }
    }
}
