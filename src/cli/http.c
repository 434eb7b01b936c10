/* http.c - heads of requests and responses, and ranges: RFC 9112 2 to 6, RFC 9110 14.1.2. */
#include "cli/http.h"

#include <string.h>
#include <strings.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* RFC 9110 5.6.2: what names of methods and fields are made of. */
static bool is_token(struct http_text t)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < t.length; i++) {
        char c = t.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !is_digit(c) && (c == '\0' || strchr(others, c) == NULL))
            return false;
    }
    return t.length > 0;
}

static bool is(struct http_text t, const char *word)
{
    return t.length == strlen(word) && strncasecmp(t.at, word, t.length) == 0;
}

static bool read_number(struct http_text t, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < t.length; i++) {
        if (!is_digit(t.at[i]) || *out > (UINT64_MAX - 9) / 10)
            return false;
        *out = *out * 10 + (uint64_t)(t.at[i] - '0');
    }
    return t.length > 0;
}

/* --- lines --- */

size_t http_head_end(const char *text, size_t length)
{
    bool begun = false;     /* empty lines before a message are skipped, RFC 9112 2.2 */
    size_t line = 0;

    for (;;) {
        const char *end = memchr(text + line, '\n', length - line);
        if (end == NULL)
            return 0;
        size_t next = (size_t)(end - text) + 1;
        size_t width = next - line - 1;
        bool empty = width == 0 || (width == 1 && text[line] == '\r');
        if (empty && begun)
            return next;
        begun |= !empty;
        line = next;
    }
}

/* The next line without its end; a bare CR in it is not allowed, RFC 9112 2.2. */
static bool next_line(struct http_text *rest, struct http_text *line)
{
    const char *end = memchr(rest->at, '\n', rest->length);

    if (end == NULL)
        return false;
    size_t width = (size_t)(end - rest->at);
    *line = (struct http_text){ rest->at, width };
    rest->at += width + 1;
    rest->length -= width + 1;
    if (line->length > 0 && line->at[line->length - 1] == '\r')
        line->length--;
    return memchr(line->at, '\r', line->length) == NULL;
}

static bool first_line(struct http_text *rest, struct http_text *line)
{
    do {
        if (!next_line(rest, line))
            return false;
    } while (line->length == 0);
    return true;
}

/* What stands before the next `separator`; the rest begins behind it. */
static struct http_text cut(struct http_text *rest, char separator)
{
    const char *end = rest->length ? memchr(rest->at, separator, rest->length) : NULL;
    size_t width = end != NULL ? (size_t)(end - rest->at) : rest->length;
    struct http_text piece = { rest->at, width };
    size_t skip = end != NULL ? width + 1 : width;

    if (skip > 0)                       /* no text at all has no address to go on from */
        rest->at += skip;
    rest->length -= skip;
    return piece;
}

static struct http_text trim(struct http_text t)
{
    while (t.length > 0 && (t.at[0] == ' ' || t.at[0] == '\t')) {
        t.at++;
        t.length--;
    }
    while (t.length > 0 && (t.at[t.length - 1] == ' ' || t.at[t.length - 1] == '\t'))
        t.length--;
    return t;
}

/* --- fields --- */

static void read_connection(struct http_text value, struct http_message *m)
{
    while (value.length > 0) {
        struct http_text word = trim(cut(&value, ','));
        m->close |= is(word, "close");
        m->keep_alive |= is(word, "keep-alive");
    }
}

/* RFC 9112 6.3: lengths that contradict each other are an attack. */
static unsigned read_length(struct http_text value, struct http_message *m)
{
    uint64_t length;

    if (!read_number(value, &length) || (m->has_length && length != m->length))
        return 400;
    m->has_length = true;
    m->length = length;
    return 0;
}

static unsigned read_field(struct http_text name, struct http_text value, struct http_message *m)
{
    if (is(name, "content-length"))
        return read_length(value, m);
    if (is(name, "transfer-encoding")) {
        m->chunked = is(value, "chunked");
        return m->chunked && m->codings++ == 0 ? 0 : 501;
    }
    if (is(name, "connection"))
        read_connection(value, m);
    else if (is(name, "host"))
        m->hosts++;
    else if (is(name, "expect"))
        m->expect_continue = is(value, "100-continue");
    else if (is(name, "range"))
        m->range = value;
    else if (is(name, "location"))
        m->location = value;
    return 0;
}

static bool has_controls(struct http_text t)
{
    for (size_t i = 0; i < t.length; i++) {
        unsigned char c = (unsigned char)t.at[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

/* The lines after the first. A blank before the colon or at the front of a line (folding) is
 * refused: RFC 9112 5.1, 5.2. */
static unsigned read_fields(struct http_text rest, struct http_message *m)
{
    struct http_text line;

    for (;;) {
        if (!next_line(&rest, &line))
            return 400;
        if (line.length == 0)
            break;
        struct http_text value = line, name = cut(&value, ':');
        if (name.length == line.length || !is_token(name) || has_controls(value))
            return 400;
        unsigned status = read_field(name, trim(value), m);
        if (status != 0)
            return status;
    }
    /* RFC 9112 6.1: both at once, or a coding that HTTP/1.0 does not have */
    return m->chunked && (m->has_length || m->minor == 0) ? 400 : 0;
}

static unsigned read_version(struct http_text version, struct http_message *m)
{
    if (version.length != 8 || memcmp(version.at, "HTTP/", 5) != 0 || !is_digit(version.at[5])
        || version.at[6] != '.' || !is_digit(version.at[7]))
        return 400;
    m->minor = (unsigned)(version.at[7] - '0');
    return version.at[5] == '1' ? 0 : 505;
}

/* --- requests --- */

static enum http_method method_of(struct http_text name)
{
    static const struct { const char *name; enum http_method method; } known[] = {
        { "GET", HTTP_GET }, { "HEAD", HTTP_HEAD }, { "PUT", HTTP_PUT }, { "POST", HTTP_OTHER },
        { "DELETE", HTTP_OTHER }, { "OPTIONS", HTTP_OTHER }, { "PATCH", HTTP_OTHER },
        { "TRACE", HTTP_OTHER }, { "CONNECT", HTTP_OTHER },
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (name.length == strlen(known[i].name)
            && memcmp(name.at, known[i].name, name.length) == 0)
            return known[i].method;
    }
    return HTTP_UNKNOWN;
}

/* RFC 9112 3.2: "/path", or "http://host/path" as to a proxy. */
static unsigned read_target(struct http_text target, struct http_message *m)
{
    static const char scheme[] = "http://";
    enum { SCHEME = sizeof scheme - 1 };

    m->target = target;
    if (m->method == HTTP_OTHER || m->method == HTTP_UNKNOWN)
        return 0;               /* it may have any form: the method is refused */
    if (target.length > SCHEME && strncasecmp(target.at, scheme, SCHEME) == 0) {
        struct http_text rest = { target.at + SCHEME, target.length - SCHEME };
        const char *path = memchr(rest.at, '/', rest.length);
        m->target = path != NULL
            ? (struct http_text){ path, rest.length - (size_t)(path - rest.at) }
            : (struct http_text){ "/", 1 };
    }
    return m->target.length > 0 && m->target.at[0] == '/' ? 0 : 400;
}

unsigned http_read_request(const char *text, size_t length, struct http_message *out)
{
    struct http_text rest = { text, length }, line;

    *out = (struct http_message){ .method = HTTP_UNKNOWN };
    if (!first_line(&rest, &line) || has_controls(line))
        return 400;
    struct http_text method = cut(&line, ' '), target = cut(&line, ' ');
    if (!is_token(method) || target.length == 0)
        return 400;
    unsigned status = read_version(line, out);
    if (status == 0 && target.length > HTTP_TARGET_MOST)
        status = 414;
    out->method = method_of(method);
    if (status == 0)
        status = read_target(target, out);
    if (status == 0)
        status = read_fields(rest, out);
    /* RFC 9112 3.2: exactly one Host; HTTP/1.0 had none */
    if (status == 0 && (out->hosts > 1 || (out->hosts == 0 && out->minor > 0)))
        status = 400;
    return status;
}

/* --- responses --- */

unsigned http_read_response(const char *text, size_t length, struct http_message *out)
{
    struct http_text rest = { text, length }, line;
    uint64_t status;

    *out = (struct http_message){ .method = HTTP_UNKNOWN };
    if (!first_line(&rest, &line) || has_controls(line))
        return 400;
    struct http_text version = cut(&line, ' '), code = cut(&line, ' ');
    if (read_version(version, out) != 0 || code.length != 3 || !read_number(code, &status)
        || status < 100)
        return 400;
    out->status = (unsigned)status;
    out->reason = line;
    return read_fields(rest, out);
}

bool http_persists(const struct http_message *m)
{
    return !m->close && (m->minor > 0 || m->keep_alive);
}

/* --- ranges --- */

enum http_range http_read_range(struct http_text range, uint64_t size, uint64_t *first,
                                uint64_t *end)
{
    struct http_text unit = cut(&range, '=');
    struct http_text low, high = range;
    uint64_t last = UINT64_MAX - 1;

    if (!is(unit, "bytes") || memchr(range.at, ',', range.length) != NULL
        || memchr(range.at, '-', range.length) == NULL)
        return HTTP_RANGE_NONE;
    low = trim(cut(&high, '-'));
    high = trim(high);
    if (low.length == 0) {              /* the last so many octets */
        if (!read_number(high, &last))
            return HTTP_RANGE_NONE;
        *first = last < size ? size - last : 0;
        *end = size;
        return last > 0 && size > 0 ? HTTP_RANGE_GOOD : HTTP_RANGE_UNSATISFIABLE;
    }
    if (!read_number(low, first) || (high.length > 0 && !read_number(high, &last)) || last < *first)
        return HTTP_RANGE_NONE;
    *end = last < size ? last + 1 : size;
    return *first < size ? HTTP_RANGE_GOOD : HTTP_RANGE_UNSATISFIABLE;
}
