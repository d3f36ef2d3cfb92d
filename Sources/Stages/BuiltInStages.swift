public import GraphDSL

/// The stages that come with Cortina.
public let builtInStages: [any Stage.Type] = [
    Trim.self, Crop.self, Scale.self, Pad.self, Watermark.self, Bumper.self, StripAudio.self, Fade.self, Loudness.self,
    Speed.self, Title.self, RawFilter.self,
]
