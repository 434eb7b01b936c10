/* event.c - the names of events, states and control bits. Uses no libc, so that the core may call
 * it. */
#include "aksu/event.h"
#include "aksu/sink.h"
#include "base/ip_addr.h"

const char *aksu_event_name(enum aksu_event_kind kind)
{
    static const char *const names[AKSU_EV_COUNT] = {
#define EVENT(name, sentence, fields) #name,
#include "aksu/events.def"
#undef EVENT
    };
    return (unsigned)kind < AKSU_EV_COUNT ? names[kind] : "unknown";
}

const char *aksu_event_sentence(enum aksu_event_kind kind)
{
    static const char *const sentences[AKSU_EV_COUNT] = {
#define EVENT(name, sentence, fields) sentence,
#include "aksu/events.def"
#undef EVENT
    };
    return (unsigned)kind < AKSU_EV_COUNT ? sentences[kind] : "unknown event";
}

/* RFC 9293 3.3.2 */
const char *aksu_tcp_state_name(enum aksu_tcp_state state)
{
    static const char *const names[AKSU_TCP_STATE_COUNT] = {
        "CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2",
        "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT",
    };
    return (unsigned)state < AKSU_TCP_STATE_COUNT ? names[state] : "UNKNOWN";
}

/* SYN, FIN and RST first, as the figures of RFC 9293 3.5 write them. */
size_t aksu_ctl_text(uint8_t ctl, char out[AKSU_CTL_TEXT])
{
    static const struct { uint8_t bit; char name[4]; } bits[] = {
        { AKSU_SYN, "SYN" }, { AKSU_FIN, "FIN" }, { AKSU_RST, "RST" }, { AKSU_PSH, "PSH" },
        { AKSU_ACK, "ACK" }, { AKSU_URG, "URG" }, { AKSU_ECE, "ECE" }, { AKSU_CWR, "CWR" },
    };
    size_t length = 0;

    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        if (!(ctl & bits[i].bit))
            continue;
        if (length > 0)
            out[length++] = ',';
        for (size_t j = 0; j < 3; j++)
            out[length++] = bits[i].name[j];
    }
    if (length == 0)
        out[length++] = '-';
    out[length] = '\0';
    return length;
}

size_t aksu_endpoint_text(const struct aksu_endpoint *end, char out[AKSU_ENDPOINT_TEXT])
{
    bool v6 = !ip_is_v4(&end->ip);
    char *at = out, digits[5];
    size_t count = 0;
    unsigned port = end->port;

    if (v6)
        *at++ = '[';
    at += aksu_ip_format(&end->ip, at);
    if (v6)
        *at++ = ']';
    *at++ = ':';
    do
        digits[count++] = (char)('0' + port % 10);
    while ((port /= 10) > 0);
    while (count > 0)
        *at++ = digits[--count];
    *at = '\0';
    return (size_t)(at - out);
}
