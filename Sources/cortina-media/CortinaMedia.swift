import MediaServer

/// Does one job on a stranger's file and ends. Its standard input is the socket of the process that wants the job done.
@main
struct CortinaMedia {
    static func main() { MediaServer.serve() }
}
