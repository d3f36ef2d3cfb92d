import ArgumentParser
import Foundation
import PlatformAPI
import PlatformSettings

extension Settings {
    /// How the API is to be.
    func api() throws -> API.Settings {
        guard let text = reader[.tokenKeys] else { return API.Settings(tokenKeys: [("own", Array(try key("token")))]) }
        let keys = try text.split(separator: ",").map { part in
            let sides = part.split(separator: ":", maxSplits: 1)
            guard sides.count == 2, let secret = Data(base64Encoded: String(sides[1])) else {
                throw ValidationError("\(Setting.tokenKeys.rawValue) must be NAME:BASE64, with commas between")
            }
            return (name: String(sides[0]), secret: Array(secret))
        }
        return API.Settings(tokenKeys: keys)
    }
}
