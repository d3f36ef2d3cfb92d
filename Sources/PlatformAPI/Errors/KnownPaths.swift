import HTTPTypes
import Hummingbird
import Synchronization

/// Which paths there are, and what may be done with each: where nobody answers a request, it tells a wrong method from a wrong
/// path.
final class KnownPaths: Sendable {
    /// A path's parts, and what may be done with it.
    private struct Known {
        var parts: [Substring]
        var methods: Set<String>
    }

    private let known = Mutex<[Known]>([])

    /// Notes all routes of a router.
    func note(_ router: Router<APIContext>) {
        var methods: [String: Set<String>] = [:]
        for route in router.routes {
            methods[route.path.description, default: []].insert(route.method.rawValue)
            // The router answers it as GET, without the body.
            if route.method == .get { methods[route.path.description]?.insert("HEAD") }
        }
        let paths = methods.map { Known(parts: $0.key.split(separator: "/"), methods: $0.value) }
        known.withLock { $0 = paths }
    }

    /// What may be done with a path, sorted; nothing where there is none.
    func methods(for path: String) -> [String] {
        let parts = path.split(separator: "/")
        let found = known.withLock { known in known.filter { Self.matches($0.parts, parts) } }
        // As the router does it: a path's own name counts more than what stands for any.
        let best = found.first { $0.parts == parts } ?? found.first
        return best?.methods.sorted() ?? []
    }

    /// Whether a route's parts are a path's: `{id}` and `*` stand for any one, `**` for all that follow.
    private static func matches(_ route: [Substring], _ path: [Substring]) -> Bool {
        var rest = path[...]
        for part in route {
            if part == "**" { return !rest.isEmpty }
            guard let next = rest.popFirst(), part.hasPrefix("{") || part == "*" || part == next else { return false }
        }
        return rest.isEmpty
    }
}
