/* http_body.c - the chunked coding (RFC 9112 7.1), and paths as file names (RFC 3986 2.1). */
#include "cli/http.h"

enum { SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER, TRAILER_LINE, LAST_LF, OVER };
enum { OVERHEAD_MOST = 8192 };          /* octets of extensions and trailers between two chunks */

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool enter(struct http_chunks *c, unsigned state)
{
    c->state = state;
    return true;
}

static bool size_line_ends(struct http_chunks *c)
{
    if (c->digits == 0)
        return false;
    c->digits = 0;
    if (c->left == 0)
        return enter(c, TRAILER);
    c->overhead = 0;
    return enter(c, DATA);
}

static bool size_octet(struct http_chunks *c, uint8_t octet)
{
    int digit = hex(octet);

    if (digit < 0) {
        if (octet == '\r')
            return enter(c, SIZE_LF);
        if (octet == '\n')
            return size_line_ends(c);
        return (octet == ';' || octet == ' ' || octet == '\t') && c->digits > 0
            && enter(c, EXTENSION);
    }
    if (c->left >> 60 != 0 || c->digits++ > 64)
        return false;
    c->left = c->left << 4 | (uint64_t)digit;
    return true;
}

/* One octet that is not body. */
static bool framing_octet(struct http_chunks *c, uint8_t octet)
{
    if (++c->overhead > OVERHEAD_MOST)
        return false;
    switch (c->state) {
    case SIZE:
        return size_octet(c, octet);
    case EXTENSION:
        return octet == '\r' ? enter(c, SIZE_LF) : octet == '\n' ? size_line_ends(c) : true;
    case SIZE_LF:
        return octet == '\n' && size_line_ends(c);
    case DATA_CR:
        return octet == '\r' ? enter(c, DATA_LF) : octet == '\n' && enter(c, SIZE);
    case DATA_LF:
        return octet == '\n' && enter(c, SIZE);
    case TRAILER:
        return enter(c, octet == '\r' ? LAST_LF : octet == '\n' ? OVER : TRAILER_LINE);
    case TRAILER_LINE:
        return octet == '\n' ? enter(c, TRAILER) : true;
    default:
        return octet == '\n' && enter(c, OVER);
    }
}

bool http_chunks_next(struct http_chunks *c, const uint8_t *data, size_t length, size_t *framing,
                      size_t *body)
{
    size_t i = 0;

    while (i < length && c->state != DATA && c->state != OVER) {
        if (!framing_octet(c, data[i++]))
            return false;
    }
    *framing = i;
    *body = 0;
    if (c->state == DATA)
        *body = length - i < c->left ? length - i : (size_t)c->left;
    return true;
}

void http_chunks_took(struct http_chunks *c, size_t length)
{
    c->left -= length;
    if (c->state == DATA && c->left == 0)
        c->state = DATA_CR;
}

bool http_chunks_over(const struct http_chunks *c)
{
    return c->state == OVER;
}

bool http_decode_path(struct http_text target, char *out, size_t size)
{
    size_t length = 0;

    if (target.length == 0 || target.at[0] != '/')
        return false;
    for (size_t i = 1; i < target.length && target.at[i] != '?' && target.at[i] != '#'; i++) {
        char c = target.at[i];
        if (c == '%') {
            int high = i + 2 < target.length ? hex((uint8_t)target.at[i + 1]) : -1;
            int low = high >= 0 ? hex((uint8_t)target.at[i + 2]) : -1;
            if (low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        bool leading = length == 0 && c == '/';     /* "//x" is x, not the root of the system */
        if (c == '\0' || length + 1 >= size)
            return false;
        if (!leading)
            out[length++] = c;
    }
    out[length] = '\0';
    return true;
}
