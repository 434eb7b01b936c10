/* reset.c - S09: RST (RFC 9293 3.5.2, 3.10.7.1): what causes one, what it does, and that nobody
 * answers it. */
#include "lab/forge.h"
#include "lab/trail.h"

enum { PORT = 80, CLOSED_PORT = 81, NOBODYS_PORT = 7000, LOTS = 40000,
       MESSAGE = 2000, CLIENTS = 3, FORGED_SEQ = 5000, FORGED_ACK = 9000 };

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 1, 400, W_knob_delay },
};

struct stage {
    struct lab_host *client, *server;
    struct aksu_sim_cable *cable;
    struct lab_listener *listener;
    struct lab_end *end;
    struct aksu_info before;            /* the client's, at the moment of its abort */
};

static void set_up(struct lab *lab, struct stage *s)
{
    *s = (struct stage){ .client = lab_host(lab, "client", NULL),
                         .server = lab_host(lab, "server", NULL) };
    s->cable = lab_cable(lab, s->client, s->server, NULL);
    s->listener = lab_listen(lab, s->server, &(struct aksu_listen){ .local.port = PORT });
}

/* No host has sent anything in answer to a RST: nothing leaves within the moment one arrives. */
static void check_unanswered(struct lab *lab)
{
    unsigned resets = 0, answered = 0;
    for (unsigned i = 0; i < lab_said_count(lab); i++) {
        const struct lab_said *in = lab_said(lab, i);
        if (in->event.kind != AKSU_EV_segment_in || !(in->event.segment_in.ctl & AKSU_RST))
            continue;
        resets++;
        for (unsigned j = i + 1; j < lab_said_count(lab); j++) {
            const struct lab_said *out = lab_said(lab, j);
            if (out->at > in->at)
                break;
            answered += out->host == in->host && out->event.kind == AKSU_EV_segment_out
                && out->event.segment_out.remote.port == in->event.segment_in.remote.port
                && out->event.segment_out.local.port == in->event.segment_in.local.port;
        }
    }
    lab_check(lab, resets > 0 && answered == 0, W_reset_check_unanswered);
}

/* --- nobody there --- */

static struct forge_frame stray(const struct stage *s, uint8_t ctl)
{
    return forge_segment(&(struct forge_segment){
        .from = { lab_address(s->client), NOBODYS_PORT },
        .to = { lab_address(s->server), CLOSED_PORT },
        .ctl = ctl, .seq = FORGED_SEQ, .ack = FORGED_ACK, .wnd = 1000 });
}

static void nobody(struct lab *lab)
{
    struct stage s;
    set_up(lab, &s);
    s.end = lab_open(lab, s.client, s.server, CLOSED_PORT, NULL);
    struct forge_frame ack = stray(&s, AKSU_ACK), rst = stray(&s, AKSU_RST);
    forge_send_at(lab, AKSU_SECONDS(2), s.cable, 0, &ack);
    forge_send_at(lab, AKSU_SECONDS(4), s.cable, 0, &rst);
    lab_run(lab, AKSU_SECONDS(60));
    const struct lab_said *syn = lab_segment(lab, s.client, AKSU_SYN, AKSU_SYN, 0);
    const struct lab_said *first = lab_segment(lab, s.server, AKSU_RST, AKSU_RST, 0);
    const struct lab_said *second = lab_segment(lab, s.server, AKSU_RST, AKSU_RST, 1);
    lab_check(lab, s.end->failed && s.end->reason == AKSU_REFUSED
              && s.end->failed_at == 2 * lab_delay(lab), W_reset_check_refused);
    lab_check(lab, syn != NULL && first != NULL && (first->event.segment_out.ctl & AKSU_ACK)
              && first->event.segment_out.seq == 0
              && first->event.segment_out.ack == syn->event.segment_out.seq + 1,
              W_reset_check_to_syn);
    lab_check(lab, second != NULL && !(second->event.segment_out.ctl & AKSU_ACK)
              && second->event.segment_out.seq == FORGED_ACK, W_reset_check_to_ack);
    lab_check(lab, lab_segments(lab, s.server, AKSU_RST, AKSU_RST) == 2, W_reset_check_only_two);
    check_unanswered(lab);
}

/* --- abort --- */

static void aborts(struct lab *lab, void *context)
{
    struct stage *s = context;
    (void)lab_status(s->end, &s->before);
    lab_look(lab, W_reset_look_before, s->end, lab_accepted(s->listener, 0));
    lab_abort(s->end);
}

static void abort_act(struct lab *lab)
{
    struct stage s;
    set_up(lab, &s);
    s.listener->deaf = true;
    s.end = lab_open(lab, s.client, s.server, PORT, NULL);
    lab_send(s.end, LOTS);
    lab_at(lab, 4 * lab_delay(lab), aborts, &s);
    lab_run(lab, AKSU_SECONDS(60));
    struct lab_end *server = lab_accepted(s.listener, 0);
    const struct lab_said *rst = lab_segment(lab, s.client, AKSU_RST, AKSU_RST, 0);
    lab_check(lab, rst != NULL && rst->at == 4 * lab_delay(lab)
              && lab_segments(lab, s.client, AKSU_FIN, AKSU_FIN) == 0, W_reset_check_rst_no_fin);
    lab_check(lab, server->failed && server->reason == AKSU_RESET
              && rst != NULL && server->failed_at == rst->at + lab_delay(lab),
              W_reset_check_peer_told);
    lab_check(lab, s.before.send_queued > s.before.send_unacked, W_reset_check_unsent);
    lab_read(server, LOTS);
    lab_check(lab, server->received == 0, W_reset_check_unread);
    check_unanswered(lab);
    lab_fact_count(lab, W_reset_queued, s.before.send_queued);
}

/* --- close with unread text --- */

static void closes(struct lab *lab, void *context)
{
    (void)lab;
    lab_close(context);
}

static void server_speaks(struct lab_end *end, uint32_t what)
{
    if (what & AKSU_CONNECTED)
        lab_send(end, MESSAGE);
}

static void unread(struct lab *lab)
{
    struct stage s;
    set_up(lab, &s);
    s.listener->told = server_speaks;
    s.end = lab_open(lab, s.client, s.server, PORT, NULL);
    s.end->deaf = true;
    lab_at(lab, AKSU_SECONDS(10), closes, s.end);
    lab_run(lab, AKSU_SECONDS(10) - 1);
    struct lab_end *server = lab_accepted(s.listener, 0);
    struct aksu_info info;
    lab_look(lab, W_reset_look_unread, s.end, server);
    lab_check(lab, lab_status(server, &info) && info.send_queued == 0
              && lab_status(s.end, &info) && info.receive_queued == MESSAGE,
              W_reset_check_acknowledged);
    lab_run(lab, AKSU_SECONDS(60));
    lab_check(lab, lab_segments(lab, s.client, AKSU_RST, AKSU_RST) == 1
              && lab_segments(lab, s.client, AKSU_FIN, AKSU_FIN) == 0, W_reset_check_close_is_rst);
    lab_check(lab, server->failed && server->reason == AKSU_RESET, W_reset_check_server_knows);
    check_unanswered(lab);
}

/* --- reboot --- */

struct reboot {
    struct stage s;
    struct lab_end *end[CLIENTS];
};

static void reboots(struct lab *lab, void *context)
{
    struct reboot *r = context;
    lab_note(lab_accepted(r->s.listener, 0), W_reset_note_reboot);
    lab_reboot(r->s.server);
    r->s.listener = lab_listen(lab, r->s.server, &(struct aksu_listen){ .local.port = PORT });
}

static void speaks(struct lab *lab, void *context)
{
    (void)lab;
    lab_send(context, MESSAGE / 10);
}

static void reboot(struct lab *lab)
{
    struct reboot r;
    set_up(lab, &r.s);
    for (unsigned i = 0; i < CLIENTS; i++) {
        r.end[i] = lab_open(lab, r.s.client, r.s.server, PORT, NULL);
        if (i > 0)
            lab_at(lab, AKSU_SECONDS(10 + 5 * i), speaks, r.end[i]);
    }
    lab_at(lab, AKSU_SECONDS(5), reboots, &r);
    lab_run(lab, AKSU_SECONDS(3600));
    bool told = true;
    for (unsigned i = 1; i < CLIENTS; i++)
        told &= r.end[i]->failed && r.end[i]->reason == AKSU_RESET
            && r.end[i]->failed_at == AKSU_SECONDS(10 + 5 * i) + 2 * lab_delay(lab);
    lab_check(lab, told, W_reset_check_reboot);
    lab_check(lab, lab_segments(lab, r.s.server, AKSU_RST, AKSU_RST) == CLIENTS - 1,
              W_reset_check_each_one);
    lab_check(lab, lab_state(r.end[0]) == AKSU_TCP_ESTABLISHED, W_reset_check_silent_one);
    lab_show(lab, NULL, NULL);
    struct lab_end *anew = lab_open(lab, r.s.client, r.s.server, PORT, NULL);
    lab_send(anew, MESSAGE);
    lab_run(lab, AKSU_SECONDS(3700));
    lab_check(lab, anew->connected && lab_accepted(r.s.listener, 0)->received == MESSAGE
              && lab_accepted(r.s.listener, 0)->wrong == 0, W_reset_check_anew);
    check_unanswered(lab);
}

static const struct lab_act acts[] = {
    { W_reset_nobody_title, W_reset_nobody_text, nobody, NULL },
    { W_reset_abort_title, W_reset_abort_text, abort_act, NULL },
    { W_reset_unread_title, W_reset_unread_text, unread, NULL },
    { W_reset_reboot_title, W_reset_reboot_text, reboot, NULL },
};

const struct lab_scenario lab_reset = {
    .id = "S09", .name = "reset", .title = W_reset_title, .text = W_reset_text,
    .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
};
