import CFontconfig
import Glibc
import GraphDSL
import Runner

/// The files that a manifest's filters read by name: fonts, tables of colours, texts. They are opened before the process gives up the
/// right to open files.
struct NamedFiles {
    /// The font file of each family that a filter asks fontconfig for.
    private(set) var fonts = FontFiles()
    /// Open descriptors by path.
    private(set) var descriptors: [String: Int32] = [:]

    /// Names of options that hold the path of a file which is read, in libavfilter's filters.
    private static let pathOptions = ["fontfile", "textfile", "file", "filename", "psfile"]

    /// Finds and opens the files of a manifest. What cannot be opened is left for libavfilter to complain about.
    init(_ manifest: Manifest) {
        let families = FontFiles.families(of: manifest.graph)
        if !families.isEmpty { fonts = FontFiles(Self.fontFiles(families)) }
        let named = manifest.graph.nodes.flatMap { node -> [String] in
            guard case .filter(let filter) = node.operation else { return [] }
            return Self.pathOptions.compactMap { name in
                if case .text(let path)? = filter.options[name] { path } else { nil }
            }
        }
        for path in named + fonts.paths.values where descriptors[path] == nil {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            if descriptor >= 0 { descriptors[path] = descriptor }
        }
    }

    /// Finds fonts as `drawtext` does. A family of which the best match is not the first face of its file is left out: `fontfile` can name no
    /// other.
    private static func fontFiles(_ families: Set<String>) -> [String: String] {
        guard let configuration = FcInitLoadConfigAndFonts() else { return [:] }
        defer { FcConfigDestroy(configuration) }
        var files: [String: String] = [:]
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        for family in families where cfc_find_file(configuration, family, &path, path.count) {
            files[family] = String(decoding: path.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        return files
    }
}
