import Foundation
import GraphDSL
import Testing

struct ValueTests {
    @Test("rationals are exact, ordered, and read back from their text")
    func rationals() throws {
        #expect(Rational(60000, 2002) == Rational(30000, 1001))
        #expect(Rational(1, -2) == Rational(-1, 2))
        #expect(Rational(30000, 1001) < 30)
        #expect(Rational("16:9") == Rational(16, 9))
        for text in ["", "1/0", "x", "1/2/3", "1.5"] { #expect(Rational(text) == nil) }
        let rate = Rational(30000, 1001)
        #expect(try JSONDecoder().decode(Rational.self, from: JSONEncoder().encode(rate)) == rate)
    }

    @Test(
        "times keep every microsecond in their text",
        arguments: [0, 1, -1, 2_500_000, 33_333, -1_500_000, 86_400_000_000])
    func seconds(microseconds: Int64) {
        let time = Seconds(microseconds: microseconds)
        #expect(Seconds(time.description) == time)
    }

    @Test("30 s at 30000/1001 frames a second are 899 frames")
    func frames() { #expect(Seconds(30).frames(at: Rational(30000, 1001)) == 899) }

    @Test("a colour, a size and a digest refuse what they are not")
    func refusals() {
        #expect(Colour("#FF8000") == Colour(red: 255, green: 128, blue: 0))
        for text in ["red", "#12345", "#1234567", "#+12345"] { #expect(Colour(text) == nil) }
        #expect(PictureSize("1280x720") == .hd720)
        for text in ["1280", "x", "1x2x3"] { #expect(PictureSize(text) == nil) }
        #expect(ContentDigest("abc") == nil)
    }

    @Test(
        "an asset's path never leads out of its folder",
        arguments: ["/etc/passwd", "../x", "a/../../x", "a//b", "", "."])
    func assetPaths(text: String) { #expect(AssetPath(text) == nil) }

    @Test("a pipeline's reference is a name and perhaps a version")
    func references() {
        #expect(PipelineReference("showcase")?.version == nil)
        #expect(PipelineReference("showcase-fit@2")?.version == 2)
        for text in ["Showcase", "a@0", "a@", "a@01", "@1", "-a", "a-", "a--b", "a b", "../a"] {
            #expect(PipelineReference(text) == nil, "\(text)")
        }
    }

    @Test("a mistyped name finds what was meant, nearest first")
    func suggestions() {
        let names = ["showcase", "showcase-fit", "interview"]
        #expect(Suggestion.near("shwocase", among: names).first == "showcase")
        #expect(Suggestion.near("intervew", among: names) == ["interview"])
        #expect(Suggestion.near("zzz", among: names).isEmpty)
    }

    @Test("text columns count wide characters twice and take the longest line")
    func columns() {
        #expect("Ana".columns == 3)
        #expect("王秀英".columns == 6)
        #expect("a\nlonger\nb".columns == 6)
    }
}
