/* steps.c - which part of SEGMENT ARRIVES, and which of its steps, have something to do for a
 * segment (RFC 9293 3.10.7). Where one of them drops it, the event `dropped` says so. Uses no libc,
 * as event.c. Called by the JSON sink and by programs that show what a step does. */
#include "aksu/sink.h"
#include "base/bytes.h"

struct writing {
    char *out;
    size_t length;
};

static void add_octets(struct writing *w, const char *text, size_t length)
{
    if (length >= AKSU_STEPS_TEXT - w->length)
        length = AKSU_STEPS_TEXT - 1 - w->length;
    memcpy(w->out + w->length, text, length);
    w->length += length;
    w->out[w->length] = '\0';
}

/* Constants: the compiler knows their lengths. */
#define add(w, text) add_octets(w, text, sizeof(text) - 1)
#define step(w, has_work, text) \
    do { \
        if (has_work) { \
            begin_step(w); \
            add(w, text); \
        } \
    } while (0)

static void begin_step(struct writing *w)
{
    char last = w->out[w->length - 1];
    if (last >= '0' && last <= '9')
        add(w, " ");
    else
        add(w, ", ");
}

/* The steps that text and the control bits behind it have: RFC 9293 3.10.7.4. */
static void sixth_to_eighth(struct writing *w, const struct aksu_event_segment_in *e)
{
    step(w, (e->ctl & AKSU_URG) != 0, "sixth URG");
    step(w, e->len > 0, "seventh text");
    step(w, (e->ctl & AKSU_FIN) != 0, "eighth FIN");
}

static void listen_state(struct writing *w, uint8_t ctl)
{
    add(w, ".2");
    step(w, (ctl & AKSU_RST) != 0, "first RST");
    step(w, (ctl & (AKSU_RST | AKSU_ACK)) == AKSU_ACK, "second ACK");
    step(w, (ctl & (AKSU_RST | AKSU_ACK | AKSU_SYN)) == AKSU_SYN, "third SYN");
}

static void syn_sent_state(struct writing *w, const struct aksu_event_segment_in *e)
{
    bool ack = (e->ctl & AKSU_ACK) != 0, rst = (e->ctl & AKSU_RST) != 0;
    add(w, ".3");
    step(w, ack, "first ACK");
    step(w, rst, "second RST");
    if (rst)
        return;
    step(w, (e->ctl & AKSU_SYN) != 0, "fourth SYN");
    step(w, (e->ctl & AKSU_SYN) == 0, "fifth");
    if (ack && (e->ctl & AKSU_SYN) != 0)        /* otherwise the rest waits for ESTABLISHED */
        sixth_to_eighth(w, e);
}

/* RFC 9293 3.10.7.4. A SYN goes on only where it crossed ours: RFC 9293 3.5. */
static void other_states(struct writing *w, const struct aksu_event_segment_in *e)
{
    bool syn = (e->ctl & AKSU_SYN) != 0, ack = (e->ctl & AKSU_ACK) != 0;
    add(w, ".4 first");
    if (e->ctl & AKSU_RST) {
        step(w, true, "second RST");
        return;
    }
    step(w, syn, "fourth SYN");
    if (syn && !(ack && e->state == AKSU_TCP_SYN_RECEIVED))
        return;
    step(w, ack, "fifth ACK");
    step(w, !ack, "fifth");
    if (ack)
        sixth_to_eighth(w, e);
}

size_t aksu_segment_steps(const struct aksu_event_segment_in *e, char out[AKSU_STEPS_TEXT])
{
    struct writing w = { out, 0 };
    out[0] = '\0';
    add(&w, "RFC 9293 3.10.7");
    switch (e->state) {
    case AKSU_TCP_CLOSED:
        add(&w, ".1");
        break;
    case AKSU_TCP_LISTEN:
        listen_state(&w, e->ctl);
        break;
    case AKSU_TCP_SYN_SENT:
        syn_sent_state(&w, e);
        break;
    case AKSU_TCP_SYN_RECEIVED: case AKSU_TCP_ESTABLISHED: case AKSU_TCP_FIN_WAIT_1:
    case AKSU_TCP_FIN_WAIT_2: case AKSU_TCP_CLOSE_WAIT: case AKSU_TCP_CLOSING:
    case AKSU_TCP_LAST_ACK: case AKSU_TCP_TIME_WAIT:
        other_states(&w, e);
        break;
    case AKSU_TCP_STATE_COUNT:
        break;
    }
    return w.length;
}
