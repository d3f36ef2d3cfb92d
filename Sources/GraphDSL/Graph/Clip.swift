/// A link of the graph under construction, with what is known of it.
public struct Link: Hashable, Sendable {
    /// The output pad it starts from.
    package let endpoint: FilterGraph.Endpoint
    /// What is known of it.
    public let format: LinkFormat

    /// The picture's size, where it is known while compiling.
    public var size: PictureSize? { format.video?.size.value }

    package init(endpoint: FilterGraph.Endpoint, format: LinkFormat) {
        self.endpoint = endpoint
        self.format = format
    }
}

/// What a stage takes and gives: a picture and, unless a stage took it away, sound.
///
/// Before the first stage both are the upload's, made upright, square, progressive, of the output's frame rate and
/// colours, both from time 0.
public struct Clip: Hashable, Sendable {
    /// The picture.
    public var video: Link
    /// The sound; nil once a stage removed it. An upload without sound has silence here.
    public var audio: Link?

    package init(video: Link, audio: Link?) {
        self.video = video
        self.audio = audio
    }
}
