// What Swift cannot import from libcurl's headers: functions with variable arguments.
#pragma once

#include <curl/curl.h>

typedef size_t (*ccurl_write)(char *data, size_t size, size_t count, void *opaque);
typedef int (*ccurl_progress)(
    void *opaque, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up);

static inline CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_write(CURL *handle, CURLoption option, ccurl_write value) {
    return curl_easy_setopt(handle, option, value);
}

typedef int (*ccurl_seek)(void *opaque, curl_off_t offset, int origin);

static inline CURLcode ccurl_set_seek(CURL *handle, ccurl_seek value) {
    return curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, value);
}

static inline CURLcode ccurl_set_size(CURL *handle, curl_off_t value) {
    return curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, value);
}

static inline CURLcode ccurl_set_progress(CURL *handle, ccurl_progress value) {
    return curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, value);
}

static inline long ccurl_status(CURL *handle) {
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    return status;
}
