import Foundation
import TestSupport
import Testing

@testable import Transfer

struct AWSSignerTests {
    /// 2013-05-24 00:00:00 UTC and the credentials of S3's documentation.
    private static let date = Date(timeIntervalSince1970: 1_369_353_600)
    private static let credentials = AWSCredentials(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    private static let s3 = AWSSigner(credentials, region: "us-east-1", service: "s3")

    private func signature(_ request: HTTPRequest) -> String {
        String(request.headers["Authorization", default: ""].split(separator: "Signature=").last ?? "")
    }

    /// Amazon S3 API Reference, "Examples: Signature Calculations in AWS Signature Version 4".
    @Test("the examples of S3's documentation have the signatures that stand there")
    func documentation() {
        let host = "examplebucket.s3.amazonaws.com"
        let examples: [(AWSRequest, AWSSigner.Payload, String)] = [
            (
                AWSRequest("GET", host: host, path: "/test.txt", headers: ["Range": "bytes=0-9"]), .bytes([]),
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
            ),
            (
                AWSRequest(
                    "PUT", host: host, path: "/test$file.text",
                    headers: ["Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"]),
                .bytes(Array("Welcome to Amazon S3.".utf8)),
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
            ),
            (
                AWSRequest("GET", host: host, query: [.init("lifecycle", "")]), .bytes([]),
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
            ),
            (
                AWSRequest("GET", host: host, query: [.init("max-keys", "2"), .init("prefix", "J")]), .bytes([]),
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
            ),
        ]
        for (request, payload, expected) in examples {
            #expect(signature(Self.s3.sign(request, payload, at: Self.date)) == expected)
        }
        #expect(
            Self.s3.presign(AWSRequest("GET", host: host, path: "/test.txt"), for: 86400, at: Self.date)
                == "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
                + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
    }

    /// AWS's Signature Version 4 test suite: `get-vanilla` and its neighbours.
    @Test("requests of AWS's test suite have its signatures")
    func suite() {
        let credentials = AWSCredentials(
            accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
        let signer = AWSSigner(credentials, region: "us-east-1", service: "service")
        // 2015-08-30 12:36:00 UTC.
        let date = Date(timeIntervalSince1970: 1_440_938_160)
        let host = "example.amazonaws.com"
        for (request, expected) in [
            (AWSRequest("GET", host: host), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            (AWSRequest("POST", host: host), "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            (
                AWSRequest("GET", host: host, query: [.init("Param2", "value2"), .init("Param1", "value1")]),
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
            ),
        ] {
            #expect(signature(signer.sign(request, .bytes([]), at: date)) == expected)
        }
    }

    @Test("two hundred requests have the signatures that botocore gives them")
    func botocore() throws {
        struct Case: Decodable {
            var service, method, path, token, url, authorization, presigned, content: String
            var query: [[String]]
            var headers: [String: String]
        }
        let result = try Tool.run(
            Checkout.file(".build/python/bin/python"),
            [Checkout.file("Tests/TransferTests/botocore_signatures.py"), "200"])
        try #require(result.status == 0, "\(result.errors)")
        let cases = try JSONDecoder().decode([Case].self, from: Data(result.output.utf8))
        #expect(cases.count == 200)
        for one in cases {
            let credentials = AWSCredentials(
                accessKeyID: "AKIDEXAMPLE", secretAccessKey: "a/secret+key",
                sessionToken: one.token.isEmpty ? nil : one.token)
            let signer = AWSSigner(credentials, region: "eu-central-1", service: one.service)
            let request = AWSRequest(
                one.method, host: "host.example.com", path: one.path,
                query: one.query.map { .init($0[0], $0[1]) }, headers: one.headers)
            let signed = signer.sign(request, .bytes(Array(one.content.utf8)), at: Self.date)
            #expect(signed.headers["Authorization"] == one.authorization, "\(one)")
            #expect(signed.url == one.url)
            guard one.service == "s3" else { continue }
            let presigned = signer.presign(request, for: 900, at: Self.date)
            // The parameters stand in another order there.
            func parts(_ url: String) -> Set<Substring> { Set(url.split { $0 == "&" || $0 == "?" }) }
            #expect(parts(presigned) == parts(one.presigned), "\(one)")
        }
    }

    @Test("credentials are never printed")
    func secrets() {
        var dumped = ""
        dump(Self.credentials, to: &dumped)
        let printed = "\(Self.credentials) \(String(reflecting: Self.credentials)) \(dumped)"
        #expect(!printed.contains(Self.credentials.secretAccessKey))
    }
}
