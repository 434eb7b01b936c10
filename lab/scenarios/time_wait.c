/* time_wait.c - S10: why the side that closed first waits for 2 MSL (RFC 9293 3.6.1), and what ends
 * the wait: time, a new connection (RFC 1122 4.2.2.13, RFC 6191), but no RST (RFC 1337). */
#include <string.h>

#include "lab/forge.h"
#include "lab/trail.h"

enum { PORT = 80, CLIENT_PORT = 5000, ANSWER = 1000, LAST_ACK = 3, LATE_S = 5, AGAIN_S = 10,
       EVERY_MS = 250, ALL_S = 1200 };
enum { CROWDS = 5, OPENS = 40, FEW_PORTS = 8, MANY_PORTS = 0 };

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 0, 400, W_knob_delay },
    { "msl", LAB_SECONDS, 30, 15, 240, W_knob_msl },
    { "no-rfc1337", LAB_FLAG, 0, 0, 1, W_time_wait_knob_no_rfc1337 },
};

static aksu_time two_msl(const struct lab *lab)
{
    return AKSU_SECONDS(2 * lab_value(lab, "msl"));
}

struct stage {
    struct lab_host *client, *server;
    struct aksu_sim_cable *cable;
    struct lab_listener *listener;
    struct lab_end *end;
    bool server_first;          /* closes */
    bool held;                  /* by the client's user: a TCB ends its wait to the nanosecond, a
                                 * record of 64 octets up to a 64th later */
    bool loses;                 /* the cable: the last ACK */
    const struct forge_frame *late;
};

static void told(struct lab_end *end, uint32_t what)
{
    const struct stage *s = end->context;
    bool server = end->host == s->server;
    if ((what & AKSU_CONNECTED) && server)
        lab_send(end, ANSWER);
    if (server ? s->server_first && end->connected : end->received == ANSWER)
        lab_shutdown(end);
    if (end->peer_closed && end->owed == 0 && (server || !s->held))
        lab_close(end);
}

static bool is_last_ack(void *context, const uint8_t *frame, uint32_t length, uint64_t passed)
{
    (void)frame;
    (void)length;
    return *(const bool *)context && passed == LAST_ACK;
}

static void open_one(struct lab *lab, struct stage *s)
{
    s->end = lab_open(lab, s->client, s->server, PORT,
                      &(struct aksu_open){ .local.port = CLIENT_PORT });
    s->end->told = told;
    s->end->context = s;
}

static void set_up(struct lab *lab, struct stage *s, bool no_rfc1337)
{
    struct aksu_sim_host how = { .prompt = true };
    how.stack.msl = two_msl(lab) / 2;
    how.stack.no_rfc1337 = no_rfc1337;
    s->client = lab_host(lab, "client", &how);
    s->server = lab_host(lab, "server", &how);
    struct aksu_path_node lose = { .kind = AKSU_PATH_LOSE_IF, .lose_if = is_last_ack,
                                   .context = &s->loses };
    s->cable = lab_cable(lab, s->client, s->server,
                         &(struct lab_link){ .more = { &lose, NULL }, .count = { 1, 0 } });
    s->listener = lab_listen(lab, s->server, &(struct aksu_listen){ .local.port = PORT });
    s->listener->told = told;
    s->listener->context = s;
    open_one(lab, s);
}

/* How long the first TIME-WAIT of the host lasted; AKSU_NEVER: it did not end. */
static aksu_time waited(struct lab *lab, const struct lab_host *host)
{
    const struct lab_said *over = lab_event(lab, host, AKSU_EV_time_wait_over, 0);
    aksu_time from = lab_entered(lab, host, AKSU_TCP_TIME_WAIT);
    aksu_time until = over != NULL ? over->at : lab_entered(lab, host, AKSU_TCP_CLOSED);
    return from != AKSU_NEVER && until != AKSU_NEVER ? until - from : AKSU_NEVER;
}

/* --- the last ACK is lost --- */

static void last_ack(struct lab *lab)
{
    struct stage s = { .loses = true, .held = true };
    set_up(lab, &s, false);
    lab_run(lab, AKSU_SECONDS(ALL_S));
    const struct lab_said *fin = lab_segment(lab, s.server, AKSU_FIN, AKSU_FIN, 0);
    const struct lab_said *again = lab_segment(lab, s.server, AKSU_FIN, AKSU_FIN, 1);
    const struct lab_said *ack = lab_event(lab, s.client, AKSU_EV_segment_out, LAST_ACK + 1);
    bool both = fin != NULL && again != NULL && ack != NULL;
    lab_check(lab, both && again->event.segment_out.seq + again->event.segment_out.len
              == fin->event.segment_out.seq + fin->event.segment_out.len,
              W_time_wait_check_fin_again);
    lab_check(lab, both && ack->event.segment_out.ack == again->event.segment_out.seq
              + again->event.segment_out.len + 1 && ack->at == again->at + lab_delay(lab),
              W_time_wait_check_answered);
    lab_check(lab, both && lab_entered(lab, s.server, AKSU_TCP_CLOSED)
              == ack->at + lab_delay(lab) && !lab_accepted(s.listener, 0)->failed,
              W_time_wait_check_server_closed);
    lab_check(lab, both && lab_entered(lab, s.client, AKSU_TCP_CLOSED) == ack->at + two_msl(lab),
              W_time_wait_check_restarted);
    lab_fact_time(lab, W_time_wait_lasted, waited(lab, s.client));
}

/* --- a late segment, and the RST that it brings --- */

static void comes_late(struct lab *lab, void *context)
{
    struct stage *s = context;
    (void)lab;
    lab_note(s->end, W_time_wait_note_late);
    forge_send(s->cable, 1, s->late);
}

static void play_late(struct lab *lab, struct stage *s, bool no_rfc1337)
{
    set_up(lab, s, no_rfc1337);
    s->late = forge_capture(lab, s->cable, 1, AKSU_SYN | AKSU_PSH, AKSU_PSH, 0);
    lab_at(lab, AKSU_SECONDS(LATE_S), comes_late, s);
    lab_run(lab, AKSU_SECONDS(ALL_S));
    const struct lab_said *rst = lab_segment(lab, s->server, AKSU_RST, AKSU_RST, 0);
    const struct lab_said *ack = lab_event(lab, s->client, AKSU_EV_segment_out, LAST_ACK + 1);
    lab_check(lab, s->end->received == ANSWER && s->end->wrong == 0, W_time_wait_check_absorbed);
    lab_check(lab, rst != NULL && ack != NULL && rst->at == ack->at + lab_delay(lab)
              && rst->event.segment_out.seq == ack->event.segment_out.ack,
              W_time_wait_check_rst);
    lab_fact_time(lab, W_time_wait_lasted, waited(lab, s->client));
}

static void late(struct lab *lab)
{
    struct stage s = { .held = true };
    play_late(lab, &s, false);
    const struct lab_said *dropped = lab_event(lab, s.client, AKSU_EV_dropped, 1);
    lab_check(lab, dropped != NULL && strcmp(dropped->event.dropped.rule, "RFC 1337 3") == 0,
              W_time_wait_check_refused);
    lab_check(lab, waited(lab, s.client) == two_msl(lab), W_time_wait_check_whole);
}

static void assassinated(struct lab *lab)
{
    struct stage s = { .held = true };
    play_late(lab, &s, true);
    lab_check(lab, waited(lab, s.client) < two_msl(lab), W_time_wait_check_short);
}

/* --- a new SYN --- */

static void old_syn(struct lab *lab, void *context)
{
    struct stage *s = context;
    (void)lab;
    forge_send(s->cable, 0, s->late);
}

static void opens_again(struct lab *lab, void *context)
{
    open_one(lab, context);
}

static void check_old_syn(struct lab *lab, const struct stage *s)
{
    const struct lab_said *dropped = lab_event(lab, s->server, AKSU_EV_dropped, 0);
    const struct lab_said *challenge = lab_event(lab, s->server, AKSU_EV_challenge_ack, 0);
    lab_check(lab, dropped != NULL && challenge != NULL
              && strcmp(dropped->event.dropped.rule, "RFC 6191 2") == 0
              && dropped->at == AKSU_SECONDS(LATE_S) + lab_delay(lab), W_time_wait_check_old_syn);
}

static void reopened(struct lab *lab)
{
    struct stage s = { .server_first = true };
    set_up(lab, &s, false);
    s.late = forge_capture(lab, s.cable, 0, AKSU_SYN, AKSU_SYN, 0);
    lab_at(lab, AKSU_SECONDS(LATE_S), old_syn, &s);
    lab_at(lab, AKSU_SECONDS(AGAIN_S), opens_again, &s);
    lab_run(lab, AKSU_SECONDS(ALL_S));
    check_old_syn(lab, &s);
    const struct lab_said *first = lab_segment(lab, s.client, AKSU_SYN, AKSU_SYN, 0);
    const struct lab_said *second = lab_segment(lab, s.client, AKSU_SYN, AKSU_SYN, 1);
    bool both = first != NULL && second != NULL;
    lab_check(lab, both && first->event.segment_out.local.port
              == second->event.segment_out.local.port
              && (int32_t)(second->event.segment_out.ts_val - first->event.segment_out.ts_val) > 0,
              W_time_wait_check_higher);
    lab_check(lab, s.end->connected
              && s.end->connected_at == AKSU_SECONDS(AGAIN_S) + 2 * lab_delay(lab)
              && s.end->received == ANSWER && s.end->wrong == 0, W_time_wait_check_reopened);
    lab_check(lab, waited(lab, s.server) < two_msl(lab) && s.listener->accepted == 2,
              W_time_wait_check_ends_wait);
    lab_fact_time(lab, W_time_wait_lasted_server, waited(lab, s.server));
}

/* --- who has it --- */

struct crowd {
    struct stage s;
    bool client_first, no_timestamps;
    uint16_t ports;             /* of the client; 0: as the stack chooses */
    unsigned opens, connected, refused;
    enum lab_words who;
};

static void crowd_told(struct lab_end *end, uint32_t what)
{
    struct crowd *c = end->context;
    bool server = end->host == c->s.server;
    c->connected += (what & AKSU_CONNECTED) != 0 && !server;
    if (end->connected && server != c->client_first)
        lab_shutdown(end);
    if (end->peer_closed)
        lab_close(end);
}

static void next_open(struct lab *lab, void *context)
{
    struct crowd *c = context;
    struct aksu_open how = { 0 };
    if (c->ports > 0)
        how.local.port = (uint16_t)(CLIENT_PORT + c->opens % c->ports);
    struct lab_end *end = lab_open(lab, c->s.client, c->s.server, PORT, &how);
    end->told = crowd_told;
    end->context = c;
    c->refused += end->failed && end->reason == AKSU_ALREADY_EXISTS;
    if (++c->opens < OPENS)
        lab_at(lab, lab_now(lab) + AKSU_MS(EVERY_MS), next_open, c);
}

static void set_up_crowd(struct lab *lab, struct crowd *c)
{
    struct aksu_sim_host how = { .prompt = true };
    how.stack.memory_limit = 1 << 20;
    how.stack.max_connections = 64;
    how.stack.msl = two_msl(lab) / 2;
    how.stack.no_timestamps = c->no_timestamps;
    c->s.client = lab_host(lab, "client", &how);
    c->s.server = lab_host(lab, "server", &how);
    lab_cable(lab, c->s.client, c->s.server, NULL);
    lab_show(lab, NULL, NULL);
    c->s.listener = lab_listen(lab, c->s.server, &(struct aksu_listen){ .local.port = PORT });
    c->s.listener->told = crowd_told;
    c->s.listener->context = c;
    next_open(lab, c);
}

static void crowd_row(struct lab *lab, const struct crowd *c)
{
    struct aksu_counters client, server;
    aksu_counters(c->s.client->net, &client);
    aksu_counters(c->s.server->net, &server);
    lab_row(lab, (const char *[]){ lab_words(lab, c->who), lab_number(lab, c->connected),
                                   lab_number(lab, c->refused), lab_number(lab, client.time_wait),
                                   lab_number(lab, server.time_wait) });
}

static void check_crowds(struct lab *lab, const struct crowd *c)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct lab_host *has = i == 0 ? c[i].s.client : c[i].s.server;
        const struct lab_host *not = i == 0 ? c[i].s.server : c[i].s.client;
        lab_check(lab, lab_events(lab, has, AKSU_EV_time_wait) == OPENS
                  && lab_events(lab, not, AKSU_EV_time_wait) == 0,
                  i == 0 ? W_time_wait_check_client_piles : W_time_wait_check_server_piles);
    }
    if (!lab_plain(lab))
        return;
    lab_check(lab, c[2].connected == FEW_PORTS && c[2].refused == OPENS - FEW_PORTS,
              W_time_wait_check_ports_out);
    lab_check(lab, c[3].connected == OPENS && c[3].refused == 0, W_time_wait_check_server_ports);
    lab_check(lab, c[4].connected == OPENS && c[4].refused == 0, W_time_wait_check_timestamps);
}

static void who(struct lab *lab)
{
    static const enum lab_words heads[] = { W_time_wait_head_who, W_time_wait_head_connected,
        W_time_wait_head_refused, W_time_wait_head_client, W_time_wait_head_server };
    struct crowd c[CROWDS] = {
        { .client_first = true, .ports = MANY_PORTS, .who = W_time_wait_who_client },
        { .ports = MANY_PORTS, .who = W_time_wait_who_server },
        { .client_first = true, .no_timestamps = true, .ports = FEW_PORTS,
          .who = W_time_wait_who_client_few },
        { .no_timestamps = true, .ports = FEW_PORTS, .who = W_time_wait_who_server_few },
        { .client_first = true, .ports = FEW_PORTS, .who = W_time_wait_who_timestamps },
    };
    for (unsigned i = 0; i < CROWDS; i++)
        set_up_crowd(lab, &c[i]);
    lab_run(lab, AKSU_MS(EVERY_MS * OPENS) + 8 * lab_delay(lab));
    lab_table(lab, W_time_wait_table, 5, heads);
    for (unsigned i = 0; i < CROWDS; i++)
        crowd_row(lab, &c[i]);
    lab_run(lab, AKSU_SECONDS(ALL_S));
    check_crowds(lab, c);
}

static const struct lab_act acts[] = {
    { W_time_wait_last_title, W_time_wait_last_text, last_ack, NULL },
    { W_time_wait_late_title, W_time_wait_late_text, late, NULL },
    { W_time_wait_killed_title, W_time_wait_killed_text, assassinated, "no-rfc1337" },
    { W_time_wait_syn_title, W_time_wait_syn_text, reopened, NULL },
    { W_time_wait_crowd_title, W_time_wait_crowd_text, who, NULL },
};

const struct lab_scenario lab_time_wait = {
    .id = "S10", .name = "time-wait", .title = W_time_wait_title, .text = W_time_wait_text,
    .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
};
