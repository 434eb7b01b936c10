/* simultaneous_open.c - S07: both ends OPEN actively, and their SYNs cross (RFC 9293 3.5 [MUST-10],
 * its Figure 7): one connection, four segments, no server. */
#include <string.h>

#include "lab/stage.h"

enum { LEFT_PORT = 40000, RIGHT_PORT = 40001 };
static const char LEFT_TEXT[] = "from left", RIGHT_TEXT[] = "from right";

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 1, 400, W_knob_delay },
    { "later", LAB_MS, 0, 0, 399, W_simultaneous_open_knob },
};

struct stage {
    struct lab_host *host[2];
    struct lab_end *end[2];
    aksu_time later;            /* the second opens so long after the first */
};

static void open_right(struct lab *lab, void *context)
{
    struct stage *s = context;
    s->end[1] = lab_open(lab, s->host[1], s->host[0], LEFT_PORT,
                         &(struct aksu_open){ .local.port = RIGHT_PORT });
    s->end[1]->words = true;
}

static void set_up(struct lab *lab, struct stage *s)
{
    s->host[0] = lab_host(lab, "left", NULL);
    s->host[1] = lab_host(lab, "right", NULL);
    lab_cable(lab, s->host[0], s->host[1], NULL);
    lab_at(lab, s->later, open_right, s);
    s->end[0] = lab_open(lab, s->host[0], s->host[1], RIGHT_PORT,
                         &(struct aksu_open){ .local.port = LEFT_PORT });
    s->end[0]->words = true;
}

/* --- crossing --- */

static const struct lab_said *entered(const struct lab *lab, const struct lab_host *host,
                                      enum aksu_tcp_state from, enum aksu_tcp_state to)
{
    const struct lab_said *said;
    for (unsigned i = 0; (said = lab_event(lab, host, AKSU_EV_state, i)) != NULL; i++)
        if (said->event.state.from == from && said->event.state.to == to)
            return said;
    return NULL;
}

/* The path through the states, and when: the peer's SYN comes first, then its SYN,ACK. */
static bool walked(const struct lab *lab, const struct stage *s, unsigned i)
{
    aksu_time peer = i == 0 ? s->later : 0, own = i == 0 ? 0 : s->later, d = lab_delay(lab);
    const struct lab_said *a, *b, *c;
    a = entered(lab, s->host[i], AKSU_TCP_CLOSED, AKSU_TCP_SYN_SENT);
    b = entered(lab, s->host[i], AKSU_TCP_SYN_SENT, AKSU_TCP_SYN_RECEIVED);
    c = entered(lab, s->host[i], AKSU_TCP_SYN_RECEIVED, AKSU_TCP_ESTABLISHED);
    return a != NULL && b != NULL && c != NULL && a->at == own && b->at == peer + d
        && c->at == own + 2 * d;
}

static bool answers(const struct lab *lab, const struct stage *s, unsigned i)
{
    const struct lab_said *syn = lab_segment(lab, s->host[i], AKSU_SYN | AKSU_ACK, AKSU_SYN, 0);
    const struct lab_said *both = lab_segment(lab, s->host[i], AKSU_SYN | AKSU_ACK,
                                              AKSU_SYN | AKSU_ACK, 0);
    const struct lab_said *peer = lab_segment(lab, s->host[1 - i], AKSU_SYN | AKSU_ACK,
                                              AKSU_SYN, 0);
    return syn != NULL && both != NULL && peer != NULL
        && both->event.segment_out.seq == syn->event.segment_out.seq
        && both->event.segment_out.ack == peer->event.segment_out.seq + 1;
}

static void crossing(struct lab *lab)
{
    struct stage s = { .later = AKSU_MS(lab_value(lab, "later")) };
    bool crosses = s.later < lab_delay(lab);
    set_up(lab, &s);
    lab_run(lab, s.later + lab_delay(lab) * 3 / 2);
    if (s.end[1] == NULL)
        return;
    lab_look(lab, W_simultaneous_open_look, s.end[0], s.end[1]);
    lab_run(lab, s.later + 3 * lab_delay(lab));
    if (crosses)
        lab_check(lab, lab_segments(lab, NULL, 0, 0) == 4
                  && lab_segments(lab, NULL, AKSU_SYN, AKSU_SYN) == 4,
                  W_simultaneous_open_check_four);
    lab_tell(s.end[0], LEFT_TEXT);
    lab_tell(s.end[1], RIGHT_TEXT);
    lab_run(lab, s.later + 6 * lab_delay(lab) + AKSU_SECONDS(1));
    if (!crosses)
        return;
    lab_check(lab, walked(lab, &s, 0) && walked(lab, &s, 1), W_simultaneous_open_check_states);
    lab_check(lab, answers(lab, &s, 0) && answers(lab, &s, 1), W_simultaneous_open_check_same);
    lab_check(lab, lab_events(lab, s.host[0], AKSU_EV_opened) == 1
              && lab_events(lab, s.host[1], AKSU_EV_opened) == 1, W_simultaneous_open_check_one);
    lab_check(lab, strcmp(s.end[0]->heard, RIGHT_TEXT) == 0
              && strcmp(s.end[1]->heard, LEFT_TEXT) == 0, W_simultaneous_open_check_text);
}

/* --- missing each other --- */

static void missed(struct lab *lab)
{
    struct stage s = { .later = 3 * lab_delay(lab) };
    set_up(lab, &s);
    lab_run(lab, s.later + 4 * lab_delay(lab));
    if (s.end[1] == NULL)
        return;
    lab_check(lab, s.end[0]->failed && s.end[0]->reason == AKSU_REFUSED
              && s.end[0]->failed_at == 2 * lab_delay(lab), W_simultaneous_open_check_refused);
    lab_check(lab, s.end[1]->failed && s.end[1]->reason == AKSU_REFUSED
              && s.end[1]->failed_at == s.later + 2 * lab_delay(lab),
              W_simultaneous_open_check_too);
    lab_check(lab, lab_segments(lab, NULL, AKSU_SYN, AKSU_SYN) == 2
              && lab_segments(lab, NULL, AKSU_RST, AKSU_RST) == 2,
              W_simultaneous_open_check_two);
}

static const struct lab_act acts[] = {
    { W_simultaneous_open_cross_title, W_simultaneous_open_cross_text, crossing, NULL },
    { W_simultaneous_open_miss_title, W_simultaneous_open_miss_text, missed, NULL },
};

const struct lab_scenario lab_simultaneous_open = {
    .id = "S07", .name = "simultaneous-open", .title = W_simultaneous_open_title,
    .text = W_simultaneous_open_text,
    .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
    .tells = { "later" },
};
