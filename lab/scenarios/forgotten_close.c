/* forgotten_close.c - S24: a server that never calls close(): CLOSE-WAIT has no timeout, for it is
 * the user's turn (RFC 9293 3.6); FIN-WAIT-2 of a client that is gone has one. */
#include "lab/trail.h"

enum { PORT = 80, QUESTION = 100, ANSWER = 500, HOUR_S = 3600, EVERY_MS = 1000, CLIENTS = 40,
       SAMPLES = 8, SAMPLE_S = 10, LONG_S = 1200 };

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 1, 200, W_knob_delay },
    { "connections", LAB_COUNT, 16, 4, 30, W_forgotten_close_knob_connections },
    { "fin-wait-2", LAB_SECONDS, 60, 1, 600, W_forgotten_close_knob_fin_wait_2 },
};

struct stage {
    struct lab_host *client, *server;
    struct lab_listener *listener;
    struct lab_end *end;        /* the last client */
    bool forgets;
    unsigned opens, answered, failed;
};

/* It answers; and at the end of the stream either closes, or forgets to. */
static void server_told(struct lab_end *end, uint32_t what)
{
    const struct stage *s = end->context;
    (void)what;
    if (end->received == QUESTION && end->sent + end->owed == 0)
        lab_send(end, ANSWER);
    if (end->peer_closed && !s->forgets)
        lab_close(end);
}

static void client_told(struct lab_end *end, uint32_t what)
{
    struct stage *s = end->context;
    if ((what & AKSU_CONNECTED) && end->sent == 0)
        lab_send(end, QUESTION);
    if (what & AKSU_FAILED) {
        s->failed++;
        lab_close(end);
    }
    if (end->received == ANSWER && !end->given_back) {
        s->answered++;
        lab_close(end);
    }
}

static void set_up(struct lab *lab, struct stage *s, bool forgets)
{
    struct aksu_sim_host how = { 0 };
    how.stack.memory_limit = 1 << 20;
    how.stack.fin_wait_2 = AKSU_SECONDS(lab_value(lab, "fin-wait-2"));
    how.stack.max_connections = 64;
    *s = (struct stage){ .client = lab_host(lab, "client", &how), .forgets = forgets };
    how.stack.max_connections = (uint32_t)lab_value(lab, "connections");
    s->server = lab_host(lab, "server", &how);
    lab_cable(lab, s->client, s->server, NULL);
    s->listener = lab_listen(lab, s->server, &(struct aksu_listen){ .local.port = PORT });
    s->listener->stays = true;
    s->listener->told = server_told;
    s->listener->context = s;
}

static void client_opens(struct lab *lab, struct stage *s)
{
    s->end = lab_open(lab, s->client, s->server, PORT, NULL);
    s->end->told = client_told;
    s->end->context = s;
    s->opens++;
}

/* --- one --- */

static void forgotten(struct lab *lab)
{
    static const enum aksu_tcp_state gone[] = { AKSU_TCP_FIN_WAIT_1, AKSU_TCP_FIN_WAIT_2,
                                                AKSU_TCP_CLOSED };
    struct stage s;
    set_up(lab, &s, true);
    client_opens(lab, &s);
    lab_run(lab, AKSU_SECONDS(HOUR_S));
    lab_look(lab, W_forgotten_close_look, lab_accepted(s.listener, 0), NULL);
    aksu_time from = lab_entered(lab, s.client, AKSU_TCP_FIN_WAIT_2);
    aksu_time until = lab_entered(lab, s.client, AKSU_TCP_CLOSED);
    lab_check(lab, lab_trail_ends(lab, s.client, gone, 3), W_forgotten_close_check_client);
    lab_check(lab, from != AKSU_NEVER && until != AKSU_NEVER
              && until - from >= AKSU_SECONDS(lab_value(lab, "fin-wait-2"))
              && until - from <= AKSU_SECONDS(lab_value(lab, "fin-wait-2")) + AKSU_MS(500),
              W_forgotten_close_check_limit);
    lab_check(lab, lab_state(lab_accepted(s.listener, 0)) == AKSU_TCP_CLOSE_WAIT,
              W_forgotten_close_check_close_wait);
    lab_check(lab, lab_segments(lab, s.server, AKSU_FIN, AKSU_FIN) == 0
              && lab_segments(lab, NULL, AKSU_RST, AKSU_RST) == 0,
              W_forgotten_close_check_silence);
    lab_fact_time(lab, W_forgotten_close_limit, until - from);
}

static void closed(struct lab *lab)
{
    static const enum aksu_tcp_state trail[] = { AKSU_TCP_CLOSE_WAIT, AKSU_TCP_LAST_ACK,
                                                 AKSU_TCP_CLOSED };
    struct stage s;
    struct aksu_counters counters;
    set_up(lab, &s, false);
    client_opens(lab, &s);
    lab_run(lab, AKSU_SECONDS(10));
    aksu_counters(s.server->net, &counters);
    lab_check(lab, lab_trail_ends(lab, s.server, trail, 3), W_forgotten_close_check_server);
    lab_check(lab, counters.connections == 0, W_forgotten_close_check_returned);
    lab_run(lab, AKSU_SECONDS(HOUR_S));
    lab_check(lab, lab_entered(lab, s.client, AKSU_TCP_TIME_WAIT) != AKSU_NEVER
              && lab_events(lab, s.client, AKSU_EV_time_wait_over) == 1,
              W_forgotten_close_check_time_wait);
}

/* --- the leak --- */

static void next_client(struct lab *lab, void *context)
{
    struct stage *s = context;
    client_opens(lab, s);
    if (s->opens < CLIENTS)
        lab_at(lab, lab_now(lab) + AKSU_MS(EVERY_MS), next_client, s);
}

static void sample(struct lab *lab, struct stage s[2])
{
    struct aksu_counters c[2];
    const char *cell[6] = { lab_ms(lab, lab_now(lab)) };
    for (unsigned i = 0; i < 2; i++) {
        aksu_counters(s[i].server->net, &c[i]);
        cell[1 + 2 * i] = lab_number(lab, s[i].answered);
        cell[2 + 2 * i] = lab_number(lab, c[i].connections);
    }
    lab_row(lab, cell);
}

/* How many are in CLOSE-WAIT, as its user sees them. */
static unsigned in_close_wait(struct stage *s)
{
    unsigned count = 0;
    for (unsigned i = 0; i < s->listener->accepted; i++)
        count += lab_state(lab_accepted(s->listener, i)) == AKSU_TCP_CLOSE_WAIT;
    return count;
}

static void check_leak(struct lab *lab, struct stage s[2])
{
    struct aksu_counters client, server;
    aksu_counters(s[0].client->net, &client);
    aksu_counters(s[1].server->net, &server);
    unsigned room = (unsigned)lab_value(lab, "connections");
    lab_check(lab, in_close_wait(&s[0]) == room, W_forgotten_close_check_full);
    lab_check(lab, s[0].answered == room && s[0].failed == CLIENTS - room,
              W_forgotten_close_check_nobody);
    lab_check(lab, client.connections == 0, W_forgotten_close_check_clients_free);
    lab_check(lab, s[1].answered == CLIENTS && s[1].failed == 0, W_forgotten_close_check_all);
    lab_check(lab, server.connections == 0 && in_close_wait(&s[1]) == 0,
              W_forgotten_close_check_returned);
    lab_fact_count(lab, W_forgotten_close_stuck, in_close_wait(&s[0]));
    lab_fact_text(lab, W_forgotten_close_told,
                  s[0].end->failed ? aksu_status_text(s[0].end->reason) : "-");
}

static void leak(struct lab *lab)
{
    static const enum lab_words heads[] = { W_forgotten_close_head_time,
        W_forgotten_close_head_served, W_forgotten_close_head_open,
        W_forgotten_close_head_served_closes, W_forgotten_close_head_open_closes };
    struct stage s[2];
    for (unsigned i = 0; i < 2; i++)
        set_up(lab, &s[i], i == 0);
    lab_show(lab, NULL, NULL);
    for (unsigned i = 0; i < 2; i++)
        next_client(lab, &s[i]);
    lab_table(lab, W_forgotten_close_table, 5, heads);
    for (unsigned i = 1; i <= SAMPLES; i++) {
        lab_run(lab, AKSU_SECONDS(SAMPLE_S * i) / 2);
        sample(lab, s);
    }
    lab_run(lab, AKSU_SECONDS(LONG_S));
    sample(lab, s);
    check_leak(lab, s);
}

static const struct lab_act acts[] = {
    { W_forgotten_close_one_title, W_forgotten_close_one_text, forgotten, NULL },
    { W_forgotten_close_closed_title, W_forgotten_close_closed_text, closed, NULL },
    { W_forgotten_close_leak_title, W_forgotten_close_leak_text, leak, NULL },
};

const struct lab_scenario lab_forgotten_close = {
    .id = "S24", .name = "forgotten-close", .title = W_forgotten_close_title,
    .text = W_forgotten_close_text, .knobs = knobs,
    .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
    .tells = { [2] = "connections" },
};
