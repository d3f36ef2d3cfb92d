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
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/log.h>
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
static const int64_t cav_no_pts = AV_NOPTS_VALUE;
static const int64_t cav_time_base = AV_TIME_BASE;

/// AVERROR(e): a POSIX error number as libav returns it.
static inline int cav_error(int posix) { return AVERROR(posix); }

/// The display matrix of a stream (nine 16.16 fixed-point numbers), or NULL.
/// libavformat 60.15 (FFmpeg 6.1) moved stream side data into the codec parameters.
static inline const int32_t *cav_stream_display_matrix(const AVStream *stream) {
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
    const AVPacketSideData *data = av_packet_side_data_get(
        stream->codecpar->coded_side_data, stream->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
    return data && data->size >= 9 * sizeof(int32_t) ? (const int32_t *)data->data : 0;
#else
    size_t size = 0;
    const uint8_t *data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
    return data && size >= 9 * sizeof(int32_t) ? (const int32_t *)data : 0;
#endif
}

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
