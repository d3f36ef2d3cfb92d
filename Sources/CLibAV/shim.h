// What Swift cannot import from libav's headers: function-like macros, macros that expand to casts, and the
// places where FFmpeg 5.1, 6 and 7 name the same thing differently.
#pragma once

#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/channel_layout.h>
#include <libavutil/cpu.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/log.h>
#include <libavutil/mastering_display_metadata.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
#include <malloc.h>
#include <sys/prctl.h>

static const int cav_error_eof = AVERROR_EOF;
static const int cav_error_exit = AVERROR_EXIT;
static const int cav_error_invalid_data = AVERROR_INVALIDDATA;
static const int cav_error_decoder_not_found = AVERROR_DECODER_NOT_FOUND;
static const int cav_error_encoder_not_found = AVERROR_ENCODER_NOT_FOUND;
static const int cav_error_option_not_found = AVERROR_OPTION_NOT_FOUND;
static const int64_t cav_no_pts = AV_NOPTS_VALUE;
static const int64_t cav_time_base = AV_TIME_BASE;

/// AVERROR(e): a POSIX error number as libav returns it.
static inline int cav_error(int posix) { return AVERROR(posix); }

/// A piece of side data of a stream, or NULL where it has none of this type or a shorter one.
/// libavformat 60.15 (FFmpeg 6.1) moved stream side data into the codec parameters.
static inline const void *cav_stream_side_data(const AVStream *stream, enum AVPacketSideDataType type, size_t least) {
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
    const AVPacketSideData *data = av_packet_side_data_get(
        stream->codecpar->coded_side_data, stream->codecpar->nb_coded_side_data, type);
    return data && data->size >= least ? data->data : 0;
#else
    size_t size = 0;
    const uint8_t *data = av_stream_get_side_data(stream, type, &size);
    return data && size >= least ? data : 0;
#endif
}

/// The display matrix of a stream (nine 16.16 fixed-point numbers), or NULL.
static inline const int32_t *cav_stream_display_matrix(const AVStream *stream) {
    return cav_stream_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(int32_t));
}

/// The light level of one kind of metadata, in cd/m2; 0 where it does not say, or says what no HDR picture has: a peak
/// under 100 (SDR's reference white, ITU-R BT.2035), over 10,000 (the top of PQ, SMPTE ST 2084), or below the average of its
/// brightest frame (MaxFALL).
static inline double cav_light_level(const AVMasteringDisplayMetadata *display, const AVContentLightMetadata *content) {
    const double average = content && content->MaxFALL <= 10000 ? content->MaxFALL : 0;
    const double peaks[] = {
        content ? content->MaxCLL : 0,
        display && display->has_luminance && display->max_luminance.den > 0 ? av_q2d(display->max_luminance) : 0,
    };
    for (int index = 0; index < 2; index++)
        if (peaks[index] >= 100 && peaks[index] <= 10000 && peaks[index] >= average) return peaks[index];
    return 0;
}

/// The brightest light that a stream's container promises (MaxCLL of CTA-861.3, else the mastering display of SMPTE ST
/// 2086), in cd/m2; 0 where it does not say.
static inline double cav_stream_light_level(const AVStream *stream) {
    return cav_light_level(
        cav_stream_side_data(stream, AV_PKT_DATA_MASTERING_DISPLAY_METADATA, sizeof(AVMasteringDisplayMetadata)),
        cav_stream_side_data(stream, AV_PKT_DATA_CONTENT_LIGHT_LEVEL, sizeof(AVContentLightMetadata)));
}

/// The same of a decoded frame.
static inline double cav_frame_light_level(const AVFrame *frame) {
    const AVFrameSideData *display = av_frame_get_side_data(frame, AV_FRAME_DATA_MASTERING_DISPLAY_METADATA);
    const AVFrameSideData *content = av_frame_get_side_data(frame, AV_FRAME_DATA_CONTENT_LIGHT_LEVEL);
    return cav_light_level(
        display ? (const AVMasteringDisplayMetadata *)display->data : 0,
        content ? (const AVContentLightMetadata *)content->data : 0);
}

/// Whether a decoded frame is interlaced. libavutil 58.7 (FFmpeg 6.1) made the field a flag.
static inline int cav_frame_is_interlaced(const AVFrame *frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
    return (frame->flags & AV_FRAME_FLAG_INTERLACED) != 0;
#else
    return frame->interlaced_frame;
#endif
}

/// Whether decoding could begin with a decoded frame. libavutil 58.7 (FFmpeg 6.1) made the field a flag.
static inline int cav_frame_is_key(const AVFrame *frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
    return (frame->flags & AV_FRAME_FLAG_KEY) != 0;
#else
    return frame->key_frame;
#endif
}

/// Refuses to open whatever a container names: AVFormatContext.io_open.
static inline int cav_refuse_to_open(
    AVFormatContext *context, AVIOContext **io, const char *url, int flags, AVDictionary **options) {
    (void)io, (void)flags, (void)options;
    av_log(context, AV_LOG_WARNING, "the input names another file, which is not opened\n");
    return AVERROR(EPERM);
}

/// Has a context open nothing but the bytes that it was given.
static inline void cav_forbid_opening(AVFormatContext *context) { context->io_open = cav_refuse_to_open; }

/// Tells a buffer source the frames' matrix and range. libavfilter 10 (FFmpeg 7.0) negotiates them; before, frames
/// carry them alone.
static inline void cav_buffersrc_set_colour(AVBufferSrcParameters *parameters, const AVFrame *frame) {
#if LIBAVFILTER_VERSION_MAJOR >= 10
    parameters->color_space = frame->colorspace;
    parameters->color_range = frame->color_range;
#else
    (void)parameters;
    (void)frame;
#endif
}

/// How long a decoded frame lasts, in units of its stream's time base; 0 where unknown. libavutil 57.30 (FFmpeg 6.0)
/// renamed the field.
static inline int64_t cav_frame_duration(const AVFrame *frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
    return frame->duration;
#else
    return frame->pkt_duration;
#endif
}

/// prctl(2) takes a variable number of arguments, which Swift cannot call.
static inline void cav_disable_huge_pages(void) { prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); }

/// The frame rate that a link was configured with; 0/1 where unknown. libavfilter 10.4 (FFmpeg 7.1) keeps it to itself.
static inline AVRational cav_link_frame_rate(const AVFilterLink *link) {
#if LIBAVFILTER_VERSION_INT >= AV_VERSION_INT(10, 4, 100)
    (void)link;
    return (AVRational){0, 1};
#else
    return link->frame_rate;
#endif
}
