/* ip_text.c - addresses to text and back: dotted IPv4, RFC 4291 2.2 IPv6 read, RFC 5952 4 written.
 * Called by applications, sinks and commands; part of the installed API. */
#include "base/ip_addr.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four decimal numbers of 0..255 up to the end of the text. A leading zero is refused: some readers
 * take it for octal. */
static bool parse_v4(const char *at, uint8_t out[4])
{
    for (unsigned i = 0; i < 4; i++) {
        unsigned value = 0, digits = 0;
        for (; *at >= '0' && *at <= '9' && digits < 4; at++, digits++)
            value = value * 10 + (unsigned)(*at - '0');
        if (digits == 0 || digits > 3 || value > 255 || (digits > 1 && at[-(int)digits] == '0'))
            return false;
        if (*at++ != (i < 3 ? '.' : '\0'))
            return false;
        out[i] = (uint8_t)value;
    }
    return true;
}

/* The groups of an IPv6 address as they are read: octets from the left; gap < 0 until "::". */
struct groups {
    uint8_t octet[16];
    int length, gap;
};

/* One group of 1..4 hexadecimal digits, or the dotted tail. NULL when neither; otherwise what
 * follows. */
static const char *parse_group(const char *at, struct groups *g)
{
    unsigned value = 0;
    const char *p = at;
    for (; hex_digit(*p) >= 0 && p - at < 4; p++)
        value = value << 4 | (unsigned)hex_digit(*p);
    if (*p == '.') {
        if (g->length > 12 || !parse_v4(at, &g->octet[g->length]))
            return NULL;
        g->length += 4;
        while (*p != '\0')
            p++;
        return p;
    }
    if (p == at || g->length > 14)
        return NULL;
    store_be16(&g->octet[g->length], (uint16_t)value);
    g->length += 2;
    return p;
}

static bool parse_v6(const char *at, struct groups *g)
{
    if (at[0] == ':') {
        if (at[1] != ':')
            return false;
        g->gap = 0;
        at += 2;
    }
    while (*at != '\0') {
        at = parse_group(at, g);
        if (at == NULL)
            return false;
        if (*at == '\0')
            break;
        if (*at++ != ':')
            return false;
        if (*at == ':') {
            if (g->gap >= 0)
                return false;
            g->gap = g->length;
            at++;
        } else if (*at == '\0') {
            return false;
        }
    }
    return g->gap < 0 ? g->length == 16 : g->length <= 14;
}

bool aksu_ip_parse(const char *text, struct aksu_ip *out)
{
    uint8_t v4[4];
    if (parse_v4(text, v4)) {
        *out = ip_from_v4(v4);
        return true;
    }
    struct groups g = { { 0 }, 0, -1 };
    if (!parse_v6(text, &g))
        return false;

    size_t before = (size_t)(g.gap < 0 ? g.length : g.gap), after = (size_t)g.length - before;
    *out = (struct aksu_ip){ { 0 } };
    memcpy(out->octet, g.octet, before);
    memcpy(out->octet + 16 - after, g.octet + before, after);
    return true;
}

static char *put_decimal(char *at, unsigned value)
{
    if (value >= 100)
        *at++ = (char)('0' + value / 100);
    if (value >= 10)
        *at++ = (char)('0' + value / 10 % 10);
    *at++ = (char)('0' + value % 10);
    return at;
}

static char *put_v4(char *at, const uint8_t v4[4])
{
    for (unsigned i = 0; i < 4; i++) {
        at = put_decimal(at, v4[i]);
        *at++ = i < 3 ? '.' : '\0';
    }
    return at - 1;
}

static char *put_hex(char *at, unsigned value)
{
    bool started = false;
    for (int shift = 12; shift >= 0; shift -= 4) {
        unsigned digit = value >> shift & 15;
        started = started || digit != 0 || shift == 0;
        if (started)
            *at++ = "0123456789abcdef"[digit];
    }
    return at;
}

/* The groups [*from, *to) to be shortened: the longest run of zeros, the first of equals, and never
 * a single one (RFC 5952 4.2.2, 4.2.3). */
static void longest_zeros(const struct aksu_ip *ip, unsigned *from, unsigned *to)
{
    *from = *to = 8;
    for (unsigned i = 0, run = 0; i < 8; i++) {
        run = load_be16(&ip->octet[2 * i]) == 0 ? run + 1 : 0;
        if (run > 1 && run > *to - *from) {
            *from = i + 1 - run;
            *to = i + 1;
        }
    }
}

static char *put_v6(char *at, const struct aksu_ip *ip)
{
    unsigned from, to;
    longest_zeros(ip, &from, &to);
    for (unsigned i = 0; i < 8; i++) {
        if (i == from) {
            *at++ = ':';
            *at++ = ':';
            i = to;
            if (i == 8)
                break;
        } else if (i > 0) {
            *at++ = ':';
        }
        at = put_hex(at, load_be16(&ip->octet[2 * i]));
    }
    *at = '\0';
    return at;
}

size_t aksu_ip_format(const struct aksu_ip *ip, char out[AKSU_IP_TEXT])
{
    char *end = ip_is_v4(ip) ? put_v4(out, ip_v4(ip)) : put_v6(out, ip);
    return (size_t)(end - out);
}
