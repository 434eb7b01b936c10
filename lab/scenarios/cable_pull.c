/* cable_pull.c - S14: the cable is pulled while both ends live: a connection is what two hosts
 * remember, and outlives it, unless data waits for longer than R2 (RFC 9293 3.8.3). */
#include "lab/trail.h"

enum { PORT = 80, PIECE = 3000, PIECES = 3, EVERY_MS = 4000, FIRST_AFTER_MS = 500,
       PULLED_MS = 2000, OUT_MS = 20000, BACK_S = 2000, ALL_S = 4000, HOURS = 5 };

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 0, 150, W_knob_delay },
    { "cut", LAB_MS, PULLED_MS, 1000, 100000, W_knob_cut },
    { "cut-for", LAB_MS, OUT_MS, 1, 600000, W_knob_cut_for },
    { "r2", LAB_COUNT, 8, 3, 15, W_cable_pull_knob_r2 },
    { "for-good", LAB_FLAG, 0, 0, 1, W_cable_pull_knob_for_good },
};

struct stage {
    struct lab_host *client, *server;
    struct aksu_sim_cable *cable;
    struct lab_listener *listener;
    struct lab_end *end;
    unsigned pieces;
};

static aksu_time pulled_at(const struct lab *lab)
{
    return AKSU_MS(lab_value(lab, "cut"));
}

static aksu_time back_at(const struct lab *lab)
{
    return pulled_at(lab) + AKSU_MS(lab_value(lab, "cut-for"));
}

static void says(struct lab *lab, void *context)
{
    struct stage *s = context;
    lab_send(s->end, PIECE);
    if (++s->pieces < PIECES)
        lab_at(lab, lab_now(lab) + AKSU_MS(EVERY_MS), says, s);
}

static void note_pulled(struct lab *lab, void *context)
{
    struct stage *s = context;
    (void)lab;
    lab_note(s->end, W_cable_pull_note_out);
}

static void note_back(struct lab *lab, void *context)
{
    struct stage *s = context;
    (void)lab;
    lab_note(s->end, W_cable_pull_note_back);
}

/* The RTO is at least 1 s, as RFC 6298 2.4 has it; and no loss probes, which would come first. */
static void set_up(struct lab *lab, struct stage *s, uint32_t r2)
{
    struct aksu_sim_host how = { 0 };
    how.stack.rto_min = AKSU_SECONDS(1);
    how.stack.loss_detection = "sack";
    how.stack.data_r2 = r2;
    *s = (struct stage){ .client = lab_host(lab, "client", &how),
                         .server = lab_host(lab, "server", &how) };
    s->cable = lab_cable(lab, s->client, s->server, NULL);
    s->listener = lab_listen(lab, s->server, &(struct aksu_listen){ .local.port = PORT });
    s->end = lab_open(lab, s->client, s->server, PORT, NULL);
    lab_at(lab, pulled_at(lab), note_pulled, s);
}

/* The first `count` retransmissions of the first octet that is lost: each waits twice as long as
 * the one before, the first one second. */
static unsigned doublings(const struct lab *lab, const struct stage *s)
{
    aksu_time before = pulled_at(lab) + AKSU_MS(FIRST_AFTER_MS), wait = AKSU_SECONDS(1);
    unsigned count = 0;
    for (unsigned i = 0; i < lab_events(lab, s->client, AKSU_EV_retransmit); i++) {
        const struct lab_said *m = lab_event(lab, s->client, AKSU_EV_retransmit, i);
        if (m->at < before + wait || m->at > before + wait + AKSU_MS(10))
            break;
        before = m->at;
        wait = 2 * wait;
        count++;
    }
    return count;
}

/* --- out for some seconds --- */

static void some_seconds(struct lab *lab)
{
    struct stage s;
    set_up(lab, &s, 0);
    lab_at(lab, pulled_at(lab) + AKSU_MS(FIRST_AFTER_MS), says, &s);
    lab_at(lab, back_at(lab), note_back, &s);
    lab_run(lab, back_at(lab) - 1);
    lab_look(lab, W_cable_pull_look_out, s.end, lab_accepted(s.listener, 0));
    lab_run(lab, AKSU_SECONDS(ALL_S));
    struct lab_end *server = lab_accepted(s.listener, 0);
    lab_check(lab, lab_state(s.end) == AKSU_TCP_ESTABLISHED
              && lab_state(server) == AKSU_TCP_ESTABLISHED && !s.end->failed && !server->failed,
              W_cable_pull_check_survives);
    lab_check(lab, server->received == PIECE * PIECES && server->wrong == 0,
              W_cable_pull_check_arrived);
    lab_check(lab, lab_events(lab, s.client, AKSU_EV_opened) == 1
              && lab_segments(lab, s.client, AKSU_SYN, AKSU_SYN) == 1, W_cable_pull_check_one);
    if (lab_plain(lab)) {
        lab_check(lab, doublings(lab, &s) == 5, W_cable_pull_check_doubles);
        lab_check(lab, server->text_at == pulled_at(lab) + AKSU_MS(FIRST_AFTER_MS)
                  + AKSU_SECONDS(1 + 2 + 4 + 8 + 16) + lab_delay(lab), W_cable_pull_check_when);
    }
    if (server->text_at != AKSU_NEVER && server->text_at > back_at(lab))
        lab_fact_time(lab, W_cable_pull_after_back, server->text_at - back_at(lab));
    lab_fact_count(lab, W_cable_pull_retransmissions,
                   lab_events(lab, s.client, AKSU_EV_retransmit));
}

/* --- out for longer than R2 --- */

static void pull(struct lab *lab, void *context)
{
    struct stage *s = context;
    lab_cut(lab, s->cable, true);
}

static void server_says(struct lab *lab, void *context)
{
    struct stage *s = context;
    lab_cut(lab, s->cable, false);
    lab_note(s->listener->first, W_cable_pull_note_back);
    lab_send(lab_accepted(s->listener, 0), PIECE / 3);
}

static void for_good(struct lab *lab)
{
    struct stage s;
    set_up(lab, &s, (uint32_t)lab_value(lab, "r2"));
    lab_at(lab, pulled_at(lab), pull, &s);
    lab_at(lab, pulled_at(lab) + AKSU_MS(FIRST_AFTER_MS), says, &s);
    lab_at(lab, AKSU_SECONDS(BACK_S), server_says, &s);
    lab_run(lab, AKSU_SECONDS(BACK_S) - 1);
    struct lab_end *server = lab_accepted(s.listener, 0);
    lab_check(lab, s.end->failed && s.end->reason == AKSU_TIMED_OUT, W_cable_pull_check_told);
    lab_check(lab, lab_state(server) == AKSU_TCP_ESTABLISHED && !server->failed
              && server->received == 0, W_cable_pull_check_half_open);
    uint64_t r2 = lab_value(lab, "r2"), doubled = r2 < 6 ? r2 : 6;      /* up to two minutes */
    lab_check(lab, lab_events(lab, s.client, AKSU_EV_retransmit) == r2
              && doublings(lab, &s) >= doubled, W_cable_pull_check_r2);
    lab_look(lab, W_cable_pull_look_half_open, s.end, server);
    lab_run(lab, AKSU_SECONDS(ALL_S));
    const struct lab_said *rst = lab_segment(lab, s.client, AKSU_RST, AKSU_RST, 0);
    lab_check(lab, rst != NULL && rst->at >= AKSU_SECONDS(BACK_S)
              && server->failed && server->reason == AKSU_RESET, W_cable_pull_check_reset);
    if (s.end->failed)
        lab_fact_time(lab, W_cable_pull_gave_up,
                      s.end->failed_at - pulled_at(lab) - AKSU_MS(FIRST_AFTER_MS));
}

/* --- nothing to say --- */

static void put_back(struct lab *lab, void *context)
{
    struct stage *s = context;
    lab_note(s->end, W_cable_pull_note_back);
    lab_cut(lab, s->cable, false);
}

static void idle(struct lab *lab)
{
    struct stage s;
    aksu_time back = pulled_at(lab) + AKSU_SECONDS(3600 * HOURS);
    set_up(lab, &s, 0);
    lab_at(lab, pulled_at(lab), pull, &s);
    lab_at(lab, back, put_back, &s);
    lab_run(lab, back + AKSU_SECONDS(60));
    unsigned before = lab_segments(lab, NULL, 0, 0);
    lab_send(s.end, PIECE);
    lab_run(lab, back + AKSU_SECONDS(120));
    struct lab_end *server = lab_accepted(s.listener, 0);
    lab_check(lab, before == 3, W_cable_pull_check_silence);
    lab_check(lab, server->received == PIECE && server->wrong == 0
              && lab_events(lab, s.client, AKSU_EV_retransmit) == 0, W_cable_pull_check_unnoticed);
}

static const struct lab_act acts[] = {
    { W_cable_pull_some_title, W_cable_pull_some_text, some_seconds, NULL },
    { W_cable_pull_good_title, W_cable_pull_good_text, for_good, "for-good" },
    { W_cable_pull_idle_title, W_cable_pull_idle_text, idle, NULL },
};

const struct lab_scenario lab_cable_pull = {
    .id = "S14", .name = "cable-pull", .title = W_cable_pull_title, .text = W_cable_pull_text,
    .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
    .tells = { "cut cut-for", "cut r2" },
};
