import Foundation

/// The types of the boxes at the top level of an MP4 file, in order (ISO/IEC 14496-12, section 4.2).
package func mp4Boxes(_ path: String) throws -> [String] {
    let data = try Data(contentsOf: URL(filePath: path))
    var boxes: [String] = []
    var offset = 0
    while offset + 8 <= data.count {
        let head = data[data.startIndex + offset..<data.startIndex + offset + 8]
        var size = head.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        boxes.append(String(decoding: head.suffix(4), as: UTF8.self))
        if size == 1, offset + 16 <= data.count {
            size = data[data.startIndex + offset + 8..<data.startIndex + offset + 16].reduce(0) { $0 << 8 | Int($1) }
        }
        guard size >= 8 else { break }
        offset += size
    }
    return boxes
}
