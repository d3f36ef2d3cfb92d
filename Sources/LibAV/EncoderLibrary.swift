import CLibAV

/// The encoders that this machine's libavcodec has.
public enum EncoderLibrary {
    /// The names of an encoder's options, its own and those of every encoder; empty where there is no such encoder.
    public static func options(of encoder: String) -> [String] {
        guard let codec = avcodec_find_encoder_by_name(encoder) else { return [] }
        return [codec.pointee.priv_class, avcodec_get_class()].flatMap(LibraryProblem.options)
    }

    /// Asks libavcodec whether an encoder takes options. It reads some of them only when it begins to encode.
    ///
    /// - Returns: all that is wrong, in the order of the options' names.
    /// - Throws: ``AVError`` where no encoder can be made at all.
    public static func problems(of name: String, options: [String: String]) throws(AVError) -> [LibraryProblem] {
        guard let codec = avcodec_find_encoder_by_name(name) else { return [.notThere] }
        var context: UnsafeMutablePointer<AVCodecContext>? = try AVError.check(
            avcodec_alloc_context3(codec), "ask for \(name)")
        defer { avcodec_free_context(&context) }
        guard let context else { return [] }
        return LibraryProblem.found(setting: options, on: context)
    }
}
