import Crypto
import Database
import FoundationEssentials
import HTTPTypes

/// Cookies of devices that an account was logged in to from. Wrong passwords from elsewhere do not lock them out (OWASP, "Slow Down Online
/// Guessing Attacks with Device Cookies").
///
/// A cookie is `USER.DEVICE.HMAC`: the account, a random name of the device, and HMAC-SHA256 of both.
struct DeviceCookies: Sendable {
    private let keys: [SymmetricKey]

    static let name = "cortina_device"
    /// How long a browser keeps it, in seconds: 400 days are the most that browsers keep any.
    private static let lifetime = 400 * 86400

    /// - Parameter secrets: those of the tokens; keys of their own are derived, so that a cookie is never a token.
    init(secrets: [[UInt8]]) {
        keys = secrets.map { secret in
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: secret), info: Data("cortina device cookie".utf8),
                outputByteCount: 32)
        }
    }

    /// The value of `Set-Cookie` for a device.
    ///
    /// - Parameter device: the device's name, if it has one.
    func field(for user: UserID, _ device: String?) -> String {
        let device = device ?? UUID().uuidString
        let text = "\(user).\(device)"
        let value = "\(text).\(keys.first.map { Self.code(text, $0) } ?? "")"
        return "\(Self.name)=\(value); Max-Age=\(Self.lifetime); Path=/api/auth; HttpOnly; Secure; SameSite=Strict"
    }

    /// The device of an account that a request comes from; nil if it has no cookie of the account.
    func device(of user: UserID, _ fields: HTTPFields) -> String? {
        for cookie in fields[values: .cookie].flatMap({ $0.split(separator: ";") }) {
            let sides = cookie.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, sides[0] == Self.name else { continue }
            let parts = sides[1].split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 3, parts[0] == user.description, let code = Data(base64Encoded: String(parts[2]))
            else {
                continue
            }
            let text = Data("\(parts[0]).\(parts[1])".utf8)
            if keys.contains(where: { HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: text, using: $0) }) {
                return String(parts[1])
            }
        }
        return nil
    }

    private static func code(_ text: String, _ key: SymmetricKey) -> String {
        Data(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key)).base64EncodedString()
    }
}
