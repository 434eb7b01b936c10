/* text.c - the log: one line per event, its fields expanded from events.def. A field that says
 * nothing (no options, no SACK blocks) is left out. */
#include "event/print.h"

#include <string.h>

static void name_field(struct print *p, const char *name)
{
    event_print_text(p, p->fields++ > 0 ? ", " : ": ");
    event_print_text(p, name);
    event_print_text(p, " ");
}

static void put_u64(struct print *p, const char *name, uint64_t value)
{
    name_field(p, name);
    event_print_u64(p, value);
}

static void put_text(struct print *p, const char *name, const char *value)
{
    name_field(p, name);
    event_print_text(p, value ? value : "-");
}

static void put_ctl(struct print *p, const char *name, uint8_t value)
{
    name_field(p, name);
    event_print_ctl(p, value);
}

static void put_has(struct print *p, const char *name, uint16_t value)
{
    const char *between = "", *option;

    if (value == 0)
        return;
    name_field(p, name);
    while ((option = event_option_name(&value)) != NULL) {
        event_print_text(p, between);
        event_print_text(p, option);
        between = "+";
    }
}

static void put_sacks(struct print *p, const char *name, struct aksu_sacks value)
{
    if (value.count == 0)
        return;
    name_field(p, name);
    for (uint32_t i = 0; i < value.count && i < 4; i++) {
        event_print_text(p, i > 0 ? " " : "");
        event_print_u64(p, value.block[i].left);
        event_print_text(p, "-");
        event_print_u64(p, value.block[i].right);
    }
}

static void put_ip(struct print *p, const char *name, struct aksu_ip value)
{
    name_field(p, name);
    event_print_ip(p, &value);
}

static void put_endpoint(struct print *p, const char *name, struct aksu_endpoint value)
{
    static const struct aksu_endpoint none;

    if (memcmp(&value, &none, sizeof none) == 0)
        return;
    name_field(p, name);
    event_print_endpoint(p, &value);
}

#define put_u8 put_u64
#define put_u16 put_u64
#define put_u32 put_u64
#define put_seq put_u64
#define put_bool(p, name, value) put_text(p, name, (value) ? "yes" : "no")
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

static void text_put(struct aksu_sink *sink, const struct aksu_event *event)
{
    struct aksu_text_sink *s = (struct aksu_text_sink *)sink;
    struct print p = { .writer = s->writer };

    if (s->first == AKSU_NEVER)
        s->first = event->at;
    event_print_seconds(&p, event->at > s->first ? event->at - s->first : 0);
    event_print_text(&p, " ");
    if (s->host) {
        event_print_text(&p, s->host);
        event_print_text(&p, " ");
    }
    if (event->conn != 0) {
        event_print_text(&p, "#");
        event_print_u64(&p, event->conn);
        event_print_text(&p, " ");
    }
    event_print_text(&p, aksu_event_sentence(event->kind));
    put_fields(&p, event);
    event_print_text(&p, "\n");
    event_print_flush(&p);
}

void aksu_text_init(struct aksu_text_sink *sink, struct aksu_writer writer, const char *host)
{
    *sink = (struct aksu_text_sink){ { text_put }, writer, host, AKSU_NEVER };
}
