import FoundationEssentials

/// Where the stages, pipelines and tests of a project lie, and the lists that name them.
struct Layout {
    /// A kind of file: where it goes, and the list that names what is in it.
    struct Place {
        /// The folder of the file.
        let folder: String
        /// The folder of its test.
        let tests: String
        /// The module that it is part of.
        let module: String
        /// The file with the list.
        let list: String
        /// What stands before the list's bracket.
        let marker: String
    }

    let pipelines, stages: Place
    /// The name of the catalog.
    let catalog: String

    /// Finds out how a project is laid out: as this repository, or as `new package` makes one.
    ///
    /// - Throws: ``Failure`` where it is neither.
    init(_ home: String) throws {
        let manager = FileManager.default
        let house = "\(home)/pipelines/Pipelines.swift"
        if manager.fileExists(atPath: house) {
            pipelines = Place(
                folder: "\(home)/pipelines", tests: "\(home)/Tests/PipelinesTests", module: "Pipelines", list: house,
                marker: "pipelines: ")
            stages = Place(
                folder: "\(home)/Sources/Stages", tests: "\(home)/Tests/StagesTests", module: "Stages",
                list: "\(home)/Sources/Stages/BuiltInStages.swift", marker: "[any Stage.Type] = ")
            catalog = "cortina"
            return
        }
        let modules = ((try? manager.contentsOfDirectory(atPath: "\(home)/Sources")) ?? []).sorted()
        guard let module = modules.first(where: { manager.fileExists(atPath: "\(home)/Sources/\($0)/Catalog.swift") }),
            let text = manager.contents(atPath: "\(home)/Sources/\(module)/Catalog.swift"),
            let name = String(decoding: text, as: UTF8.self).firstMatch(of: /static let (\w+) = Catalog\(/)?.1
        else {
            throw Failure(
                .usage,
                "'\(home)' has no Sources/MODULE/Catalog.swift; make a package with '\(Program.current.name) new package NAME'"
            )
        }
        func place(_ marker: String) -> Place {
            Place(
                folder: "\(home)/Sources/\(module)", tests: "\(home)/Tests/\(module)Tests", module: module,
                list: "\(home)/Sources/\(module)/Catalog.swift", marker: marker)
        }
        pipelines = place("pipelines: ")
        stages = place("stages: builtInStages + ")
        catalog = String(name)
    }
}

/// A list in a Swift file, to which an item is added.
enum SourceList {
    /// The text with an item at the end of the list that follows a marker; nil where there is no such list.
    static func adding(_ item: String, after marker: String, to text: String) -> String? {
        guard let begin = text.firstRange(of: marker + "[")?.upperBound else { return nil }
        var depth = 1
        var end = begin
        while end < text.endIndex {
            if text[end] == "[" { depth += 1 }
            if text[end] == "]" { depth -= 1 }
            if depth == 0 { break }
            end = text.index(after: end)
        }
        guard depth == 0 else { return nil }
        let content = text[begin..<end]
        // In front of the white space that ends the list.
        let last = content.lastIndex { !$0.isWhitespace }.map { text.index(after: $0) } ?? begin
        let separator = last == begin ? "" : text[text.index(before: last)] == "," ? " " : ", "
        let isOpen = last != begin && text[text.index(before: last)] == ","
        return text[..<last] + separator + item + (isOpen ? "," : "") + text[last...]
    }
}
