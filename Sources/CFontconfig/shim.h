#pragma once

#include <fontconfig/fontconfig.h>
#include <string.h>

/// Finds the file of a font as `drawtext` does (`load_font_fontconfig`, `libavfilter/vf_drawtext.c`).
///
/// - Parameter path: gets the file's path.
/// - Returns: false if there is none, or if the best match is not the first face of its file.
static inline _Bool cfc_find_file(FcConfig *configuration, const char *family, char *path, size_t capacity) {
    FcPattern *pattern = FcNameParse((const FcChar8 *)"default");
    if (!pattern) return 0;
    FcPatternAddString(pattern, FC_FAMILY, (const FcChar8 *)family);
    FcDefaultSubstitute(pattern);
    FcResult result = FcResultMatch;
    FcPattern *match = NULL;
    if (FcConfigSubstitute(configuration, pattern, FcMatchPattern)) match = FcFontMatch(configuration, pattern, &result);
    FcPatternDestroy(pattern);
    if (!match) return 0;
    int face = 0;
    FcChar8 *file = NULL;
    _Bool is_found = FcPatternGetInteger(match, FC_INDEX, 0, &face) == FcResultMatch && face == 0
        && FcPatternGetString(match, FC_FILE, 0, &file) == FcResultMatch && strlen((const char *)file) < capacity;
    if (is_found) strcpy(path, (const char *)file);
    FcPatternDestroy(match);
    return is_found;
}
