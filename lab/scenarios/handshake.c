/* handshake.c - S01: the three-way handshake (RFC 9293 3.5). */
#include "lab/stage.h"

enum { PORT = 80, REQUEST = 77, ALL_S = 3600 };

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 0, 10000, W_knob_delay },
    { "loss", LAB_PERCENT, 0, 0, 50, W_knob_loss },
};

struct stage {
    struct lab_host *client, *server;
    struct lab_listener *listener;
    struct lab_end *end;
};

static struct stage set_up(struct lab *lab)
{
    struct stage s;
    s.client = lab_host(lab, "client", NULL);
    s.server = lab_host(lab, "server", NULL);
    lab_cable(lab, s.client, s.server, NULL);
    s.listener = lab_listen(lab, s.server, &(struct aksu_listen){ .local.port = PORT });
    s.end = lab_open(lab, s.client, s.server, PORT, NULL);
    return s;
}

/* So much may be lost that the OPEN fails, or that the text never arrives. */
static bool gave_up(const struct lab *lab, const struct stage *s)
{
    return lab_value(lab, "loss") > 0 && s->end->failed;
}

/* By the client's own limit (RFC 9293 3.8.3), or by a RST of the server that came to its limit. */
static void check_told(struct lab *lab, const struct stage *s)
{
    lab_check(lab, s->end->reason == AKSU_TIMED_OUT || s->end->reason == AKSU_RESET,
              W_handshake_check_told);
}

static void check_handshake(struct lab *lab, const struct stage *s)
{
    const struct lab_said *syn = lab_segment(lab, s->client, AKSU_SYN | AKSU_ACK, AKSU_SYN, 0);
    const struct lab_said *both = lab_segment(lab, s->server, AKSU_SYN, AKSU_SYN, 0);
    const struct lab_said *ack = lab_segment(lab, s->client, AKSU_SYN | AKSU_ACK, AKSU_ACK, 0);
    bool all = syn != NULL && both != NULL && ack != NULL;
    if (!all && gave_up(lab, s))
        return;
    lab_check(lab, all && both->event.segment_out.ack == syn->event.segment_out.seq + 1
              && ack->event.segment_out.ack == both->event.segment_out.seq + 1,
              W_handshake_check_ack);
    lab_check(lab, all && syn->event.segment_out.len == 0 && both->event.segment_out.len == 0,
              W_handshake_check_no_data);
    if (lab_plain(lab))
        lab_check(lab, lab_entered(lab, s->server, AKSU_TCP_ESTABLISHED)
                  == lab_entered(lab, s->client, AKSU_TCP_ESTABLISHED) + lab_delay(lab),
                  W_handshake_check_half);
    if (!all)
        return;
    lab_fact_count(lab, W_handshake_client_isn, syn->event.segment_out.seq);
    lab_fact_count(lab, W_handshake_server_isn, both->event.segment_out.seq);
    lab_check(lab, syn->event.segment_out.seq != both->event.segment_out.seq,
              W_handshake_check_isn);
}

static void three(struct lab *lab)
{
    struct stage s = set_up(lab);
    lab_run(lab, lab_delay(lab) / 2);
    lab_look(lab, W_handshake_look_syn, s.end, lab_accepted(s.listener, 0));
    lab_run(lab, 4 * lab_delay(lab));
    lab_look(lab, W_handshake_look_done, s.end, lab_accepted(s.listener, 0));
    lab_run(lab, AKSU_SECONDS(300));
    if (lab_plain(lab))
        lab_check(lab, lab_segments(lab, NULL, 0, 0) == 3, W_handshake_check_three);
    check_handshake(lab, &s);
    if (gave_up(lab, &s))
        check_told(lab, &s);
    lab_fact_time(lab, W_handshake_client_at, lab_entered(lab, s.client, AKSU_TCP_ESTABLISHED));
    lab_fact_time(lab, W_handshake_server_at, lab_entered(lab, s.server, AKSU_TCP_ESTABLISHED));
}

static void with_data(struct lab *lab)
{
    struct stage s = set_up(lab);
    lab_send(s.end, REQUEST);
    lab_run(lab, AKSU_SECONDS(ALL_S));
    const struct lab_end *server = lab_accepted(s.listener, 0);
    check_handshake(lab, &s);
    if (gave_up(lab, &s))
        check_told(lab, &s);
    else
        lab_check(lab, server->received == REQUEST && server->wrong == 0,
                  W_handshake_check_arrived);
    if (lab_plain(lab))
        lab_check(lab, server->text_at == 3 * lab_delay(lab), W_handshake_check_soon);
    lab_fact_time(lab, W_handshake_text_at, server->text_at);
}

static const struct lab_act acts[] = {
    { W_handshake_three_title, W_handshake_three_text, three, NULL },
    { W_handshake_data_title, W_handshake_data_text, with_data, NULL },
};

const struct lab_scenario lab_handshake = {
    .id = "S01", .name = "handshake", .title = W_handshake_title, .text = W_handshake_text,
    .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
    .tells = { "loss", "loss" },
};
