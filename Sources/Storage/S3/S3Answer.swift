import Foundation
import XMLCoder

/// What S3 says in XML (Amazon S3 API Reference).
enum S3Answer {
    /// Of `ListObjectsV2`.
    struct List: Decodable {
        struct Object: Decodable {
            var key: String
            var size: Int64
            var lastModified: String

            enum CodingKeys: String, CodingKey {
                case key = "Key"
                case size = "Size"
                case lastModified = "LastModified"
            }
        }

        var contents: [Object]?

        enum CodingKeys: String, CodingKey { case contents = "Contents" }
    }

    /// Of `CreateMultipartUpload`.
    struct Begun: Decodable {
        var uploadID: String

        enum CodingKeys: String, CodingKey { case uploadID = "UploadId" }
    }

    /// Of `ListParts`.
    struct Parts: Decodable {
        struct Part: Decodable {
            var number: Int
            var size: Int64
            var tag: String

            enum CodingKeys: String, CodingKey {
                case number = "PartNumber"
                case size = "Size"
                case tag = "ETag"
            }
        }

        var parts: [Part]?

        enum CodingKeys: String, CodingKey { case parts = "Part" }
    }

    private struct Failure: Decodable {
        var code: String

        enum CodingKeys: String, CodingKey { case code = "Code" }
    }

    private struct Completion: Encodable {
        struct Part: Encodable {
            var number: Int
            var tag: String
            var checksum: String?

            enum CodingKeys: String, CodingKey {
                case number = "PartNumber"
                case tag = "ETag"
                case checksum = "ChecksumSHA256"
            }
        }

        var parts: [Part]

        enum CodingKeys: String, CodingKey { case parts = "Part" }
    }

    static func read<Answer: Decodable>(_ body: [UInt8]) throws(StoreError) -> Answer {
        do { return try XMLDecoder().decode(Answer.self, from: Data(body)) } catch {
            throw .refused(reason: "its answer is not one")
        }
    }

    /// The code of an error, where the answer is one.
    static func errorCode(_ body: [UInt8]) -> String? { try? XMLDecoder().decode(Failure.self, from: Data(body)).code }

    /// What `CompleteMultipartUpload` is sent.
    static func completion(
        of parts: some Sequence<Parts.Part>, _ checksums: [String]? = nil
    ) throws(StoreError) -> [UInt8] {
        let completion = Completion(
            parts: parts.enumerated().map { index, part in
                .init(number: part.number, tag: part.tag, checksum: checksums?[index])
            })
        do { return Array(try XMLEncoder().encode(completion, withRootKey: "CompleteMultipartUpload")) } catch {
            throw .refused(reason: "its answer is not one")
        }
    }
}
