import GraphDSL
import LibAV

extension Manifest {
    /// Asks libavfilter and libavcodec whether they have what the pipeline asks for, and take its options.
    ///
    /// - Throws: ``RunError/fault(_:)`` where they cannot be asked.
    func findings() throws(RunError) -> [LibraryFinding] {
        do throws(AVError) { return try graph.findings() + output.video.findings() } catch {
            throw .fault("libav cannot be asked: \(error.reason)")
        }
    }
}

extension FilterGraph {
    /// Formulas and parameters have no value yet; of them only the option's name is asked for.
    fileprivate func findings() throws(AVError) -> [LibraryFinding] {
        var findings: [LibraryFinding] = []
        for (index, node) in nodes.enumerated() {
            guard case .filter(let filter) = node.operation else { continue }
            let known = FilterLibrary.options(of: filter.name)
            var values: [String: String] = [:]
            for (option, value) in filter.options {
                switch value {
                case .expression, .parameter:
                    if !known.isEmpty, !known.contains(option) { values[option] = "" }
                default: values[option] = value.plainText ?? ""
                }
            }
            findings += try FilterLibrary.problems(of: filter.name, options: values).map {
                LibraryFinding($0, of: .filter, named: filter.name, node: index)
            }
        }
        return findings
    }
}

extension VideoEncoding {
    /// Settings that have types of their own are right by now; the encoder's own options are not known here.
    fileprivate func findings() throws(AVError) -> [LibraryFinding] {
        guard let options else { return [] }
        return try EncoderLibrary.problems(of: codec.encoder, options: options).map {
            LibraryFinding($0, of: .encoder, named: codec.encoder)
        }
    }
}
