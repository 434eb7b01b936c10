/* url.c - http URLs: reading them (RFC 3986 3), and references relative to them (RFC 3986 5.2). */
#include "cli/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aksu/types.h"

static const char too_long[] = "it is too long";

/* The scheme's length without the colon, 0: there is none. "localhost:80" has none: a scheme is
 * followed by "//" where a host comes. */
static size_t scheme_of(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789+-.";
    size_t length = strspn(text, letters);

    return length > 0 && strncmp(text + length, "://", 3) == 0 ? length : 0;
}

static const char *read_port(const char *text, size_t length, uint16_t *out)
{
    unsigned port = 0;

    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || port > 65535)
            return "its port is not a number from 1 to 65535";
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    if (length > 0 && (port == 0 || port > 65535))
        return "its port is not a number from 1 to 65535";
    *out = length > 0 ? (uint16_t)port : 80;
    return NULL;
}

static const char *read_literal(const char *text, size_t length, struct url *out, size_t *used)
{
    const char *end = memchr(text, ']', length);
    struct aksu_ip ip;

    if (end == NULL || (size_t)(end - text) >= URL_HOST)
        return "the bracket around its address is not closed";
    memcpy(out->host, text + 1, (size_t)(end - text) - 1);
    out->host[end - text - 1] = '\0';
    if (strchr(out->host, ':') == NULL || !aksu_ip_parse(out->host, &ip))
        return "what is in brackets is no IPv6 address";
    out->literal = true;
    *used = (size_t)(end - text) + 1;
    return *used == length || text[*used] == ':' ? NULL : "only a port may follow the bracket";
}

static const char *read_name(const char *text, size_t length, struct url *out, size_t *used)
{
    const char *colon = memchr(text, ':', length);
    size_t width = colon != NULL ? (size_t)(colon - text) : length;

    if (width == 0)
        return "there is no host in it";
    if (width >= URL_HOST)
        return "its host is too long";
    for (size_t i = 0; i < width; i++) {
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f || strchr("\"%<>[]\\^`{|}", text[i]))
            return "its host has a character that no name has";
    }
    if (colon != NULL && memchr(colon + 1, ':', length - width - 1) != NULL)
        return "an IPv6 address must be in brackets: http://[2001:db8::1]/";
    memcpy(out->host, text, width);
    out->host[width] = '\0';
    out->literal = false;
    *used = width;
    return NULL;
}

static const char *read_authority(const char *text, size_t length, struct url *out)
{
    size_t used;
    const char *why;

    if (memchr(text, '@', length) != NULL)
        return "a user name or password in it is not supported";
    why = length > 0 && text[0] == '[' ? read_literal(text, length, out, &used)
                                       : read_name(text, length, out, &used);
    if (why != NULL)
        return why;
    bool port = used < length;
    return read_port(text + used + port, length - used - port, &out->port);
}

/* Up to the fragment, with %XX for what a request line cannot carry. */
static const char *write_path(const char *text, char out[URL_PATH])
{
    size_t n = 0;

    if (*text != '/')
        out[n++] = '/';
    for (; *text != '\0' && *text != '#'; text++) {
        unsigned char c = (unsigned char)*text;
        if (n + 4 > URL_PATH)
            return too_long;
        if (c > ' ' && c < 0x7f)
            out[n++] = (char)c;
        else
            n += (size_t)snprintf(out + n, 4, "%%%02X", c);
    }
    out[n] = '\0';
    return NULL;
}

const char *url_read(const char *text, struct url *out)
{
    size_t scheme = scheme_of(text);

    if (scheme == 5 && strncasecmp(text, "https", 5) == 0)
        return "https needs TLS, which is not part of this program; http:// is what it speaks";
    if (scheme > 0 && (scheme != 4 || strncasecmp(text, "http", 4) != 0))
        return "only http:// is spoken here";
    if (scheme > 0)
        text += scheme + 3;
    size_t length = strcspn(text, "/?#");
    const char *why = read_authority(text, length, out);
    return why != NULL ? why : write_path(text + length, out->path);
}

/* "/a/b/../c/./d" becomes "/a/c/d": RFC 3986 5.2.4. The query stays as it is. */
static void remove_dots(char *path)
{
    char *end = path + strcspn(path, "?"), *out = path, *in = path;

    while (in < end) {
        size_t width = 1 + strcspn(in + 1, "/?");
        bool last = in + width == end;
        bool one = width == 2 && in[1] == '.';
        bool two = width == 3 && in[1] == '.' && in[2] == '.';
        if (two) {
            while (out > path && *--out != '/')
                continue;
        }
        if (one || two) {
            if (last)
                *out++ = '/';
        } else {
            memmove(out, in, width);
            out += width;
        }
        in += width;
    }
    if (out == path)
        *out++ = '/';
    memmove(out, end, strlen(end) + 1);
}

/* The reference's own path, or merged with the one that it is relative to: RFC 3986 5.2.3. */
static const char *merge(const char *base, const char *reference, char out[URL_PATH])
{
    size_t keep = strcspn(base, "?");

    if (*reference == '/')
        keep = 0;
    else if (*reference != '?' && *reference != '\0')
        while (keep > 0 && base[keep - 1] != '/')
            keep--;
    else if (*reference == '\0')
        keep = strlen(base);
    if (keep + strlen(reference) >= URL_PATH)
        return too_long;
    memcpy(out, base, keep);
    memcpy(out + keep, reference, strlen(reference) + 1);
    return NULL;
}

const char *url_follow(struct url *url, const char *location, size_t length)
{
    char reference[URL_PATH], merged[URL_PATH];

    if (length >= sizeof reference)
        return too_long;
    memcpy(reference, location, length);
    reference[length] = '\0';
    reference[strcspn(reference, "#")] = '\0';
    const char *why = NULL;
    if (scheme_of(reference) > 0)
        why = url_read(reference, url);
    else if (strncmp(reference, "//", 2) == 0)
        why = url_read(reference + 2, url);
    else if ((why = merge(url->path, reference, merged)) == NULL)
        why = write_path(merged, url->path);
    if (why == NULL)
        remove_dots(url->path);
    return why;
}

void url_authority(const struct url *url, char out[URL_AUTHORITY])
{
    int n = snprintf(out, URL_AUTHORITY, url->literal ? "[%s]" : "%s", url->host);

    if (url->port != 80)
        snprintf(out + n, URL_AUTHORITY - (size_t)n, ":%u", (unsigned)url->port);
}
