/* print.c - see print.h. Called by the text, JSON and ladder sinks. */
#include "event/print.h"

#include <string.h>

void event_print_flush(struct print *p)
{
    if (p->used > 0)
        p->writer.write(p->writer.context, p->text, p->used);
    p->used = 0;
}

void event_print_octets(struct print *p, const char *text, size_t length)
{
    if (length > sizeof p->text - p->used)
        event_print_flush(p);
    if (length > sizeof p->text) {
        p->writer.write(p->writer.context, text, length);
        return;
    }
    memcpy(p->text + p->used, text, length);
    p->used += length;
}

void event_print_text(struct print *p, const char *text)
{
    event_print_octets(p, text, strlen(text));
}

/* How many digits n has: 1233 / 4096 is little more than the decimal logarithm of 2. */
static unsigned digits_of(uint64_t n)
{
    static const uint64_t least[EVENT_U64_TEXT] = { 0, 10, 100, 1000, 10000, 100000, 1000000,
        10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
        10000000000000, 100000000000000, 1000000000000000, 10000000000000000,
        100000000000000000, 1000000000000000000, 10000000000000000000u };
    unsigned bits = 64 - (unsigned)__builtin_clzll(n | 1), guess = bits * 1233 >> 12;

    return guess + (n >= least[guess]);
}

char *event_write_u64(char *at, uint64_t n)
{
    static const char pair[] =
        "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243"
        "4445464748495051525354555657585960616263646566676869707172737475767778798081828384858687"
        "888990919293949596979899";
    char *end = at + digits_of(n), *to = end;

    for (; n >= 10; n /= 100)
        memcpy(to -= 2, &pair[n % 100 * 2], 2);
    if (to > at)
        *at = (char)('0' + n);
    return end;
}

void event_print_u64(struct print *p, uint64_t n)
{
    char digits[EVENT_U64_TEXT];

    event_print_octets(p, digits, (size_t)(event_write_u64(digits, n) - digits));
}

void event_print_ctl(struct print *p, uint8_t ctl)
{
    char text[AKSU_CTL_TEXT];

    event_print_octets(p, text, aksu_ctl_text(ctl, text));
}

void event_print_endpoint(struct print *p, const struct aksu_endpoint *end)
{
    char text[AKSU_ENDPOINT_TEXT];

    event_print_octets(p, text, aksu_endpoint_text(end, text));
}

void event_print_ip(struct print *p, const struct aksu_ip *ip)
{
    char text[AKSU_IP_TEXT];

    event_print_octets(p, text, aksu_ip_format(ip, text));
}

void event_print_seconds(struct print *p, aksu_time time)
{
    uint32_t fraction = (uint32_t)(time % 1000000000u / 1000u);
    char digits[7] = ".";

    event_print_u64(p, time / 1000000000u);
    for (size_t i = 6; i > 0; i--, fraction /= 10)
        digits[i] = (char)('0' + fraction % 10);
    event_print_octets(p, digits, sizeof digits);
}

const char *event_option_name(uint16_t *has)
{
    static const struct { uint16_t bit; const char *name; } options[] = {
        { AKSU_HAS_MSS, "mss" }, { AKSU_HAS_WINDOW_SCALE, "window-scale" },
        { AKSU_HAS_SACK_PERMITTED, "sack-permitted" }, { AKSU_HAS_TIMESTAMPS, "timestamps" },
        { AKSU_HAS_USER_TIMEOUT, "user-timeout" }, { AKSU_HAS_FAST_OPEN, "fast-open" },
        { AKSU_HAS_SACK, "sack" }, { AKSU_HAS_UNKNOWN, "unknown" }, { AKSU_HAS_FAULT, "fault" },
        { AKSU_HAS_AO, "ao" }, { AKSU_HAS_AO_FAULT, "ao-fault" },
    };

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (*has & options[i].bit) {
            *has = (uint16_t)(*has & ~options[i].bit);
            return options[i].name;
        }
    }
    *has = 0;
    return NULL;
}
