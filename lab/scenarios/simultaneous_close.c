/* simultaneous_close.c - S08: both ends close at the same time (RFC 9293 3.6, figure 13). */
#include "lab/trail.h"

enum { PORT = 80, TEXT = 3000, ALL_S = 1200, CLOSE_MS = 100 };

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 2, 400, W_knob_delay },
    { "msl", LAB_SECONDS, 30, 1, 240, W_knob_msl },
};

struct stage {
    struct lab_host *left, *right;
    struct lab_listener *listener;
    struct lab_end *end;
    uint64_t text;              /* octets that each says before it closes */
};

static aksu_time close_at(const struct lab *lab)
{
    return AKSU_MS(CLOSE_MS) + 4 * lab_delay(lab);
}

static void left_closes(struct lab *lab, void *context)
{
    struct stage *s = context;
    (void)lab;
    lab_send(s->end, s->text);
    lab_shutdown(s->end);
}

static void right_closes(struct lab *lab, void *context)
{
    struct stage *s = context;
    struct lab_end *end = lab_accepted(s->listener, 0);
    (void)lab;
    lab_send(end, s->text);
    lab_shutdown(end);
}

static void play(struct lab *lab, struct stage *s, uint64_t text, aksu_time later)
{
    struct aksu_sim_host how = { .stack.msl = AKSU_SECONDS(lab_value(lab, "msl")) };
    *s = (struct stage){ .left = lab_host(lab, "left", &how), .text = text,
                         .right = lab_host(lab, "right", &how) };
    lab_cable(lab, s->left, s->right, NULL);
    s->listener = lab_listen(lab, s->right, &(struct aksu_listen){ .local.port = PORT });
    s->end = lab_open(lab, s->left, s->right, PORT, NULL);
    lab_at(lab, close_at(lab), left_closes, s);
    lab_at(lab, close_at(lab) + later, right_closes, s);
    lab_run(lab, close_at(lab) + later + lab_delay(lab) / 4);
    lab_look(lab, W_simultaneous_close_look, s->end, lab_accepted(s->listener, 0));
    lab_run(lab, AKSU_SECONDS(ALL_S));
}

static void check_trails(struct lab *lab, const struct stage *s)
{
    static const enum aksu_tcp_state trail[] = { AKSU_TCP_ESTABLISHED, AKSU_TCP_FIN_WAIT_1,
        AKSU_TCP_CLOSING, AKSU_TCP_TIME_WAIT, AKSU_TCP_CLOSED };
    lab_check(lab, lab_trail_ends(lab, s->left, trail, 5)
              && lab_trail_ends(lab, s->right, trail, 5), W_simultaneous_close_check_states);
    lab_fact_text(lab, W_simultaneous_close_states, lab_trail_text(lab, s->left, 1));
}

/* What of one end acknowledges the FIN of the other: not its own FIN. */
static void check_fins(struct lab *lab, const struct stage *s)
{
    const struct lab_said *left = lab_segment(lab, s->left, AKSU_FIN, AKSU_FIN, 0);
    const struct lab_said *right = lab_segment(lab, s->right, AKSU_FIN, AKSU_FIN, 0);
    bool both = left != NULL && right != NULL;
    lab_check(lab, both && lab_segments(lab, NULL, AKSU_FIN, AKSU_FIN) == 2
              && left->at < right->at + lab_delay(lab) && right->at < left->at + lab_delay(lab),
              W_simultaneous_close_check_cross);
    uint32_t left_end = both ? left->event.segment_out.seq + left->event.segment_out.len + 1 : 0;
    uint32_t right_end = both ? right->event.segment_out.seq + right->event.segment_out.len + 1
                              : 0;
    lab_check(lab, both && left->event.segment_out.ack != right_end
              && right->event.segment_out.ack != left_end, W_simultaneous_close_check_no_ack);
    unsigned acked = 0;
    for (unsigned i = 0; both && i < lab_said_count(lab); i++) {
        const struct lab_said *m = lab_said(lab, i);
        if (m->event.kind == AKSU_EV_segment_out && !(m->event.segment_out.ctl & AKSU_FIN))
            acked += m->event.segment_out.ack == (m->host == s->left ? right_end : left_end);
    }
    lab_check(lab, acked == 2, W_simultaneous_close_check_acked);
}

static void check_time_wait(struct lab *lab, const struct stage *s)
{
    aksu_time two_msl = AKSU_SECONDS(2 * lab_value(lab, "msl"));
    const struct lab_host *host[] = { s->left, s->right };
    bool both = true;
    for (unsigned i = 0; i < 2; i++) {
        aksu_time from = lab_entered(lab, host[i], AKSU_TCP_TIME_WAIT);
        aksu_time until = lab_entered(lab, host[i], AKSU_TCP_CLOSED);
        both &= from != AKSU_NEVER && until == from + two_msl;
    }
    lab_check(lab, both, W_simultaneous_close_check_time_wait);
}

static void at_once(struct lab *lab)
{
    struct stage s;
    play(lab, &s, 0, 0);
    check_trails(lab, &s);
    check_fins(lab, &s);
    check_time_wait(lab, &s);
    lab_check(lab, lab_entered(lab, s.left, AKSU_TCP_TIME_WAIT)
              == close_at(lab) + 2 * lab_delay(lab)
              && lab_entered(lab, s.right, AKSU_TCP_TIME_WAIT)
              == close_at(lab) + 2 * lab_delay(lab), W_simultaneous_close_check_when);
    lab_check(lab, lab_segments(lab, NULL, 0, 0) == 7, W_simultaneous_close_check_four);
}

static void with_text(struct lab *lab)
{
    struct stage s;
    play(lab, &s, TEXT, lab_delay(lab) / 2);
    const struct lab_end *right = lab_accepted(s.listener, 0);
    check_trails(lab, &s);
    check_fins(lab, &s);
    check_time_wait(lab, &s);
    lab_check(lab, s.end->received == TEXT && s.end->wrong == 0 && right->received == TEXT
              && right->wrong == 0 && s.end->peer_closed && right->peer_closed,
              W_simultaneous_close_check_text);
}

static const struct lab_act acts[] = {
    { W_simultaneous_close_once_title, W_simultaneous_close_once_text, at_once, NULL },
    { W_simultaneous_close_text_title, W_simultaneous_close_text_text, with_text, NULL },
};

const struct lab_scenario lab_simultaneous_close = {
    .id = "S08", .name = "simultaneous-close", .title = W_simultaneous_close_title,
    .text = W_simultaneous_close_text, .knobs = knobs,
    .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
};
