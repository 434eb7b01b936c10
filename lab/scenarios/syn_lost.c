/* syn_lost.c - S04: a SYN that nobody answers is repeated at times that double (RFC 6298 2, 5.5)
 * until R2 (RFC 9293 3.8.3); and the three ways in which an OPEN fails: refused, silence, and what
 * a router says (RFC 9293 3.9.2.2). */
#include <string.h>

#include "lab/forge.h"

enum { PORT = 80, FILTERED_PORT = 81, OLD_RTO_MS = 3000, FIRST_RTO_MS = 1000, RTO_MAX_S = 120,
       HOST_UNREACHABLE = 3 /* RFC 792: type; its code is 1 */, SYNS_MOST = 16 };

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 0, 200, W_knob_delay },
    { "lost", LAB_COUNT, 3, 0, 6, W_syn_lost_knob_lost },
    { "rto", LAB_MS, FIRST_RTO_MS, 500, 10000, W_syn_lost_knob_rto },
    { "r2", LAB_SECONDS, 180, 10, 600, W_syn_lost_knob_r2 },
};

struct stage {
    struct lab_host *client, *server;
    struct aksu_sim_cable *cable;
    struct lab_end *end;
    uint64_t lost;              /* SYNs that the network loses */
    unsigned told;              /* by the router */
    aksu_time soft_at;          /* when the client's user heard of it */
};

static bool is_lost(void *context, const uint8_t *frame, uint32_t length, uint64_t passed)
{
    const struct stage *s = context;
    (void)frame, (void)length;
    return passed < s->lost;
}

static void set_up(struct lab *lab, struct stage *s, uint64_t rto_ms)
{
    struct aksu_path_node node = { .kind = AKSU_PATH_LOSE_IF, .lose_if = is_lost, .context = s };
    s->client = lab_host(lab, "client", &(struct aksu_sim_host){ .stack = {
        .rto_initial = AKSU_MS(rto_ms), .syn_r2 = AKSU_SECONDS(lab_value(lab, "r2")),
        .no_timestamps = true } });
    s->server = lab_host(lab, "server", NULL);
    s->cable = lab_cable(lab, s->client, s->server,
                         &(struct lab_link){ .more = { &node }, .count = { 1 } });
    s->soft_at = AKSU_NEVER;
}

static aksu_time r2(const struct lab *lab)
{
    return AKSU_SECONDS(lab_value(lab, "r2"));
}

/* When the nth SYN is due, by RFC 6298: each waits twice as long as the one before. */
static aksu_time due(uint64_t rto_ms, unsigned nth)
{
    aksu_time at = 0, wait = AKSU_MS(rto_ms);
    for (unsigned i = 0; i < nth; i++) {
        at += wait;
        wait = wait * 2 < AKSU_SECONDS(RTO_MAX_S) ? wait * 2 : AKSU_SECONDS(RTO_MAX_S);
    }
    return at;
}

/* `count` SYNs, all the same, at those times. */
static void check_syns(struct lab *lab, const struct stage *s, uint64_t rto_ms, unsigned count)
{
    const struct lab_said *first = lab_segment(lab, s->client, AKSU_SYN, AKSU_SYN, 0);
    bool same = first != NULL, times = first != NULL;
    for (unsigned i = 0; i < count && same; i++) {
        const struct lab_said *syn = lab_segment(lab, s->client, AKSU_SYN, AKSU_SYN, i);
        same &= syn != NULL && syn->event.segment_out.seq == first->event.segment_out.seq;
        times &= syn != NULL && syn->at == due(rto_ms, i);
    }
    lab_check(lab, lab_segments(lab, s->client, AKSU_SYN, AKSU_SYN) == count,
              W_syn_lost_check_count);
    lab_check(lab, same, W_syn_lost_check_same);
    lab_check(lab, times, W_syn_lost_check_times);
}

static void tell_times(struct lab *lab, const struct stage *s)
{
    static const enum lab_words heads[] = { W_syn_lost_head_syn, W_syn_lost_head_at,
                                            W_syn_lost_head_wait };
    lab_table(lab, W_syn_lost_table, 3, heads);
    const struct lab_said *syn, *next;
    for (unsigned i = 0; i < SYNS_MOST
         && (syn = lab_segment(lab, s->client, AKSU_SYN, AKSU_SYN, i)) != NULL; i++) {
        next = lab_segment(lab, s->client, AKSU_SYN, AKSU_SYN, i + 1);
        const char *cells[] = { lab_number(lab, i + 1), lab_ms(lab, syn->at),
                                lab_ms(lab, next != NULL ? next->at - syn->at : AKSU_NEVER) };
        lab_row(lab, cells);
    }
}

/* --- lost --- */

static void play_lost(struct lab *lab, uint64_t rto_ms)
{
    struct stage s = { 0 };
    struct aksu_info info;
    set_up(lab, &s, rto_ms);
    s.lost = lab_value(lab, "lost");
    struct lab_listener *listener = lab_listen(lab, s.server,
                                               &(struct aksu_listen){ .local.port = PORT });
    s.end = lab_open(lab, s.client, s.server, PORT, NULL);
    lab_run(lab, AKSU_MS(1));
    lab_look(lab, W_syn_lost_look_first, s.end, NULL);
    aksu_time last = due(rto_ms, (unsigned)s.lost), there = last + 2 * lab_delay(lab);
    lab_run(lab, there);
    bool known = lab_status(s.end, &info);
    lab_look(lab, W_syn_lost_look_connected, s.end, lab_accepted(listener, 0));
    lab_run(lab, there + AKSU_SECONDS(1));
    tell_times(lab, &s);
    if (last >= r2(lab)) {
        lab_run(lab, last + r2(lab));
        lab_check(lab, s.end->failed && s.end->failed_at == r2(lab), W_syn_lost_check_r2);
        return;
    }
    lab_fact_time(lab, W_syn_lost_connected_at, s.end->connected_at);
    check_syns(lab, &s, rto_ms, (unsigned)s.lost + 1);
    lab_check(lab, s.end->connected_at == there, W_syn_lost_check_connected);
    if (s.lost == 0)
        return;
    lab_check(lab, known && info.srtt_us == 0 && lab_events(lab, s.client, AKSU_EV_rtt) == 0,
              W_syn_lost_check_karn);
    lab_check(lab, info.cwnd == info.snd_mss, W_syn_lost_check_cwnd);
    lab_check(lab, info.rto_us >= OLD_RTO_MS * 1000, W_syn_lost_check_rto);
}

static void lost(struct lab *lab)
{
    play_lost(lab, lab_value(lab, "rto"));
}

static void lost_old(struct lab *lab)
{
    play_lost(lab, OLD_RTO_MS);
}

/* --- what the user is told --- */

static void tell_reason(struct lab *lab, const struct stage *s)
{
    lab_fact_text(lab, W_syn_lost_reason, s->end->failed ? aksu_status_text(s->end->reason) : "-");
    lab_fact_time(lab, W_syn_lost_after, s->end->failed_at);
}

static void refused(struct lab *lab)
{
    struct stage s = { 0 };
    set_up(lab, &s, FIRST_RTO_MS);
    s.end = lab_open(lab, s.client, s.server, PORT, NULL);
    lab_run(lab, AKSU_SECONDS(10));
    tell_reason(lab, &s);
    const struct lab_said *syn = lab_segment(lab, s.client, AKSU_SYN, AKSU_SYN, 0);
    const struct lab_said *rst = lab_segment(lab, s.server, AKSU_RST, AKSU_RST, 0);
    lab_check(lab, syn != NULL && rst != NULL && rst->event.segment_out.seq == 0
              && rst->event.segment_out.ctl == (AKSU_RST | AKSU_ACK)
              && rst->event.segment_out.ack == syn->event.segment_out.seq + 1,
              W_syn_lost_check_rst);
    lab_check(lab, s.end->failed && s.end->reason == AKSU_REFUSED, W_syn_lost_check_refused);
    lab_check(lab, s.end->failed_at == 2 * lab_delay(lab), W_syn_lost_check_round_trip);
    lab_check(lab, lab_segments(lab, s.client, 0, 0) == 1, W_syn_lost_check_one);
}

static unsigned syns_until(uint64_t rto_ms, aksu_time end)
{
    unsigned count = 0;
    while (due(rto_ms, count) < end)
        count++;
    return count;
}

static void filtered(struct lab *lab)
{
    struct stage s = { 0 };
    set_up(lab, &s, FIRST_RTO_MS);
    s.lost = UINT64_MAX;
    lab_listen(lab, s.server, &(struct aksu_listen){ .local.port = FILTERED_PORT });
    s.end = lab_open(lab, s.client, s.server, FILTERED_PORT, NULL);
    lab_run(lab, 2 * r2(lab));
    tell_times(lab, &s);
    tell_reason(lab, &s);
    check_syns(lab, &s, FIRST_RTO_MS, syns_until(FIRST_RTO_MS, r2(lab)));
    lab_check(lab, lab_events(lab, s.client, AKSU_EV_segment_in) == 0, W_syn_lost_check_silence);
    lab_check(lab, s.end->failed && s.end->reason == AKSU_TIMED_OUT, W_syn_lost_check_timed_out);
    lab_check(lab, s.end->failed_at == r2(lab), W_syn_lost_check_r2);
}

/* The router has no way to the server: it says so, and drops the segment. */
static uint32_t no_way(void *context, uint8_t *frame, uint32_t length, uint32_t room, aksu_time now)
{
    struct stage *s = context;
    static const struct aksu_ip router = { { [10] = 0xff, [11] = 0xff, 10, 0, 255, 254 } };
    struct forge_frame quoted = { .length = length < FORGE_MOST ? length : FORGE_MOST };
    struct aksu_ip client = lab_address(s->client);
    (void)room, (void)now;
    memcpy(quoted.octet, frame, quoted.length);
    struct forge_frame icmp = forge_icmp(&router, &client, HOST_UNREACHABLE, 1, 0, &quoted);
    forge_send(s->cable, 1, &icmp);
    s->told++;
    return 0;
}

static void hear(struct lab_end *end, uint32_t what)
{
    struct stage *s = end->context;
    if ((what & AKSU_SOFT_ERROR) && s->soft_at == AKSU_NEVER)
        s->soft_at = lab_now(end->lab);
}

static void unreachable(struct lab *lab)
{
    struct stage s = { 0 };
    set_up(lab, &s, FIRST_RTO_MS);
    aksu_sim_tamper(s.cable, 0, no_way, &s);
    s.end = lab_open(lab, s.client, s.server, PORT, NULL);
    s.end->told = hear;
    s.end->context = &s;
    lab_run(lab, 2 * r2(lab));
    tell_reason(lab, &s);
    lab_fact_time(lab, W_syn_lost_soft_at, s.soft_at);
    unsigned count = syns_until(FIRST_RTO_MS, r2(lab));
    lab_check(lab, s.told == count && lab_events(lab, s.client, AKSU_EV_icmp_in) == count,
              W_syn_lost_check_icmp);
    lab_check(lab, s.soft_at == lab_delay(lab), W_syn_lost_check_soft);
    check_syns(lab, &s, FIRST_RTO_MS, count);
    lab_check(lab, s.end->failed && s.end->reason == AKSU_UNREACHABLE_HOST
              && s.end->failed_at == r2(lab), W_syn_lost_check_unreachable);
}

static const struct lab_act acts[] = {
    { W_syn_lost_lost_title, W_syn_lost_lost_text, lost, NULL },
    { W_syn_lost_old_title, W_syn_lost_old_text, lost_old, NULL },
    { W_syn_lost_refused_title, W_syn_lost_refused_text, refused, NULL },
    { W_syn_lost_filtered_title, W_syn_lost_filtered_text, filtered, NULL },
    { W_syn_lost_unreachable_title, W_syn_lost_unreachable_text, unreachable, NULL },
};

const struct lab_scenario lab_syn_lost = {
    .id = "S04", .name = "syn-lost", .title = W_syn_lost_title, .text = W_syn_lost_text,
    .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
    .tells = { "lost rto", "lost r2" },
};
