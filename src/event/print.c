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

void event_print_u64(struct print *p, uint64_t n)
{
    char digits[20];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    event_print_octets(p, digits + at, sizeof digits - at);
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
