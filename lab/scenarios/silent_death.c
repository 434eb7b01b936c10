/* silent_death.c - S13: the peer loses power, and what tells the other side: nothing, keep-alives
 * (RFC 9293 3.8.4), a user timeout (RFC 5482), or a heartbeat of the application. */
#include "lab/trail.h"

enum { PORT = 80, DIES_S = 25, QUESTION = 300, ASKS_S = 30, DAY_S = 86400, PATIENCE = 25 };

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 0, 400, W_knob_delay },
    { "keepalive", LAB_SECONDS, 60, 30, 7200, W_silent_death_knob_idle },
    { "interval", LAB_SECONDS, 10, 1, 75, W_silent_death_knob_interval },
    { "count", LAB_COUNT, 5, 1, 9, W_silent_death_knob_count },
    { "user-timeout", LAB_SECONDS, 30, 5, 600, W_silent_death_knob_user_timeout },
    { "heartbeat", LAB_SECONDS, 10, 5, 60, W_silent_death_knob_heartbeat },
};

enum way { NOTHING, KEEPALIVE, USER_TIMEOUT, HEARTBEAT, WAYS };

struct stage {
    struct lab_host *client, *server;
    struct aksu_sim_cable *cable;
    struct lab_listener *listener;
    struct lab_end *end;
    enum way way;
    bool begun;
    uint64_t heard;             /* octets at the last beat */
    unsigned silent;            /* seconds since something was heard */
    aksu_time knows_at;         /* AKSU_NEVER: it does not */
};

/* --- the application's heartbeat --- */

static void beat(struct lab *lab, void *context)
{
    struct stage *s = context;
    if (s->knows_at != AKSU_NEVER)
        return;
    lab_tell(s->end, "ping");
    lab_at(lab, lab_now(lab) + AKSU_SECONDS(lab_value(lab, "heartbeat")), beat, s);
}

/* Each second: has anything come within two and a half beats? */
static void watch(struct lab *lab, void *context)
{
    struct stage *s = context;
    s->silent = s->end->received != s->heard ? 0 : s->silent + 1;
    s->heard = s->end->received;
    if (s->silent * 10 >= lab_value(lab, "heartbeat") * PATIENCE) {
        s->knows_at = lab_now(lab);
        lab_note(s->end, W_silent_death_note_gives_up);
        lab_abort(s->end);
    } else {
        lab_at(lab, lab_now(lab) + AKSU_SECONDS(1), watch, s);
    }
}

static void answers(struct lab_end *end, uint32_t what)
{
    (void)what;
    if (end->words && end->received / 4 > end->sent / 4)
        lab_tell(end, "pong");
}

/* --- the stage --- */

static void asks(struct lab *lab, void *context)
{
    (void)lab;
    lab_send(context, QUESTION);
}

static void client_told(struct lab_end *end, uint32_t what)
{
    struct stage *s = end->context;
    if ((what & AKSU_FAILED) && s->knows_at == AKSU_NEVER)
        s->knows_at = lab_now(end->lab);
    if (!end->connected || s->begun)
        return;
    s->begun = true;
    if (s->way == HEARTBEAT) {
        beat(end->lab, s);
        watch(end->lab, s);
    } else {
        lab_send(end, QUESTION);
    }
    if (s->way == USER_TIMEOUT)
        lab_at(end->lab, AKSU_SECONDS(ASKS_S), asks, end);
}

static void dies(struct lab *lab, void *context)
{
    struct stage *s = context;
    lab_note(lab_accepted(s->listener, 0), W_silent_death_note_dies);
    lab_cut(lab, s->cable, true);
    lab_reboot(s->server);
}

static void set_up(struct lab *lab, struct stage *s, enum way way)
{
    struct aksu_sim_host how = { .stack.rto_min = AKSU_SECONDS(1) };    /* RFC 6298 2.4 */
    *s = (struct stage){ .client = lab_host(lab, "client", &how), .way = way,
                         .server = lab_host(lab, "server", &how), .knows_at = AKSU_NEVER };
    s->cable = lab_cable(lab, s->client, s->server, NULL);
    s->listener = lab_listen(lab, s->server, &(struct aksu_listen){ .local.port = PORT });
    s->listener->words = way == HEARTBEAT;
    s->listener->told = answers;
    s->end = lab_open(lab, s->client, s->server, PORT, NULL);
    s->end->told = client_told;
    s->end->context = s;
    s->end->words = way == HEARTBEAT;
    if (way == KEEPALIVE) {
        lab_set(s->end, AKSU_OPTION_KEEPALIVE, 1);
        lab_set(s->end, AKSU_OPTION_KEEPALIVE_IDLE, (int64_t)lab_value(lab, "keepalive") * 1000);
        lab_set(s->end, AKSU_OPTION_KEEPALIVE_INTERVAL,
                (int64_t)lab_value(lab, "interval") * 1000);
        lab_set(s->end, AKSU_OPTION_KEEPALIVE_COUNT, (int64_t)lab_value(lab, "count"));
    }
    if (way == USER_TIMEOUT)
        lab_set(s->end, AKSU_OPTION_USER_TIMEOUT, (int64_t)lab_value(lab, "user-timeout") * 1000);
    lab_at(lab, AKSU_SECONDS(DIES_S), dies, s);
}

/* The last segment of the server that reached the client. */
static aksu_time last_heard(const struct lab *lab, const struct stage *s)
{
    aksu_time at = 0;
    for (unsigned i = 0; i < lab_said_count(lab); i++) {
        const struct lab_said *m = lab_said(lab, i);
        if (m->host == s->client && m->event.kind == AKSU_EV_segment_in)
            at = m->at;
    }
    return at;
}

static void fact_knows(struct lab *lab, const struct stage *s)
{
    lab_fact_time(lab, W_silent_death_knows_after, s->knows_at == AKSU_NEVER ? AKSU_NEVER
                  : s->knows_at - AKSU_SECONDS(DIES_S));
}

/* --- acts --- */

static unsigned segments_since_death(const struct lab *lab, const struct lab_host *host)
{
    unsigned count = 0;
    for (unsigned i = 0; i < lab_said_count(lab); i++) {
        const struct lab_said *m = lab_said(lab, i);
        count += m->host == host && m->event.kind == AKSU_EV_segment_out
              && m->at >= AKSU_SECONDS(DIES_S);
    }
    return count;
}

static void nothing(struct lab *lab)
{
    struct stage s;
    set_up(lab, &s, NOTHING);
    lab_run(lab, AKSU_SECONDS(DAY_S));
    lab_look(lab, W_silent_death_look_day, s.end, NULL);
    lab_check(lab, lab_state(s.end) == AKSU_TCP_ESTABLISHED && !s.end->failed,
              W_silent_death_check_believes);
    lab_check(lab, segments_since_death(lab, s.client) == 0
              && segments_since_death(lab, s.server) == 0, W_silent_death_check_silence);
    lab_check(lab, s.knows_at == AKSU_NEVER, W_silent_death_check_never);
    fact_knows(lab, &s);
}

static void check_probes(struct lab *lab, const struct stage *s)
{
    const struct lab_said *data = lab_segment(lab, s->client, AKSU_PSH, AKSU_PSH, 0);
    unsigned probes = 0, wrong = 0;
    for (unsigned i = 0; data != NULL && i < lab_said_count(lab); i++) {
        const struct lab_said *m = lab_said(lab, i);
        if (m->host != s->client || m->event.kind != AKSU_EV_segment_out
            || m->at <= AKSU_SECONDS(DIES_S))
            continue;
        probes++;
        wrong += m->event.segment_out.seq != data->event.segment_out.seq + QUESTION - 1
              || m->event.segment_out.len > 1;
    }
    lab_check(lab, data != NULL && probes == lab_value(lab, "count") && wrong == 0,
              W_silent_death_check_probes);
}

static void keepalive(struct lab *lab)
{
    struct stage s;
    set_up(lab, &s, KEEPALIVE);
    lab_run(lab, AKSU_SECONDS(DAY_S));
    aksu_time expected = last_heard(lab, &s) + AKSU_SECONDS(lab_value(lab, "keepalive")
                         + lab_value(lab, "interval") * lab_value(lab, "count"));
    check_probes(lab, &s);
    lab_check(lab, s.knows_at != AKSU_NEVER && s.knows_at >= expected
              && s.knows_at < expected + AKSU_MS(10), W_silent_death_check_keepalive);
    lab_check(lab, s.end->failed && s.end->reason == AKSU_TIMED_OUT, W_silent_death_check_told);
    fact_knows(lab, &s);
}

static void user_timeout(struct lab *lab)
{
    struct stage s;
    set_up(lab, &s, USER_TIMEOUT);
    lab_run(lab, AKSU_SECONDS(DAY_S));
    aksu_time expected = AKSU_SECONDS(ASKS_S + lab_value(lab, "user-timeout"));
    lab_check(lab, s.knows_at != AKSU_NEVER && s.knows_at >= expected
              && s.knows_at < expected + AKSU_MS(10), W_silent_death_check_user_timeout);
    lab_check(lab, s.end->failed && s.end->reason == AKSU_USER_TIMEOUT,
              W_silent_death_check_told_timeout);
    lab_check(lab, lab_events(lab, s.client, AKSU_EV_retransmit) >= 1,
              W_silent_death_check_retransmits);
    fact_knows(lab, &s);
}

static void row(struct lab *lab, const struct stage *s, enum lab_words name)
{
    bool knows = s->knows_at != AKSU_NEVER;
    lab_row(lab, (const char *[]){
        lab_words(lab, name),
        knows ? lab_ms(lab, s->knows_at - AKSU_SECONDS(DIES_S))
              : lab_words(lab, W_silent_death_cell_never),
        lab_number(lab, segments_since_death(lab, s->client)),
        s->way == HEARTBEAT ? lab_words(lab, W_silent_death_cell_application)
        : s->end->failed ? aksu_status_text(s->end->reason) : "-" });
}

static void heartbeat(struct lab *lab)
{
    static const enum lab_words heads[] = { W_silent_death_head_way, W_silent_death_head_after,
        W_silent_death_head_segments, W_silent_death_head_told };
    static const enum lab_words names[WAYS] = { W_silent_death_way_nothing,
        W_silent_death_way_keepalive, W_silent_death_way_user_timeout,
        W_silent_death_way_heartbeat };
    static const enum way order[WAYS] = { HEARTBEAT, NOTHING, KEEPALIVE, USER_TIMEOUT };
    struct stage s[WAYS];
    for (unsigned i = 0; i < WAYS; i++)
        set_up(lab, &s[order[i]], order[i]);
    lab_show(lab, s[HEARTBEAT].client, s[HEARTBEAT].server);
    lab_run(lab, AKSU_SECONDS(DAY_S));
    lab_table(lab, W_silent_death_table, 4, heads);
    for (unsigned i = 0; i < WAYS; i++)
        row(lab, &s[i], names[i]);
    const struct stage *h = &s[HEARTBEAT];
    aksu_time most = last_heard(lab, h) + AKSU_SECONDS(lab_value(lab, "heartbeat") * 3 + 2);
    lab_check(lab, h->knows_at != AKSU_NEVER && h->knows_at <= most && !h->end->failed,
              W_silent_death_check_heartbeat);
    lab_check(lab, h->end->received > 0 && h->end->received % 4 == 0, W_silent_death_check_pongs);
    lab_check(lab, s[NOTHING].knows_at == AKSU_NEVER && s[KEEPALIVE].knows_at != AKSU_NEVER
              && s[USER_TIMEOUT].knows_at != AKSU_NEVER, W_silent_death_check_three);
}

static const struct lab_act acts[] = {
    { W_silent_death_nothing_title, W_silent_death_nothing_text, nothing, NULL },
    { W_silent_death_keepalive_title, W_silent_death_keepalive_text, keepalive, NULL },
    { W_silent_death_user_title, W_silent_death_user_text, user_timeout, NULL },
    { W_silent_death_beat_title, W_silent_death_beat_text, heartbeat, NULL },
};

const struct lab_scenario lab_silent_death = {
    .id = "S13", .name = "silent-death", .title = W_silent_death_title,
    .text = W_silent_death_text, .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
};
