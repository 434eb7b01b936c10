/* close.c - S06: the end of a connection (RFC 9293 3.6): with four segments, with three, and half
 * of it for as long as the other half is needed. */
#include "lab/trail.h"

enum { PORT = 80, REST = 2000, IDLE_MS = 100, THINKS_MS = 30, PIECE = 500, PIECES = 6,
       PIECE_S = 120, MIDDLE_S = 300, ALL_S = 7200 };

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 0, 1000, W_knob_delay },
    { "loss", LAB_PERCENT, 0, 0, 30, W_knob_loss },
    { "msl", LAB_SECONDS, 30, 1, 240, W_knob_msl },
};

struct stage {
    struct lab_host *client, *server;
    struct lab_listener *listener;
    struct lab_end *end;
    bool asked, says_first;     /* the client: it has closed; with a question */
    unsigned pieces;
};

static void closes(struct lab *lab, void *context)
{
    (void)lab;
    lab_shutdown(context);
}

/* The client: a moment after the handshake, or with its question. */
static void client_told(struct lab_end *end, uint32_t what)
{
    struct stage *s = end->context;
    (void)what;
    if (!end->connected || s->asked)
        return;
    s->asked = true;
    if (s->says_first) {
        lab_send(end, PIECE);
        lab_shutdown(end);
    } else {
        lab_at(end->lab, lab_now(end->lab) + AKSU_MS(IDLE_MS), closes, end);
    }
}

static void set_up(struct lab *lab, struct stage *s, bool stays)
{
    struct aksu_sim_host how = { .stack.msl = AKSU_SECONDS(lab_value(lab, "msl")) };
    *s = (struct stage){ .client = lab_host(lab, "client", &how) };
    how.prompt = !stays;
    s->server = lab_host(lab, "server", &how);
    lab_cable(lab, s->client, s->server, NULL);
    s->listener = lab_listen(lab, s->server, &(struct aksu_listen){ .local.port = PORT });
    s->listener->stays = stays;
    s->listener->context = s;
    s->end = lab_open(lab, s->client, s->server, PORT, NULL);
    s->end->told = client_told;
    s->end->context = s;
}

/* --- what holds of every close that the client begins --- */

static void check_fins(struct lab *lab, const struct stage *s)
{
    const struct lab_said *ours = lab_segment(lab, s->client, AKSU_FIN, AKSU_FIN, 0);
    const struct lab_said *theirs = lab_segment(lab, s->server, AKSU_FIN, AKSU_FIN, 0);
    bool acked = false, answered = false;
    for (unsigned i = 0; ours != NULL && theirs != NULL && i < lab_said_count(lab); i++) {
        const struct lab_said *m = lab_said(lab, i);
        if (m->event.kind != AKSU_EV_segment_out)
            continue;
        uint32_t ack = m->event.segment_out.ack;
        acked |= m->host == s->server
            && ack == ours->event.segment_out.seq + ours->event.segment_out.len + 1;
        answered |= m->host == s->client
            && ack == theirs->event.segment_out.seq + theirs->event.segment_out.len + 1;
    }
    lab_check(lab, acked && answered, W_close_check_fin_acked);
}

static void check_client(struct lab *lab, const struct stage *s)
{
    static const enum aksu_tcp_state trail[] = { AKSU_TCP_FIN_WAIT_1, AKSU_TCP_FIN_WAIT_2,
                                                 AKSU_TCP_TIME_WAIT, AKSU_TCP_CLOSED };
    lab_check(lab, lab_trail_ends(lab, s->client, trail, 4), W_close_check_client);
}

static void check_server(struct lab *lab, const struct stage *s)
{
    static const enum aksu_tcp_state trail[] = { AKSU_TCP_CLOSE_WAIT, AKSU_TCP_LAST_ACK,
                                                 AKSU_TCP_CLOSED };
    lab_check(lab, lab_trail_ends(lab, s->server, trail, 3), W_close_check_server);
}

static void check_time_wait(struct lab *lab, const struct stage *s)
{
    aksu_time from = lab_entered(lab, s->client, AKSU_TCP_TIME_WAIT);
    aksu_time until = lab_entered(lab, s->client, AKSU_TCP_CLOSED);
    aksu_time two_msl = AKSU_SECONDS(2 * lab_value(lab, "msl"));
    bool over = from != AKSU_NEVER && until != AKSU_NEVER;
    lab_check(lab, over && until - from >= two_msl
              && lab_entered(lab, s->server, AKSU_TCP_TIME_WAIT) == AKSU_NEVER,
              W_close_check_time_wait);
    lab_fact_time(lab, W_close_time_wait_for, over ? until - from : AKSU_NEVER);
}

/* --- four segments --- */

static void says_the_rest(struct lab *lab, void *context)
{
    struct stage *s = context;
    lab_look(lab, W_close_look_half, s->end, s->listener->first);
    lab_send(s->listener->first, REST);
    lab_shutdown(s->listener->first);
}

static void thinks(struct lab_end *end, uint32_t what)
{
    (void)what;
    if (end->peer_closed && end->told != NULL) {
        end->told = NULL;
        lab_at(end->lab, lab_now(end->lab) + AKSU_MS(THINKS_MS), says_the_rest, end->context);
    }
}

static void four(struct lab *lab)
{
    struct stage s;
    set_up(lab, &s, true);
    s.listener->told = thinks;
    lab_run(lab, AKSU_SECONDS(ALL_S));
    check_client(lab, &s);
    check_server(lab, &s);
    check_fins(lab, &s);
    const struct lab_said *fin = lab_segment(lab, s.client, AKSU_FIN, AKSU_FIN, 0);
    const struct lab_said *ack = lab_event(lab, s.server, AKSU_EV_segment_out, 1);
    if (lab_plain(lab))
        lab_check(lab, fin != NULL && ack != NULL && !(ack->event.segment_out.ctl & AKSU_FIN)
                  && ack->event.segment_out.ack == fin->event.segment_out.seq + 1
                  && ack->at == fin->at + lab_delay(lab), W_close_check_alone);
    lab_check(lab, s.end->received == REST && s.end->wrong == 0 && s.end->peer_closed
              && s.end->text_at > lab_entered(lab, s.client, AKSU_TCP_FIN_WAIT_1),
              W_close_check_rest);
    check_time_wait(lab, &s);
    lab_fact_text(lab, W_close_trail_client, lab_trail_text(lab, s.client, 2));
    lab_fact_text(lab, W_close_trail_server, lab_trail_text(lab, s.server, 2));
}

/* --- three segments --- */

static void three(struct lab *lab)
{
    struct stage s;
    set_up(lab, &s, false);
    lab_run(lab, AKSU_SECONDS(ALL_S));
    check_server(lab, &s);
    check_fins(lab, &s);
    check_time_wait(lab, &s);
    if (lab_plain(lab)) {
        const struct lab_said *both = lab_segment(lab, s.server, AKSU_FIN, AKSU_FIN, 0);
        const struct lab_said *last = lab_segment(lab, s.client, AKSU_FIN | AKSU_SYN, 0, 1);
        lab_check(lab, lab_segments(lab, NULL, 0, 0) == 6 && last != NULL && both != NULL
                  && last->event.segment_out.ack == both->event.segment_out.seq + 1,
                  W_close_check_three);
        lab_check(lab, lab_entered(lab, s.client, AKSU_TCP_TIME_WAIT)
                  == lab_entered(lab, s.client, AKSU_TCP_FIN_WAIT_1) + 2 * lab_delay(lab)
                  && lab_entered(lab, s.client, AKSU_TCP_FIN_WAIT_2)
                  == lab_entered(lab, s.client, AKSU_TCP_TIME_WAIT),
                  W_close_check_round_trip);
    }
    lab_fact_text(lab, W_close_trail_client, lab_trail_text(lab, s.client, 2));
    lab_fact_text(lab, W_close_trail_server, lab_trail_text(lab, s.server, 2));
}

/* --- half-close --- */

static void next_piece(struct lab *lab, void *context)
{
    struct stage *s = context;
    lab_send(s->listener->first, PIECE);
    if (++s->pieces < PIECES)
        lab_at(lab, lab_now(lab) + AKSU_SECONDS(PIECE_S), next_piece, s);
    else
        lab_shutdown(s->listener->first);
}

static void begins_when_closed(struct lab_end *end, uint32_t what)
{
    (void)what;
    if (end->peer_closed && end->told != NULL) {
        end->told = NULL;
        lab_at(end->lab, lab_now(end->lab) + AKSU_MS(THINKS_MS), next_piece, end->context);
    }
}

static void half(struct lab *lab)
{
    struct stage s;
    set_up(lab, &s, true);
    s.listener->told = begins_when_closed;
    s.says_first = true;
    lab_run(lab, AKSU_SECONDS(MIDDLE_S));
    lab_look(lab, W_close_look_half_close, s.end, lab_accepted(s.listener, 0));
    lab_check(lab, lab_state(s.end) == AKSU_TCP_FIN_WAIT_2, W_close_check_still);
    lab_run(lab, AKSU_SECONDS(ALL_S));
    const struct lab_end *server = lab_accepted(s.listener, 0);
    check_client(lab, &s);
    check_server(lab, &s);
    check_fins(lab, &s);
    lab_check(lab, s.end->received == PIECE * PIECES && s.end->wrong == 0
              && server->received == PIECE && server->wrong == 0, W_close_check_both_ways);
    aksu_time open = lab_entered(lab, s.client, AKSU_TCP_TIME_WAIT)
        - lab_entered(lab, s.client, AKSU_TCP_FIN_WAIT_2);
    lab_check(lab, lab_entered(lab, s.client, AKSU_TCP_TIME_WAIT)
              - lab_entered(lab, s.server, AKSU_TCP_CLOSE_WAIT)
              >= AKSU_SECONDS(PIECE_S * (PIECES - 1)), W_close_check_no_limit);
    lab_fact_time(lab, W_close_half_for, open);
}

static const struct lab_act acts[] = {
    { W_close_four_title, W_close_four_text, four, NULL },
    { W_close_three_title, W_close_three_text, three, NULL },
    { W_close_half_title, W_close_half_text, half, NULL },
};

const struct lab_scenario lab_close_scenario = {
    .id = "S06", .name = "close", .title = W_close_title, .text = W_close_text,
    .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
    .tells = { "loss", "loss", "loss" },
};
