/* json.c - one JSON object (RFC 8259) per line and event, its members expanded from events.def. A
 * capture makes a million lines a second: they grow in memory, at a pointer, not by a call for
 * each piece. */
#include "event/print.h"

#include <string.h>

struct line {
    struct aksu_writer writer;
    char text[2048];
};

/* Room for the name of a member and a value of any type but text, which makes room itself. */
enum { NAME_MOST = 64, MEMBER_MOST = 256 };

static char *flush(struct line *l, const char *end)
{
    l->writer.write(l->writer.context, l->text, (size_t)(end - l->text));
    return l->text;
}

static inline char *with_room(struct line *l, char *at)
{
    return l->text + sizeof l->text - at < MEMBER_MOST ? flush(l, at) : at;
}

static inline char *put_octets(char *at, const char *octets, size_t length)
{
    memcpy(at, octets, length);
    return at + length;
}

/* A constant: the compiler knows its length. */
#define PUT(at, constant) put_octets(at, constant, sizeof(constant) - 1)

/* Names of ours, in which nothing is to be escaped. */
static char *put_word(char *at, const char *word)
{
    *at++ = '"';
    at = put_octets(at, word, strlen(word));
    *at++ = '"';
    return at;
}

static char *put_string(struct line *l, char *at, const char *text)
{
    static const char hex[] = "0123456789abcdef";

    *at++ = '"';
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        at = with_room(l, at);
        if (c < 0x20 || c == 0x7f) {
            at = PUT(at, "\\u00");
            *at++ = hex[c >> 4];
            *at++ = hex[c & 15];
            continue;
        }
        if (c == '"' || c == '\\')
            *at++ = '\\';
        *at++ = *text;
    }
    *at++ = '"';
    return at;
}

static char *put_text(struct line *l, char *at, const char *value)
{
    return value ? put_string(l, at, value) : PUT(at, "null");
}

static char *put_u64(char *at, uint64_t value)
{
    if (value >= 10)
        return event_write_u64(at, value);
    *at++ = (char)('0' + value);
    return at;
}

static char *put_bool(char *at, bool value)
{
    return value ? PUT(at, "true") : PUT(at, "false");
}

static char *put_ctl(char *at, uint8_t value)
{
    *at++ = '"';
    at += value ? aksu_ctl_text(value, at) : 0;
    *at++ = '"';
    return at;
}

static char *put_has(char *at, uint16_t value)
{
    const char *option;

    *at++ = '[';
    for (bool first = true; (option = event_option_name(&value)) != NULL; first = false) {
        if (!first)
            *at++ = ',';
        at = put_word(at, option);
    }
    *at++ = ']';
    return at;
}

static char *put_sacks(char *at, const struct aksu_sacks *value)
{
    *at++ = '[';
    for (uint32_t i = 0; i < value->count && i < 4; i++) {
        at = i > 0 ? PUT(at, ",[") : PUT(at, "[");
        at = put_u64(at, value->block[i].left);
        *at++ = ',';
        at = put_u64(at, value->block[i].right);
        *at++ = ']';
    }
    *at++ = ']';
    return at;
}

static char *put_ip(char *at, const struct aksu_ip *value)
{
    *at++ = '"';
    at += aksu_ip_format(value, at);
    *at++ = '"';
    return at;
}

static char *put_endpoint(char *at, const struct aksu_endpoint *value)
{
    *at++ = '"';
    at += aksu_endpoint_text(value, at);
    *at++ = '"';
    return at;
}

static char *put_steps(char *at, const struct aksu_event_segment_in *e)
{
    at = PUT(at, ",\"steps\":\"");
    at += aksu_segment_steps(e, at);
    *at++ = '"';
    return at;
}

#define VALUE_u8(value) put_u64(at, value)
#define VALUE_u16(value) put_u64(at, value)
#define VALUE_u32(value) put_u64(at, value)
#define VALUE_u64(value) put_u64(at, value)
#define VALUE_seq(value) put_u64(at, value)
#define VALUE_bool(value) put_bool(at, value)
#define VALUE_ctl(value) put_ctl(at, value)
#define VALUE_has(value) put_has(at, value)
#define VALUE_sacks(value) put_sacks(at, &value)
#define VALUE_ip(value) put_ip(at, &value)
#define VALUE_endpoint(value) put_endpoint(at, &value)
#define VALUE_state(value) put_word(at, aksu_tcp_state_name(value))
#define VALUE_status(value) put_text(l, at, aksu_status_text(value))
#define VALUE_text(value) put_text(l, at, value)

#define F(type, field) \
    _Static_assert(sizeof ",\"" #field "\":" <= NAME_MOST, "the name of a member is long"); \
    at = PUT(with_room(l, at), ",\"" #field "\":"); \
    at = VALUE_##type(e->field);
#define EVENT(name, sentence, fields) \
    static char *put_event_##name(struct line *l, char *at, const struct aksu_event_##name *e) \
    { \
        at = PUT(at, ",\"event\":\"" #name "\""); \
        fields \
        return at; \
    }
#include "aksu/events.def"
#undef EVENT
#undef F

static char *put_event(struct line *l, char *at, const struct aksu_event *event)
{
    switch (event->kind) {
#define EVENT(name, sentence, fields) \
    case AKSU_EV_##name: return put_event_##name(l, at, &event->name);
#include "aksu/events.def"
#undef EVENT
    case AKSU_EV_COUNT: break;
    }
    return PUT(at, ",\"event\":\"unknown\"");
}

static void json_put(struct aksu_sink *sink, const struct aksu_event *event)
{
    const struct aksu_json_sink *s = (const struct aksu_json_sink *)sink;
    struct line l;
    char *at = l.text;

    l.writer = s->writer;
    at = PUT(at, "{\"at\":");
    at = put_u64(at, event->at);
    if (s->host)
        at = put_string(&l, PUT(at, ",\"host\":"), s->host);
    at = PUT(with_room(&l, at), ",\"conn\":");
    at = put_event(&l, put_u64(at, event->conn), event);
    if (event->kind == AKSU_EV_segment_in)
        at = put_steps(with_room(&l, at), &event->segment_in);
    at = PUT(with_room(&l, at), "}\n");
    (void)flush(&l, at);
}

void aksu_json_init(struct aksu_json_sink *sink, struct aksu_writer writer, const char *host)
{
    *sink = (struct aksu_json_sink){ { json_put }, writer, host };
}
