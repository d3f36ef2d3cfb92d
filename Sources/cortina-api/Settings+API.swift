import ArgumentParser
import Foundation
import PlatformAPI
import PlatformSettings

extension Settings {
    /// How the API is to be.
    func api() throws -> API.Settings {
        var settings = API.Settings(tokenKeys: try tokenKeys())
        settings.policy = try policy()
        let rates: [(Setting, RateLimits.Subject)] = [
            (.rateSignUps, .signUp), (.rateLogIns, .logIn), (.rateLogInsAs, .logInAs), (.rateVotes, .vote),
        ]
        for (setting, subject) in rates {
            guard let limit = settings.limits[subject] else { continue }
            settings.limits[subject]?.count = try reader.number(setting, default: limit.count)
        }
        return settings
    }

    /// How old rankings may become.
    func rankingAge() throws -> Duration { .seconds(try reader.number(.rankingAge, default: 60)) }

    private func tokenKeys() throws -> [(name: String, secret: [UInt8])] {
        guard let text = reader[.tokenKeys] else { return [("own", Array(try key("token")))] }
        return try text.split(separator: ",").map { part in
            let sides = part.split(separator: ":", maxSplits: 1)
            guard sides.count == 2, let secret = Data(base64Encoded: String(sides[1])) else {
                throw ValidationError("\(Setting.tokenKeys.rawValue) must be NAME:BASE64, with commas between")
            }
            return (name: String(sides[0]), secret: Array(secret))
        }
    }

    private func policy() throws -> UploadPolicy {
        var policy = UploadPolicy()
        policy.bytes = Int64(try reader.number(.uploadBytes, default: Int(policy.bytes)))
        let least = try reader.number(.uploadLeastSeconds, default: Int(policy.duration.lowerBound))
        let most = try reader.number(.uploadMostSeconds, default: Int(policy.duration.upperBound))
        guard least <= most else {
            throw ValidationError(
                "\(Setting.uploadLeastSeconds.rawValue) is more than \(Setting.uploadMostSeconds.rawValue)")
        }
        policy.duration = Double(least)...Double(most)
        policy.side = try reader.number(.uploadSide, default: policy.side)
        return policy
    }
}
