/* flow_control.c - S15: the receive window (RFC 9293 3.8.6), and datagrams, which have none. */
#include <string.h>

#include "aksu/udp.h"
#include "lab/stage.h"

enum { PORT = 80, UDP_PORT = 9000, MORE = 6000, DATAGRAM = 1000, BITE = 200 };

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 0, 500, W_knob_delay },
    { "pause", LAB_SECONDS, 5, 2, 600, W_flow_control_knob_pause },
    { "buffer", LAB_COUNT, 4096, 4096, 32768, W_flow_control_knob_buffer },
};

struct stage {
    struct lab_host *sender, *receiver;
    struct aksu_sim_cable *cable;
    struct lab_listener *listener;
    struct lab_end *end;
    struct lab_end *peer;
};

static struct stage set_up(struct lab *lab)
{
    struct stage s = { 0 };
    uint32_t buffer = (uint32_t)lab_value(lab, "buffer");
    struct aksu_sim_host small = { .stack = { .receive_buffer = buffer,
                                              .receive_buffer_most = buffer } };
    s.sender = lab_host(lab, "sender", NULL);
    s.receiver = lab_host(lab, "receiver", &small);
    s.cable = lab_cable(lab, s.sender, s.receiver, NULL);
    return s;
}

/* More than the receiver has room for. */
static uint64_t text_of(const struct lab *lab)
{
    return lab_value(lab, "buffer") + MORE;
}

static void begin_text(struct lab *lab, struct stage *s)
{
    s->listener = lab_listen(lab, s->receiver, &(struct aksu_listen){ .local.port = PORT });
    s->listener->deaf = true;
    s->end = lab_open(lab, s->sender, s->receiver, PORT, NULL);
    lab_send(s->end, text_of(lab));
}

static aksu_time pause_of(const struct lab *lab)
{
    return AKSU_SECONDS(lab_value(lab, "pause"));
}

/* --- what was said --- */

/* The window is closed when `receiver` says so for the first time. */
static const struct lab_said *closing(const struct lab *lab, const struct stage *s)
{
    for (unsigned i = 0; i < lab_said_count(lab); i++) {
        const struct lab_said *one = lab_said(lab, i);
        if (one->event.kind == AKSU_EV_segment_out && one->host == s->receiver
            && one->event.segment_out.wnd == 0 && (one->event.segment_out.ctl & AKSU_RST) == 0)
            return one;
    }
    return NULL;
}

/* When more than the octet of a probe was sent after the pause for the first time. */
static aksu_time resumed(const struct lab *lab, const struct stage *s)
{
    for (unsigned i = 0; i < lab_said_count(lab); i++) {
        const struct lab_said *one = lab_said(lab, i);
        if (one->event.kind == AKSU_EV_segment_out && one->host == s->sender
            && one->at >= pause_of(lab) && one->event.segment_out.len > 1)
            return one->at;
    }
    return AKSU_NEVER;
}

/* No octet is sent beyond what the receiver has allowed, but for the one of a probe. */
static bool is_obeyed(const struct lab *lab, const struct stage *s)
{
    uint32_t edge = 0;
    bool known = false;
    for (unsigned i = 0; i < lab_said_count(lab); i++) {
        const struct lab_said *one = lab_said(lab, i);
        const struct aksu_event_segment_out *out = &one->event.segment_out;
        const struct aksu_event_segment_in *in = &one->event.segment_in;
        if (one->host != s->sender)
            continue;
        if (one->event.kind == AKSU_EV_segment_in && (in->ctl & AKSU_ACK)) {
            if (!known || (int32_t)(in->ack + in->wnd - edge) > 0)
                edge = in->ack + in->wnd;
            known = true;
        }
        if (one->event.kind == AKSU_EV_segment_out && known && out->len > 1
            && (int32_t)(out->seq + out->len - edge) > 0)
            return false;
    }
    return known;
}

/* The time between probe n and the next one; the first timer that runs out with a closed window. */
static aksu_time probe_gap(const struct lab *lab, const struct stage *s, unsigned n)
{
    const struct lab_said *shut = lab_event(lab, s->sender, AKSU_EV_zero_window, 0);
    aksu_time before = AKSU_NEVER;
    for (unsigned i = 0, seen = 0; shut != NULL && i < lab_said_count(lab); i++) {
        const struct lab_said *one = lab_said(lab, i);
        if (one->event.kind != AKSU_EV_timer || one->host != s->sender || one->at < shut->at
            || strcmp(one->event.timer.name, "PERSIST") != 0)
            continue;
        if (seen++ == n + 1)
            return one->at - before;
        before = one->at;
    }
    return AKSU_NEVER;
}

static bool doubles(aksu_time gap, aksu_time next)
{
    return gap != AKSU_NEVER && next != AKSU_NEVER && next > gap * 19 / 10
        && next < gap * 21 / 10;
}

/* Wherever the right edge of the window moves, it moves by a segment or half the buffer. */
static bool is_never_silly(const struct lab *lab, const struct stage *s)
{
    uint32_t edge = 0, least = (uint32_t)lab_value(lab, "buffer") / 2;
    bool known = false;
    struct aksu_info info;
    if (lab_status(s->peer, &info) && info.rcv_mss < least)
        least = info.rcv_mss;
    for (unsigned i = 0; i < lab_said_count(lab); i++) {
        const struct lab_said *one = lab_said(lab, i);
        const struct aksu_event_segment_out *out = &one->event.segment_out;
        if (one->event.kind != AKSU_EV_segment_out || one->host != s->receiver
            || (out->ctl & (AKSU_SYN | AKSU_FIN | AKSU_RST)))
            continue;
        uint32_t moved = out->ack + out->wnd - edge;
        if (known && moved != 0 && moved < least - 32)
            return false;
        edge = out->ack + out->wnd;
        known = true;
    }
    return known;
}

static void check_whole(struct lab *lab, const struct stage *s)
{
    lab_check(lab, s->peer->received == text_of(lab) && s->peer->wrong == 0,
              W_flow_control_check_whole);
    lab_check(lab, is_obeyed(lab, s), W_flow_control_check_obeyed);
}

/* --- acts --- */

static void read_all(struct lab *lab, void *context)
{
    struct stage *s = context;
    (void)lab;
    s->peer = lab_accepted(s->listener, 0);
    s->peer->deaf = false;
    lab_note(s->peer, W_flow_control_note_reads);
    lab_read(s->peer, UINT64_MAX);
}

/* The receiver's user sleeps until the pause is over. True: the window is closed then. */
static bool sleep_long(struct lab *lab, struct stage *s)
{
    *s = set_up(lab);
    begin_text(lab, s);
    lab_run(lab, pause_of(lab) - AKSU_MS(1));
    s->peer = lab_accepted(s->listener, 0);
    lab_look(lab, W_flow_control_look_closed, s->end, s->peer);
    struct aksu_info info;
    return lab_status(s->end, &info) && info.snd_wnd == 0;
}

static void closed(struct lab *lab)
{
    struct stage s;
    struct aksu_info info;
    bool shut = sleep_long(lab, &s);
    (void)lab_status(s.end, &info);
    lab_at(lab, pause_of(lab), read_all, &s);
    lab_run(lab, pause_of(lab) + AKSU_SECONDS(600));
    check_whole(lab, &s);
    const struct lab_said *zero = closing(lab, &s);
    lab_fact_count(lab, W_flow_control_fact_wait, info.send_queued);
    lab_fact_time(lab, W_flow_control_fact_closed, zero != NULL ? zero->at : AKSU_NEVER);
    lab_check(lab, s.end->failed_at == AKSU_NEVER, W_flow_control_check_alive);
    if (shut)
        lab_check(lab, zero != NULL && info.send_queued > 0, W_flow_control_check_zero);
    if (!lab_plain(lab))
        return;
    lab_check(lab, doubles(probe_gap(lab, &s, 0), probe_gap(lab, &s, 1))
              && doubles(probe_gap(lab, &s, 1), probe_gap(lab, &s, 2)),
              W_flow_control_check_probes);
    lab_check(lab, resumed(lab, &s) == pause_of(lab) + lab_delay(lab),
              W_flow_control_check_resumes);
}

static void put_back(struct lab *lab, void *context)
{
    struct stage *s = context;
    lab_cut(lab, s->cable, false);
}

static void update_lost(struct lab *lab)
{
    struct stage s;
    bool shut = sleep_long(lab, &s);
    lab_run(lab, pause_of(lab));
    lab_cut(lab, s.cable, true);
    read_all(lab, &s);
    lab_at(lab, lab_now(lab) + AKSU_MS(1), put_back, &s);
    unsigned before = lab_segments(lab, s.receiver, 0, 0);
    lab_run(lab, pause_of(lab) + AKSU_MS(1));
    if (shut)
        lab_check(lab, lab_segments(lab, s.receiver, 0, 0) > before, W_flow_control_check_update);
    lab_run(lab, pause_of(lab) + AKSU_SECONDS(600));
    check_whole(lab, &s);
    if (shut)
        lab_check(lab, resumed(lab, &s) > pause_of(lab) + lab_delay(lab),
                  W_flow_control_check_by_probe);
    lab_fact_time(lab, W_flow_control_fact_resumed, resumed(lab, &s));
}

static void bite(struct lab *lab, void *context)
{
    struct stage *s = context;
    lab_read(lab_accepted(s->listener, 0), BITE);
    if (lab_accepted(s->listener, 0)->received < text_of(lab)
        && lab_now(lab) < AKSU_SECONDS(500))
        lab_at(lab, lab_now(lab) + AKSU_MS(20), bite, s);
}

static void silly(struct lab *lab)
{
    struct stage s = set_up(lab);
    begin_text(lab, &s);
    lab_at(lab, AKSU_MS(500), bite, &s);
    lab_run(lab, AKSU_SECONDS(600));
    s.peer = lab_accepted(s.listener, 0);
    check_whole(lab, &s);
    lab_check(lab, is_never_silly(lab, &s), W_flow_control_check_silly);
}

/* --- datagrams --- */

struct datagrams {
    struct stage stage;
    aksu_udp from, to;
    unsigned sent, taken, most;
    bool reads;
};

static void take(struct lab_host *host, aksu_udp udp)
{
    struct datagrams *d = host->context;
    uint8_t buffer[DATAGRAM];
    while (d->reads && aksu_udp_receive(host->net, udp, NULL, buffer, sizeof buffer) > 0)
        d->taken++;
}

static void send_datagram(struct lab *lab, void *context)
{
    struct datagrams *d = context;
    uint8_t octets[DATAGRAM] = { 0 };
    struct aksu_endpoint to = { lab_address(d->stage.receiver), UDP_PORT };
    if (aksu_udp_send(d->stage.sender->net, d->from, &to, octets, sizeof octets,
                      aksu_sim_now(lab_world(lab))) == AKSU_OK)
        d->sent++;
    if (d->sent < d->most)
        lab_at(lab, lab_now(lab) + AKSU_MS(5), send_datagram, d);
}

static void wake_up(struct lab *lab, void *context)
{
    struct datagrams *d = context;
    (void)lab;
    d->reads = true;
    take(d->stage.receiver, d->to);
}

static void show_both(struct lab *lab, const struct datagrams *d, unsigned dropped)
{
    static const enum lab_words heads[] = { W_flow_control_head_octets, W_flow_control_head_tcp,
                                            W_flow_control_head_udp };
    const struct stage *s = &d->stage;
    lab_table(lab, W_flow_control_table, 3, heads);
    lab_row(lab, (const char *const[]){ lab_words(lab, W_flow_control_row_sent),
            lab_number(lab, s->end->sent), lab_number(lab, (uint64_t)d->sent * DATAGRAM) });
    lab_row(lab, (const char *const[]){ lab_words(lab, W_flow_control_row_taken),
            lab_number(lab, s->peer->received), lab_number(lab, (uint64_t)d->taken * DATAGRAM) });
    lab_row(lab, (const char *const[]){ lab_words(lab, W_flow_control_row_dropped), "0",
            lab_number(lab, (uint64_t)dropped * DATAGRAM) });
}

static void datagrams(struct lab *lab)
{
    struct datagrams d = { .stage = set_up(lab) };
    struct stage *s = &d.stage;
    lab_show_datagrams(lab);                    /* the connection is as in the first act */
    uint32_t queue = (uint32_t)lab_value(lab, "buffer");
    d.most = (unsigned)(text_of(lab) / DATAGRAM);
    s->receiver->datagram = take;
    s->receiver->context = &d;
    if (aksu_udp_open(s->receiver->net, &(struct aksu_udp_open){ .local.port = UDP_PORT,
                      .queue = queue }, &d.to) != AKSU_OK
        || aksu_udp_open(s->sender->net, &(struct aksu_udp_open){ 0 }, &d.from) != AKSU_OK)
        return;
    begin_text(lab, s);
    lab_at(lab, 0, send_datagram, &d);
    lab_at(lab, pause_of(lab), read_all, s);
    lab_at(lab, pause_of(lab), wake_up, &d);
    lab_run(lab, pause_of(lab) + AKSU_SECONDS(600));
    s->peer = lab_accepted(s->listener, 0);
    unsigned dropped = lab_events(lab, s->receiver, AKSU_EV_udp_dropped);
    show_both(lab, &d, dropped);
    check_whole(lab, s);
    lab_check(lab, d.sent == d.most, W_flow_control_check_does_not_care);
    lab_check(lab, d.taken == lab_events(lab, s->receiver, AKSU_EV_udp_in)
              && d.taken * DATAGRAM <= queue, W_flow_control_check_counted);
    if (lab_plain(lab))
        lab_check(lab, d.taken > 0 && dropped > 0 && dropped == d.most - d.taken,
                  W_flow_control_check_lost);
}

static const struct lab_act acts[] = {
    { W_flow_control_closed_title, W_flow_control_closed_text, closed, NULL },
    { W_flow_control_update_title, W_flow_control_update_text, update_lost, NULL },
    { W_flow_control_silly_title, W_flow_control_silly_text, silly, NULL },
    { W_flow_control_udp_title, W_flow_control_udp_text, datagrams, NULL },
};

const struct lab_scenario lab_flow_control = {
    .id = "S15", .name = "flow-control", .title = W_flow_control_title,
    .text = W_flow_control_text, .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
};
