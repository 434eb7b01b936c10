/* json.c - one JSON object (RFC 8259) per line and event, its members expanded from events.def. */
#include "event/print.h"

static void put_string(struct print *p, const char *text)
{
    static const char hex[] = "0123456789abcdef";

    event_print_text(p, "\"");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == 0x7f) {
            char escape[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };
            event_print_octets(p, escape, sizeof escape);
            continue;
        }
        if (c == '"' || c == '\\')
            event_print_text(p, "\\");
        event_print_octets(p, text, 1);
    }
    event_print_text(p, "\"");
}

static void put_name(struct print *p, const char *name)
{
    event_print_text(p, ",");
    put_string(p, name);
    event_print_text(p, ":");
}

static void put_u64(struct print *p, const char *name, uint64_t value)
{
    put_name(p, name);
    event_print_u64(p, value);
}

static void put_bool(struct print *p, const char *name, bool value)
{
    put_name(p, name);
    event_print_text(p, value ? "true" : "false");
}

static void put_text(struct print *p, const char *name, const char *value)
{
    put_name(p, name);
    if (value)
        put_string(p, value);
    else
        event_print_text(p, "null");
}

static void put_ctl(struct print *p, const char *name, uint8_t value)
{
    char text[AKSU_CTL_TEXT];

    aksu_ctl_text(value, text);
    put_text(p, name, value ? text : "");
}

static void put_has(struct print *p, const char *name, uint16_t value)
{
    const char *between = "", *option;

    put_name(p, name);
    event_print_text(p, "[");
    while ((option = event_option_name(&value)) != NULL) {
        event_print_text(p, between);
        put_string(p, option);
        between = ",";
    }
    event_print_text(p, "]");
}

static void put_sacks(struct print *p, const char *name, struct aksu_sacks value)
{
    put_name(p, name);
    event_print_text(p, "[");
    for (uint32_t i = 0; i < value.count && i < 4; i++) {
        event_print_text(p, i > 0 ? ",[" : "[");
        event_print_u64(p, value.block[i].left);
        event_print_text(p, ",");
        event_print_u64(p, value.block[i].right);
        event_print_text(p, "]");
    }
    event_print_text(p, "]");
}

static void put_ip(struct print *p, const char *name, struct aksu_ip value)
{
    put_name(p, name);
    event_print_text(p, "\"");
    event_print_ip(p, &value);
    event_print_text(p, "\"");
}

static void put_endpoint(struct print *p, const char *name, struct aksu_endpoint value)
{
    put_name(p, name);
    event_print_text(p, "\"");
    event_print_endpoint(p, &value);
    event_print_text(p, "\"");
}

#define put_u8 put_u64
#define put_u16 put_u64
#define put_u32 put_u64
#define put_seq put_u64
#define put_state(p, name, value) put_text(p, name, aksu_tcp_state_name(value))
#define put_status(p, name, value) put_text(p, name, aksu_status_text(value))

#define F(type, field) put_##type(p, #field, e->field);
#define EVENT(name, sentence, fields) \
    static void put_event_##name(struct print *p, const struct aksu_event_##name *e) { fields }
#include "aksu/events.def"
#undef EVENT
#undef F

static void put_fields(struct print *p, const struct aksu_event *event)
{
    switch (event->kind) {
#define EVENT(name, sentence, fields) \
    case AKSU_EV_##name: put_event_##name(p, &event->name); break;
#include "aksu/events.def"
#undef EVENT
    case AKSU_EV_COUNT: break;
    }
}

static void json_put(struct aksu_sink *sink, const struct aksu_event *event)
{
    struct aksu_json_sink *s = (struct aksu_json_sink *)sink;
    struct print p = { .writer = s->writer };

    event_print_text(&p, "{\"at\":");
    event_print_u64(&p, event->at);
    if (s->host)
        put_text(&p, "host", s->host);
    put_u64(&p, "conn", event->conn);
    put_text(&p, "event", aksu_event_name(event->kind));
    put_fields(&p, event);
    if (event->kind == AKSU_EV_segment_in) {
        char steps[AKSU_STEPS_TEXT];
        (void)aksu_segment_steps(&event->segment_in, steps);
        put_text(&p, "steps", steps);
    }
    event_print_text(&p, "}\n");
    event_print_flush(&p);
}

void aksu_json_init(struct aksu_json_sink *sink, struct aksu_writer writer, const char *host)
{
    *sink = (struct aksu_json_sink){ { json_put }, writer, host };
}
