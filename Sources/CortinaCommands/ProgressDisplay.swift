import ArgumentParser
import Runner

/// How a run's progress is shown.
enum ProgressStyle: String, ExpressibleByArgument, CaseIterable {
    /// A bar on a terminal, lines otherwise.
    case auto
    case bar, plain, json, none
}

/// Shows how far a run is.
struct ProgressDisplay {
    private let style: ProgressStyle
    private let title: String
    private var lastTenth = -1

    init(_ style: ProgressStyle, title: String) {
        self.style = style == .auto ? (Console.isTerminal ? .bar : .plain) : style
        self.title = title
    }

    /// Shows a step: the bar is drawn again, a line is printed for every tenth, JSON for each.
    mutating func show(_ progress: RunProgress) throws {
        switch style {
        case .bar:
            Console.write("\r\u{1b}[2K" + bar(progress))
        case .plain, .auto:
            let tenth = Int((progress.fraction ?? 0) * 10)
            guard tenth > lastTenth else { return }
            lastTenth = tenth
            Console.write(facts(progress) + "\n")
        case .json:
            print(try Console.json(Line(event: "progress", progress: progress), indented: false))
        case .none:
            break
        }
    }

    /// Makes room for what comes after.
    func clear() { if style == .bar { Console.write("\r\u{1b}[2K") } }

    /// Says what came out.
    func finish(_ report: RunReport, path: String) throws {
        guard style != .json else {
            print(try Console.json(Line(event: "done", report: report), indented: false))
            return
        }
        guard style != .none else { return }
        let megabytes = (Double(report.bytesWritten) / 1e5).rounded() / 10
        let wall = (report.wallSeconds * 10).rounded() / 10
        print("\(path): \(report.duration) s, \(report.frames) frames, \(megabytes) MB, made in \(wall) s")
    }

    private struct Line: Encodable {
        let event: String
        var progress: RunProgress?
        var report: RunReport?
    }

    private func bar(_ progress: RunProgress) -> String {
        let facts = facts(progress)
        let room = max(0, min(40, Console.columns - facts.count - 3))
        let full = Int((progress.fraction ?? 0) * Double(room))
        let bar = String(repeating: "█", count: full) + String(repeating: "░", count: room - full)
        return "\(bar) \(facts)"
    }

    private func facts(_ progress: RunProgress) -> String {
        let share = progress.fraction.map { "\(Int($0 * 100)) %" } ?? "\(progress.frames) frames"
        let speed = "\((progress.speed * 10).rounded() / 10)x"
        let left = progress.remaining.map { ", \(Int($0.rounded(.up))) s left" } ?? ""
        return "\(title) \(share), \(speed)\(left)"
    }
}
