import CLibAV

/// How this process keeps the memory that libav and its encoders use.
public enum LibAVMemory {
    /// Keeps the process small, without making it slower: of 400 MB that `showcase` took at 1080p, 60 go.
    ///
    /// * Blocks of the size of a frame go back to the system as soon as they are free: setting `M_MMAP_THRESHOLD` keeps
    ///   glibc from raising it to that size and holding them in the arena of each thread (mallopt(3)).
    /// * All threads share two arenas.
    /// * No transparent huge pages (prctl(2), `PR_SET_THP_DISABLE`): x264 asks for them, and each of its some sixty frames
    ///   is then rounded up to 2 MB.
    public static func keepSmall() {
        mallopt(M_MMAP_THRESHOLD, 128 * 1024)
        mallopt(M_ARENA_MAX, 2)
        cav_disable_huge_pages()
    }

    /// Has libav refuse to allocate more than so many bytes in one piece, whatever a file's header asks for
    /// (`av_max_alloc`).
    public static func bound(_ bytes: Int) { av_max_alloc(bytes) }
}
