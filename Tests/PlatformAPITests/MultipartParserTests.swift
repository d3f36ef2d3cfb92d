import Testing

@testable import PlatformAPI

struct MultipartParserTests {
    private static let type = #"multipart/form-data; boundary="a b""#

    /// What a body is taken apart into, its pieces of content put together.
    private func parts(
        _ body: [UInt8], by step: Int = .max, _ type: String = type
    ) throws -> [(header: MultipartParser.Header, content: [UInt8], isWhole: Bool)] {
        var parser = try #require(MultipartParser(contentType: type))
        var parts: [(header: MultipartParser.Header, content: [UInt8], isWhole: Bool)] = []
        var rest = body[...]
        while !rest.isEmpty {
            for event in try parser.take(Array(rest.prefix(step))) {
                switch event {
                case .begin(let header): parts.append((header, [], false))
                case .bytes(let bytes): parts[parts.count - 1].content += bytes
                case .end: parts[parts.count - 1].isWhole = true
                }
            }
            rest = rest.dropFirst(step)
        }
        try parser.finish()
        return parts
    }

    /// A body as curl writes it; the file has what looks like a boundary, and is not.
    private static let file = Array("\r\n--a c\r\n\r\n--a\r\n--a".utf8) + [0, 255, 13, 10, 13]
    private static let body =
        Array(
            """
            --a b\r
            Content-Disposition: form-data; name="title"\r
            \r
            A räly\r
            --a b\r
            Content-Disposition: form-data; name="video_file"; filename="a \\"%22;b.mp4"\r
            Content-Type: video/mp4; x=y\r
            X-Other: 1\r
            \r\n
            """.utf8) + file
        + Array("\r\n--a b\r\ncontent-disposition:form-data;name=empty\r\n\r\n\r\n--a b--\r\nwhat follows".utf8)

    @Test("a form is the same in whatever pieces it comes", arguments: [.max, 1, 2, 3, 7, 64])
    func pieces(step: Int) throws {
        let parts = try parts(Self.body, by: step)
        #expect(parts.map(\.header.name) == ["title", "video_file", "empty"])
        #expect(parts.map(\.header.fileName) == [nil, "a \"\";b.mp4", nil])
        #expect(parts.map(\.header.contentType) == [nil, "video/mp4", nil])
        #expect(parts.map(\.content) == [Array("A räly".utf8), Self.file, []])
        #expect(parts.map(\.isWhole) == [true, true, true])
    }

    @Test("a body that is cut off anywhere before its end is none")
    func cut() {
        let end = Self.body.count - "\r\nwhat follows".utf8.count
        for count in 0..<end {
            #expect(throws: MultipartParser.Problem.self, "\(count)") { try parts(Array(Self.body[..<count])) }
        }
    }

    @Test(
        "what is no form is said",
        arguments: [
            "hello", "--a b\r\n\r\nno header\r\n--a b--", "--a b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--a b--",
            "--a b\r\nContent-Disposition: attachment; name=x\r\n\r\nx\r\n--a b--", "--a bx",
            "--a b\r\nContent-Disposition: form-data; name=\"x\r\n\r\nx\r\n--a b--",
            "--a b\r\n" + String(repeating: "x", count: 9000),
        ])
    func wrong(body: String) {
        #expect(throws: MultipartParser.Problem.self) { try parts(Array(body.utf8)) }
    }

    @Test("a request of another type has no form")
    func types() {
        let long = String(repeating: "x", count: 71)
        for type in [
            nil, "", "application/json", "multipart/form-data", "multipart/form-data; boundary=",
            "multipart/mixed; boundary=x", "multipart/form-data; boundary=\(long)", "multipart/form-data; boundary=\"x",
        ] {
            #expect(MultipartParser(contentType: type) == nil, "\(type ?? "")")
        }
        #expect(MultipartParser(contentType: "Multipart/Form-Data; charset=utf-8; Boundary=x") != nil)
    }
}
