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

    /// Asks fontconfig as `drawtext` does (`load_font_fontconfig`, `libavfilter/vf_drawtext.c`). A family of which the best match is not
    /// the first face of its file is left out: `fontfile` can name no other.
    private static func fontFiles(_ families: Set<String>) -> [String: String] {
        guard let configuration = FcInitLoadConfigAndFonts() else { return [:] }
        defer { FcConfigDestroy(configuration) }
        var files: [String: String] = [:]
        for family in families {
            guard let pattern = FcNameParse("default") else { continue }
            defer { FcPatternDestroy(pattern) }
            FcPatternAddString(pattern, FC_FAMILY, family)
            FcDefaultSubstitute(pattern)
            guard FcConfigSubstitute(configuration, pattern, FcMatchPattern) != 0 else { continue }
            var result = FcResultMatch
            guard let match = FcFontMatch(configuration, pattern, &result) else { continue }
            defer { FcPatternDestroy(match) }
            var face: Int32 = 0
            var file: UnsafeMutablePointer<FcChar8>?
            guard FcPatternGetInteger(match, FC_INDEX, 0, &face) == FcResultMatch, face == 0,
                FcPatternGetString(match, FC_FILE, 0, &file) == FcResultMatch, let file
            else { continue }
            files[family] = String(cString: file)
        }
        return files
    }
}
