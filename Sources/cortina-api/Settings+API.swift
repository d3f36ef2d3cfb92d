import ArgumentParser
import Database
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
            (.rateSearches, .search),
        ]
        for (setting, subject) in rates {
            guard let limit = settings.limits[subject] else { continue }
            settings.limits[subject]?.count = try reader.number(setting, default: limit.count)
        }
        let quota = settings.quota
        settings.quota = Quota(
            videos: try reader.number(.quotaVideos, default: quota.videos),
            openUploads: try reader.number(.quotaUploads, default: quota.openUploads),
            bytesPerDay: try reader.number(.quotaBytes, default: quota.bytesPerDay),
            repeatsPerHour: try reader.number(.quotaReprocess, default: quota.repeatsPerHour))
        settings.streams = try reader.number(.quotaStreams, default: settings.streams)
        settings.connections = try connections()
        if let text = reader[.proxies] {
            guard let proxies = Proxies(text) else {
                throw ValidationError(
                    "\(Setting.proxies.variable) must be a number from 0 to 16, or CIDR blocks with commas between")
            }
            settings.proxies = proxies
        }
        return settings
    }

    /// The connections of the API to a database.
    func pools(_ database: DatabaseSettings) throws -> API.Pools {
        var searches = database
        searches.plansEachTime = true
        searches.statement = .seconds(2)
        return API.Pools(
            general: try pool(database), vital: try pool(database, .databaseVitalConnections, default: 4),
            searches: try pool(searches, .databaseSearchConnections, default: 2))
    }

    private func connections() throws -> ConnectionLimits {
        var limits = ConnectionLimits()
        limits.total = try reader.number(.httpConnections, default: limits.total)
        limits.perAddress = try reader.number(.httpAddressConnections, default: limits.perAddress)
        limits.shutdown = try reader.number(.httpShutdown, default: limits.shutdown)
        return limits.fitting(openFiles: OpenFiles.raiseLimit())
    }

    /// How old rankings may become.
    func rankingAge() throws -> Duration { .seconds(try reader.number(.rankingAge, default: 60)) }

    private func tokenKeys() throws -> [(name: String, secret: [UInt8])] {
        guard let text = reader[.tokenKeys] else { return [("own", Array(try key("token")))] }
        return try text.split(separator: ",").map { part in
            let sides = part.split(separator: ":", maxSplits: 1)
            guard sides.count == 2, let secret = Data(base64Encoded: String(sides[1])) else {
                throw ValidationError("\(Setting.tokenKeys.variable) must be NAME:BASE64, with commas between")
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
                "\(Setting.uploadLeastSeconds.variable) is more than \(Setting.uploadMostSeconds.variable)")
        }
        policy.duration = Double(least)...Double(most)
        policy.side = try reader.number(.uploadSide, default: policy.side)
        return policy
    }
}
