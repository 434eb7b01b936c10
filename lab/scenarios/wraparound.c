/* wraparound.c - S17: sequence numbers are counted modulo 2^32 (RFC 9293 3.4), and what tells an
 * old segment from a new one with the same numbers: PAWS (RFC 7323 5). No number is set: the clock
 * of ISNs goes round in 4 h 46 min (RFC 6528 3), so a connection gets the ISN that it needs when it
 * is opened at the right time. */
#include <string.h>

#include "lab/forge.h"
#include "lab/trail.h"

enum { PORT = 80, CLIENT_PORT = 5000, BEFORE = 5000, TEXT = 12000, TICK_US = 4, HALF_MS = 500,
       CHALLENGES = 2 /* a second: fewer lines when both ends contradict each other */ };

static const char OLD[] = "pay 900 to Mallory", NEW[] = "pay 001 to Barbara";

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 1, 400, W_knob_delay },
    { "no-timestamps", LAB_FLAG, 0, 0, 1, W_wraparound_knob_no_timestamps },
};

struct stage {
    struct lab_host *client, *server;
    struct aksu_sim_cable *cable;
    struct lab_listener *listener;
    struct lab_end *end;
    const struct forge_frame *old;
};

static void set_up(struct lab *lab, struct stage *s, bool no_timestamps)
{
    struct aksu_sim_host how = { .stack.no_timestamps = no_timestamps };
    how.stack.challenge_acks = CHALLENGES;
    *s = (struct stage){ .client = lab_host(lab, "client", &how),
                         .server = lab_host(lab, "server", &how) };
    s->cable = lab_cable(lab, s->client, s->server, NULL);
    s->listener = lab_listen(lab, s->server, &(struct aksu_listen){ .local.port = PORT });
}

static void opens(struct lab *lab, void *context)
{
    struct stage *s = context;
    s->end = lab_open(lab, s->client, s->server, PORT,
                      &(struct aksu_open){ .local.port = CLIENT_PORT });
}

/* --- across a border --- */

/* When a connection that is opened has this ISN: one that is opened and closed now, before its SYN
 * has left, tells where the clock stands. */
static aksu_time time_of_isn(struct lab *lab, struct stage *s, uint32_t isn)
{
    struct aksu_info info = { .iss = 0 };
    lab_show(lab, NULL, NULL);
    opens(lab, s);
    (void)lab_status(s->end, &info);
    lab_close(s->end);
    lab_show(lab, s->client, s->server);
    return lab_now(lab) + AKSU_US((uint64_t)(uint32_t)(isn - info.iss) * TICK_US);
}

static bool is_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static void row(struct lab *lab, const struct aksu_event_segment_out *s, uint32_t border)
{
    uint32_t next = s->seq + s->len;
    lab_row(lab, (const char *[]){
        lab_number(lab, s->seq), lab_number(lab, s->len), lab_number(lab, next),
        is_before(s->seq, border) && is_before(border, next)
            ? lab_words(lab, W_wraparound_cell_here) : "" });
}

/* Each segment begins where the one before it ended, modulo 2^32, and one of them crosses. */
static void check_segments(struct lab *lab, const struct stage *s, uint32_t border)
{
    static const enum lab_words heads[] = { W_wraparound_head_seq, W_wraparound_head_len,
                                            W_wraparound_head_next, W_wraparound_head_border };
    uint32_t next = border - BEFORE + 1;
    unsigned gaps = 0, crossings = 0, smaller = 0;
    lab_table(lab, W_wraparound_table, 4, heads);
    for (unsigned i = 0, rows = 0; i < lab_said_count(lab); i++) {
        const struct aksu_event *e = &lab_said(lab, i)->event;
        if (lab_said(lab, i)->host != s->client || e->kind != AKSU_EV_segment_out
            || e->segment_out.len == 0)
            continue;
        gaps += e->segment_out.seq != next;
        next = e->segment_out.seq + e->segment_out.len;
        crossings += is_before(e->segment_out.seq, border) && is_before(border, next);
        smaller += next < e->segment_out.seq;
        if (rows++ < 12)
            row(lab, &e->segment_out, border);
    }
    lab_check(lab, gaps == 0 && next == border - BEFORE + 1 + TEXT, W_wraparound_check_follow);
    lab_check(lab, crossings == 1 && smaller == (border == 0), W_wraparound_check_cross);
}

/* The last acknowledgment is, as a plain number, smaller than the first (or, as a signed one). */
static void check_acks(struct lab *lab, const struct stage *s, uint32_t border)
{
    const struct lab_said *first = lab_event(lab, s->server, AKSU_EV_segment_out, 0);
    const struct lab_said *last = first;
    for (unsigned i = 1; i < lab_events(lab, s->server, AKSU_EV_segment_out); i++)
        last = lab_event(lab, s->server, AKSU_EV_segment_out, i);
    bool both = first != NULL && last != NULL;
    uint32_t a = both ? first->event.segment_out.ack : 0;
    uint32_t b = both ? last->event.segment_out.ack : 0;
    lab_check(lab, both && b - a == TEXT && is_before(a, b)
              && (border == 0 ? b < a : (int32_t)b < 0 && (int32_t)a > 0),
              border == 0 ? W_wraparound_check_ack : W_wraparound_check_ack_signed);
}

static void cross(struct lab *lab, uint32_t border)
{
    struct stage s;
    set_up(lab, &s, false);
    aksu_time at = time_of_isn(lab, &s, border - BEFORE);
    lab_at(lab, at, opens, &s);
    lab_run(lab, at);
    lab_send(s.end, TEXT);
    lab_run(lab, at + AKSU_SECONDS(60));
    const struct lab_end *server = lab_accepted(s.listener, 0);
    const struct lab_said *syn = lab_segment(lab, s.client, AKSU_SYN, AKSU_SYN, 0);
    lab_check(lab, syn != NULL && syn->event.segment_out.seq == border - BEFORE,
              W_wraparound_check_isn);
    check_segments(lab, &s, border);
    check_acks(lab, &s, border);
    lab_check(lab, server->received == TEXT && server->wrong == 0
              && lab_events(lab, s.client, AKSU_EV_retransmit) == 0
              && lab_events(lab, NULL, AKSU_EV_dropped) == 0, W_wraparound_check_arrived);
    if (syn != NULL)
        lab_fact_count(lab, W_wraparound_isn, syn->event.segment_out.seq);
    lab_fact_time(lab, W_wraparound_opened_at, at);
}

static void across_32(struct lab *lab)
{
    cross(lab, 0);
}

static void across_31(struct lab *lab)
{
    cross(lab, UINT32_C(1) << 31);
}

/* --- an old segment, once the numbers have gone round --- */

static void says_old(struct lab *lab, void *context)
{
    struct stage *s = context;
    (void)lab;
    lab_tell(s->end, OLD);
}

static void says_new(struct lab *lab, void *context)
{
    struct stage *s = context;
    (void)lab;
    lab_tell(s->end, NEW);
}

static void closes(struct lab *lab, void *context)
{
    struct stage *s = context;
    (void)lab;
    lab_shutdown(s->end);
}

static void comes_late(struct lab *lab, void *context)
{
    struct stage *s = context;
    (void)lab;
    lab_note(s->end, W_wraparound_note_late);
    forge_send(s->cable, 0, s->old);
}

static void gives_back(struct lab_end *end, uint32_t what)
{
    (void)what;
    if (end->peer_closed)
        lab_close(end);
}

/* Both connections begin with the same numbers at both ends. */
static void check_same_numbers(struct lab *lab, const struct stage *s)
{
    const struct lab_host *host[] = { s->client, s->server };
    bool same = true;
    for (unsigned i = 0; i < 2; i++) {
        const struct lab_said *first = lab_segment(lab, host[i], AKSU_SYN, AKSU_SYN, 0);
        const struct lab_said *second = lab_segment(lab, host[i], AKSU_SYN, AKSU_SYN, 1);
        same &= first != NULL && second != NULL
            && first->event.segment_out.seq == second->event.segment_out.seq;
    }
    lab_check(lab, same, W_wraparound_check_same);
}

static void play_old(struct lab *lab, struct stage *s, bool no_timestamps)
{
    aksu_time round = AKSU_US(((uint64_t)1 << 32) * TICK_US), half = AKSU_MS(HALF_MS);
    aksu_time connected = 4 * lab_delay(lab);
    set_up(lab, s, no_timestamps);
    s->listener->words = true;
    s->listener->told = gives_back;
    s->old = forge_capture(lab, s->cable, 0, AKSU_SYN | AKSU_PSH, AKSU_PSH, 0);
    opens(lab, s);
    lab_at(lab, connected + half, says_old, s);
    lab_at(lab, connected + 2 * half, closes, s);
    lab_at(lab, round, opens, s);
    lab_at(lab, round + connected + half, comes_late, s);
    lab_at(lab, round + connected + 2 * half + 4 * lab_delay(lab), says_new, s);
    lab_run(lab, round + AKSU_SECONDS(60));
    check_same_numbers(lab, s);
    lab_check(lab, s->old->length > 0
              && strcmp(lab_accepted(s->listener, 0)->heard, OLD) == 0, W_wraparound_check_first);
    lab_fact_time(lab, W_wraparound_round, round);
    lab_fact_text(lab, W_wraparound_said, NEW);
    lab_fact_text(lab, W_wraparound_heard, lab_accepted(s->listener, 1)->heard);
}

static void paws(struct lab *lab)
{
    struct stage s;
    unsigned refused = 0;
    play_old(lab, &s, false);
    for (unsigned i = 0; i < lab_events(lab, s.server, AKSU_EV_dropped); i++) {
        const struct lab_said *m = lab_event(lab, s.server, AKSU_EV_dropped, i);
        refused += strncmp(m->event.dropped.rule, "RFC 7323", 8) == 0;
    }
    lab_check(lab, refused == 1, W_wraparound_check_paws);
    lab_check(lab, strcmp(lab_accepted(s.listener, 1)->heard, NEW) == 0,
              W_wraparound_check_new);
}

static void without(struct lab *lab)
{
    struct stage s;
    struct aksu_info info;
    play_old(lab, &s, true);
    lab_check(lab, strcmp(lab_accepted(s.listener, 1)->heard, OLD) == 0,
              W_wraparound_check_old);
    lab_check(lab, lab_status(s.end, &info) && info.send_queued == 0
              && info.snd_una == info.iss + sizeof NEW, W_wraparound_check_believes);
}

static const struct lab_act acts[] = {
    { W_wraparound_32_title, W_wraparound_32_text, across_32, NULL },
    { W_wraparound_31_title, W_wraparound_31_text, across_31, NULL },
    { W_wraparound_paws_title, W_wraparound_paws_text, paws, NULL },
    { W_wraparound_without_title, W_wraparound_without_text, without, "no-timestamps" },
};

const struct lab_scenario lab_wraparound = {
    .id = "S17", .name = "wraparound", .title = W_wraparound_title, .text = W_wraparound_text,
    .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
};
