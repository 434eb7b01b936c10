/* isn.c - S03: initial sequence numbers are a clock and a keyed hash of the four-tuple (RFC 6528 3,
 * RFC 9293 3.4.1), so that a segment of an earlier incarnation does not fit into a later one. What
 * would happen if both had begun with the same number is shown with that segment, its numbers moved
 * to where they would be then. */
#include <string.h>

#include "lab/forge.h"

enum { PORT = 80, CLOSED_PORT = 81, OWN_PORT = 40000, OPENS = 7, FIRST_MS = 300, SECOND_MS = 500,
       LATE_MS = 900, REST_MS = 920, END_MS = 2000, US_A_TICK = 4 };
static const char OLD_ONE[] = "old ", OLD_TWO[] = "TEXT", NEW_ONE[] = "new ", NEW_TWO[] = "text";

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 0, 100, W_knob_delay },
};

/* --- what they are made of --- */

/* The OPENs of the first act: when, and from which port. */
static const struct {
    unsigned ms;
    uint16_t port;
} opens[OPENS] = { { 0, 40000 }, { 0, 40001 }, { 0, 40002 }, { 500, 40000 }, { 1000, 40000 },
                   { 1000, 40001 }, { 1000, 40002 } };

struct many {
    struct lab_host *client, *server;
    unsigned done;
    uint32_t isn[OPENS];
};

static void open_next(struct lab *lab, void *context)
{
    struct many *m = context;
    (void)lab_open(lab, m->client, m->server, CLOSED_PORT,
                   &(struct aksu_open){ .local.port = opens[m->done++].port });
}

/* The last one from this port before the nth; -1: none. */
static int before(unsigned nth)
{
    int i = (int)nth - 1;
    while (i >= 0 && opens[i].port != opens[nth].port)
        i--;
    return i;
}

static bool far_apart(uint32_t a, uint32_t b)
{
    return a - b > 1000000 && b - a > 1000000;
}

static void made_of(struct lab *lab)
{
    static const enum lab_words heads[] = { W_isn_head_at, W_isn_head_port, W_isn_head_isn,
                                            W_isn_head_more, W_isn_head_ticks };
    struct many m = { 0 };
    m.client = lab_host(lab, "client", NULL);
    m.server = lab_host(lab, "server", NULL);
    lab_cable(lab, m.client, m.server, NULL);
    lab_show(lab, NULL, NULL);
    for (unsigned i = 0; i < OPENS; i++)
        lab_at(lab, AKSU_MS(opens[i].ms), open_next, &m);
    lab_run(lab, AKSU_SECONDS(20));
    bool never = true, clock = true;
    lab_table(lab, W_isn_table, 5, heads);
    for (unsigned i = 0; i < OPENS; i++) {
        const struct lab_said *syn = lab_segment(lab, m.client, AKSU_SYN, AKSU_SYN, i);
        m.isn[i] = syn != NULL ? syn->event.segment_out.seq : 0;
        int last = before(i);
        uint32_t ticks = last < 0 ? 0 : (opens[i].ms - opens[last].ms) * 1000 / US_A_TICK;
        uint32_t more = last < 0 ? 0 : m.isn[i] - m.isn[last];
        never &= m.isn[i] != 0;
        clock &= more == ticks;
        const char *cells[] = {
            lab_ms(lab, AKSU_MS(opens[i].ms)), lab_number(lab, opens[i].port),
            lab_number(lab, m.isn[i]), last < 0 ? "-" : lab_number(lab, more),
            last < 0 ? "-" : lab_number(lab, ticks) };
        lab_row(lab, cells);
    }
    lab_check(lab, never, W_isn_check_never_zero);
    lab_check(lab, clock, W_isn_check_clock);
    lab_check(lab, far_apart(m.isn[0], m.isn[1]) && far_apart(m.isn[1], m.isn[2])
              && far_apart(m.isn[0], m.isn[2]), W_isn_check_key);
}

/* --- two incarnations --- */

struct stage {
    struct lab_host *client, *server;
    struct aksu_sim_cable *cable;
    struct lab_listener *listener;
    struct lab_end *end[2];     /* the client's, of both incarnations */
    const struct forge_frame *old;      /* the segment with OLD_TWO */
    bool same;                  /* as if both had begun with the same number */
};

static void tell_two(struct lab *lab, void *context)
{
    const struct stage *s = context;
    (void)lab;
    lab_tell(s->end[0], OLD_TWO);
}

static void abort_first(struct lab *lab, void *context)
{
    const struct stage *s = context;
    (void)lab;
    lab_abort(s->end[0]);
}

static struct lab_end *open_here(struct lab *lab, struct stage *s, const char *words)
{
    struct lab_end *end = lab_open(lab, s->client, s->server, PORT,
                                   &(struct aksu_open){ .local.port = OWN_PORT });
    lab_tell(end, words);
    return end;
}

static void open_second(struct lab *lab, void *context)
{
    struct stage *s = context;
    s->end[1] = open_here(lab, s, NEW_ONE);
}

static void comes_late(struct lab *lab, void *context)
{
    const struct stage *s = context;
    struct aksu_info at;
    lab_note(s->end[1], s->same ? W_isn_note_same : W_isn_note_late);
    if (!s->same || !lab_status(lab_accepted(s->listener, 1), &at)) {
        forge_send(s->cable, 0, s->old);
        return;
    }
    struct forge_frame moved = forge_segment(&(struct forge_segment){
        .from = { lab_address(s->client), OWN_PORT }, .to = { lab_address(s->server), PORT },
        .ctl = AKSU_PSH | AKSU_ACK, .seq = at.irs + 1 + (uint32_t)strlen(OLD_ONE),
        .ack = at.iss + 1, .wnd = 8192, .text = OLD_TWO, .length = (unsigned)strlen(OLD_TWO) });
    forge_send(s->cable, 0, &moved);
    (void)lab;
}

static void tell_rest(struct lab *lab, void *context)
{
    const struct stage *s = context;
    (void)lab;
    lab_tell(s->end[1], NEW_TWO);
}

static void play(struct lab *lab, struct stage *s)
{
    const struct aksu_sim_host how = { .stack = { .no_timestamps = true,
                                                   .no_dsack = true } };
    s->client = lab_host(lab, "client", &how);
    s->server = lab_host(lab, "server", &how);
    s->cable = lab_cable(lab, s->client, s->server, NULL);
    s->listener = lab_listen(lab, s->server, &(struct aksu_listen){ .local.port = PORT });
    s->listener->words = true;
    s->old = forge_capture(lab, s->cable, 0, AKSU_SYN | AKSU_PSH, AKSU_PSH, 1);
    s->end[0] = open_here(lab, s, OLD_ONE);
    lab_at(lab, AKSU_MS(FIRST_MS), tell_two, s);
    lab_at(lab, AKSU_MS(SECOND_MS), abort_first, s);
    lab_at(lab, AKSU_MS(SECOND_MS + 1), open_second, s);
    lab_at(lab, AKSU_MS(LATE_MS), comes_late, s);
    lab_at(lab, AKSU_MS(REST_MS), tell_rest, s);
    lab_run(lab, AKSU_MS(END_MS));
}

/* The segment that arrived at the server when the old one was due, and what was said next. */
static const struct lab_said *late_one(const struct lab *lab, const struct stage *s,
                                       const struct lab_said **next)
{
    aksu_time due = AKSU_MS(LATE_MS) + lab_delay(lab);
    for (unsigned i = 0; i < lab_said_count(lab); i++) {
        const struct lab_said *said = lab_said(lab, i);
        *next = lab_said(lab, i + 1);
        if (said->host == s->server && said->event.kind == AKSU_EV_segment_in && said->at == due)
            return said;
    }
    return NULL;
}

/* Both incarnations, by the numbers with which they began. */
static void show(struct lab *lab, const struct stage *s, uint32_t isn[2])
{
    for (unsigned i = 0; i < 2; i++) {
        const struct lab_said *syn = lab_segment(lab, s->client, AKSU_SYN, AKSU_SYN, i);
        isn[i] = syn != NULL ? syn->event.segment_out.seq : 0;
    }
    lab_fact_count(lab, W_isn_first, isn[0]);
    lab_fact_count(lab, W_isn_second, isn[1]);
    lab_fact_text(lab, W_isn_heard, lab_accepted(s->listener, 1)->heard);
}

static void refused(struct lab *lab)
{
    struct stage s = { 0 };
    const struct lab_said *next = NULL;
    uint32_t isn[2];
    play(lab, &s);
    show(lab, &s, isn);
    const struct lab_said *late = late_one(lab, &s, &next);
    const struct lab_end *second = lab_accepted(s.listener, 1);
    uint32_t seq = late != NULL ? late->event.segment_in.seq : 0;
    lab_fact_count(lab, W_isn_seq, seq);
    lab_check(lab, isn[1] - isn[0] == AKSU_MS(SECOND_MS + 1) / AKSU_US(US_A_TICK),
              W_isn_check_second);
    lab_check(lab, late != NULL && seq == isn[0] + 1 + strlen(OLD_ONE)
              && late->event.segment_in.len == strlen(OLD_TWO), W_isn_check_late);
    lab_check(lab, next != NULL && next->event.kind == AKSU_EV_dropped, W_isn_check_dropped);
    const struct lab_said *ack = NULL;
    for (unsigned i = 0; late != NULL && i < lab_said_count(lab) && ack == NULL; i++)
        if (lab_said(lab, i)->at == late->at && lab_said(lab, i)->host == s.server
            && lab_said(lab, i)->event.kind == AKSU_EV_segment_out)
            ack = lab_said(lab, i);
    lab_check(lab, ack != NULL && ack->event.segment_out.ack == isn[1] + 1 + strlen(NEW_ONE),
              W_isn_check_ack);
    lab_check(lab, strcmp(second->heard, "new text") == 0, W_isn_check_right);
}

static void the_same(struct lab *lab)
{
    struct stage s = { .same = true };
    const struct lab_said *next = NULL;
    uint32_t isn[2];
    play(lab, &s);
    show(lab, &s, isn);
    const struct lab_said *late = late_one(lab, &s, &next);
    lab_check(lab, late != NULL && late->event.segment_in.len == strlen(OLD_TWO)
              && (next == NULL || next->event.kind != AKSU_EV_dropped), W_isn_check_taken);
    lab_check(lab, strcmp(lab_accepted(s.listener, 1)->heard, "new TEXT") == 0,
              W_isn_check_corrupt);
    lab_check(lab, s.end[1] != NULL && s.end[1]->sent == strlen("new text") && !s.end[1]->failed,
              W_isn_check_unaware);
}

static const struct lab_act acts[] = {
    { W_isn_made_title, W_isn_made_text, made_of, NULL },
    { W_isn_refused_title, W_isn_refused_text, refused, NULL },
    { W_isn_same_title, W_isn_same_text, the_same, NULL },
};

const struct lab_scenario lab_isn = {
    .id = "S03", .name = "isn", .title = W_isn_title, .text = W_isn_text,
    .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
};
