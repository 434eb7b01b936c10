/* world.c - the owner of the TCB under test: memory, events, a clock that starts where the ISN
 * clock (RFC 9293 3.4.1 [MUST-8]) gives the wanted ISS, and the way of every segment over the
 * wire format. */
#include "tests/script/world.h"

#include <stdarg.h>
#include <string.h>

#include "aksu/sink.h"
#include "tests/script/restart.h"
#include "tests/script/said.h"

enum { REGION = 96u << 20 };

struct said said;

/* One region, as that of a stack is: what owns the pool stands before it. */
struct arena {
    struct world world;
    uint8_t pool[REGION];
} __attribute__((aligned(4096)));
static struct arena arena;
extern struct world w __attribute__((alias("arena")));

void world_share(void)
{
    restart_share(&arena, sizeof arena);
}

static void show_line(void *context, const char *text, size_t length)
{
    (void)context;
    restart_shows(text, length);
}

/* All that the event says. */
static void show(const struct aksu_event *event)
{
    struct aksu_json_sink json;
    if (!restart_listens())
        return;
    aksu_json_init(&json, (struct aksu_writer){ show_line, NULL }, NULL);
    json.sink.put(&json.sink, event);
}

static bool edge_of_figure_5(enum aksu_tcp_state from, enum aksu_tcp_state to)
{
#define TO(s) (1u << TCP_##s)
    static const uint16_t edges[AKSU_TCP_STATE_COUNT] = {      /* RFC 9293 3.3.2, Figure 5 */
        [TCP_CLOSED] = TO(LISTEN) | TO(SYN_SENT),
        [TCP_LISTEN] = TO(SYN_SENT) | TO(SYN_RECEIVED) | TO(CLOSED),
        [TCP_SYN_SENT] = TO(SYN_RECEIVED) | TO(ESTABLISHED) | TO(CLOSED),
        [TCP_SYN_RECEIVED] = TO(ESTABLISHED) | TO(FIN_WAIT_1) | TO(LISTEN) | TO(CLOSED),
        [TCP_ESTABLISHED] = TO(FIN_WAIT_1) | TO(CLOSE_WAIT) | TO(CLOSED),
        [TCP_FIN_WAIT_1] = TO(FIN_WAIT_2) | TO(CLOSING) | TO(TIME_WAIT) | TO(CLOSED),
        [TCP_FIN_WAIT_2] = TO(TIME_WAIT) | TO(CLOSED),
        [TCP_CLOSE_WAIT] = TO(LAST_ACK) | TO(CLOSED),
        [TCP_CLOSING] = TO(TIME_WAIT) | TO(CLOSED),
        [TCP_LAST_ACK] = TO(CLOSED),
        [TCP_TIME_WAIT] = TO(CLOSED),
    };
#undef TO
    return edges[from] >> to & 1u;
}

static void put(struct aksu_sink *sink, const struct aksu_event *event)
{
    (void)sink;
    show(event);
    if (event->at != w.now)
        script_fail(0, "event %s at %llu ns, now is %llu", aksu_event_name(event->kind),
                    (unsigned long long)event->at, (unsigned long long)w.now);
    if (event->kind == AKSU_EV_retransmit)
        said.again = event->retransmit.why;
    if (event->kind == AKSU_EV_timer)
        said.timer = event->timer.name;
    if (event->kind == AKSU_EV_dropped) {
        snprintf(w.rule, sizeof w.rule, "%s", event->dropped.rule);
        history_add("   dropped by %s: %s", event->dropped.rule, event->dropped.why);
    }
    if (event->kind == AKSU_EV_state) {
        history_add("   %s -> %s", aksu_tcp_state_name(event->state.from),
                    aksu_tcp_state_name(event->state.to));
        if (event->state.from != w.was)
            script_fail(0, "a state event from %s, but the state was %s",
                        aksu_tcp_state_name(event->state.from), aksu_tcp_state_name(w.was));
        if (!edge_of_figure_5(event->state.from, event->state.to))
            script_fail(0, "no such edge in RFC 9293 Figure 5");
        w.was = event->state.to;
        if (w.was == TCP_LISTEN)            /* nothing is known of any peer again */
            w.nxt = w.una = w.acked = w.edge = w.fin = w.in_high = w.peer_edge = 0;
        w.synchronized = w.synchronized || event->state.to >= TCP_ESTABLISHED;
    }
}

/* What Aksu's users get by default, but the floor of the RTO is the letter of RFC 6298 2.4: 1 s,
 * so that a script can say when the first timeout is, whatever round trips were measured. */
static const struct tcp_config defaults = {
    .msl = SECONDS(30), .rto_initial = SECONDS(1), .rto_min = SECONDS(1), .rto_max = SECONDS(120),
    .syn_r2 = SECONDS(180), .delayed_ack = MS(40), .fin_wait_2 = SECONDS(60),
    .data_r1 = 3, .data_r2 = 15, .orphan_probes = 8, .initial_window = 10, .peer_ack_delay = MS(50),
    .send_buffer = 65536, .receive_buffer = 32768,
    .challenge_acks = 10, .challenge_interval = SECONDS(1),
    .user_timeout_least_ms = 100000, .user_timeout_most_ms = 3600000,
    .mtu_probing = AKSU_MTU_PROBING_OFF,
    .timestamps = true, .sack = true, .dsack = true, .window_scale = true,
    .rfc5961 = true, .rfc1337 = true,
};

static struct tcp_tuple tuple_of(bool ipv6)
{
    struct tcp_tuple t = { .local_port = 5000, .remote_port = 7000 };
    (void)aksu_ip_parse(ipv6 ? "2001:db8::1" : "10.0.0.1", &t.local_ip);
    (void)aksu_ip_parse(ipv6 ? "2001:db8::2" : "10.0.0.2", &t.remote_ip);
    return t;
}

/* The moment at which the 4 us clock makes `wanted` the ISS of this tuple. */
static aksu_time start_for(seq_t wanted)
{
    aksu_time base = SECONDS(1);
    struct tcp probe;
    struct aksu_info info = { .iss = 0 };
    w.env.events = &(struct emitter){ .sink = NULL };
    tcp_init(&probe, &w.env, 2, w.mtu);
    (void)tcp_open_active(&probe, &w.tuple, base);
    (void)tcp_status(&probe, &info);
    (void)tcp_abort(&probe, base);
    tcp_fini(&probe);
    w.env.events = &w.events;
    return base + (aksu_time)(uint32_t)(wanted.n - info.iss) * 4000u;
}

/* At the start of a script (`how` NULL) also the config. */
void world_reset(const struct given *how)
{
    struct world old = { .live = false };
    if (how) {
        old.iss = w.iss;
        old.irs = w.irs;
        old.env = w.env;
    } else {
        old = (struct world){ .iss = w.iss, .irs = w.irs };
        old.env = (struct tcp_env){ .config = defaults, .cc = &cc_reno, .loss = &loss_rack,
            .isn_key = { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u } };
    }
    size_t keep = offsetof(struct world, script);
    memset(&w, 0, keep);
    w.iss = old.iss;
    w.irs = old.irs;
    w.env = old.env;
    w.history.count = 0;
    said = (struct said){ NULL, NULL };
    w.mtu = how && how->mtu ? how->mtu : how && how->ipv6 ? 1460 : 1480;
    w.tuple = tuple_of(how && how->ipv6);
    if (!pool_init(&w.pool, arena.pool, REGION))
        script_fail(0, "pool_init refused %u octets", (unsigned)REGION);
    slab_init(&w.slab, &w.pool, (sizeof(struct tcp_held) + 7u) & ~7u, 1);
    w.sink.put = put;
    w.events.sink = &w.sink;
    w.env.pool = &w.pool;
    w.env.reassembly = &w.slab;
    slab_init(&w.env.senders.slab, &w.pool, (sizeof(struct sender) + 7u) & ~7u, 2);
    slab_init(&w.env.senders.sent, &w.pool, sizeof(struct sent_run), 3);
    w.env.events = &w.events;
    w.window = how && how->wnd ? how->wnd : 20000;
    w.ts_base = how && how->ts_val ? how->ts_val : 0x7ffffff0u;
    w.our_mss = 0;
    w.start = w.now = start_for(w.iss);
    if (how) {
        tcp_init(&w.tcp, &w.env, 1, w.mtu);
        w.live = true;
    }
}

/* Nothing is owed any more, and nothing is kept. */
void world_done(int line)
{
    struct tcp_segment seg;
    if (!w.live)
        return;
    world_settle(line);
    if (world_pull(line, &seg)) {
        char text[160];
        segment_text(text, sizeof text, &seg, true);
        script_fail(line, "unexpected segment: %s", text);
    }
    w.live = false;
    tcp_fini(&w.tcp);
    if (w.env.fast_open.peers != 0)             /* the stack's, not the connection's */
        pool_give(&w.pool, w.env.fast_open.peers);
    w.env.fast_open.peers = 0;
    if (w.pool.in_use != 0 || w.slab.in_use != 0)
        script_fail(line, "tcp_fini left %u pages and %u reassembly records in use", w.pool.in_use,
                    w.slab.in_use);
}

void world_settle(int line)
{
    (void)line;
    restart_here();
    if (w.call_pending && w.call_answer < 0) {
        w.call_pending = false;
        script_fail(w.call_line, "%s answered \"%s\"", w.call_name,
                    aksu_status_text((enum aksu_status)-w.call_answer));
    }
    w.call_pending = false;
}

bool world_pull(int line, struct tcp_segment *seg)
{
    struct tcp_segment raw;
    char text[160];
    memset(&raw, 0xa5, sizeof raw);         /* what is not set must not be looked at */
    bool told = w.tcp.may_send || w.reply_owed;
    if (w.reply_owed) {
        raw = w.reply;
    } else if (!tcp_next_segment(&w.tcp, &raw, w.now)) {
        if (w.tcp.may_send)
            script_fail(line, "may_send is on, but nothing is owed");
        return false;
    }
    w.reply_owed = false;
    segment_text(text, sizeof text, &raw, true);
    history_add(" > %s", text);
    if (!told)
        script_fail(line, "a segment was owed although may_send was off");
    if (raw.gso_size)
        script_fail(line, "gso_size %u: nobody asked for it", raw.gso_size);
    if (!(raw.ctl & CTL_ACK) && raw.ack.n)
        script_fail(line, "an ACK number without ACK");
    (void)wire_trip(line, &raw, true, NULL, seg);
    invariants_out(line, seg);
    return true;
}

void history_add(const char *format, ...)
{
    struct history *h = &w.history;
    char *to = h->text[h->count++ % 256];
    aksu_time t = (w.now - w.start) / 1000u;
    int n = snprintf(to, sizeof h->text[0], "%6llu.%06llu ", (unsigned long long)(t / 1000000u),
                     (unsigned long long)(t % 1000000u));
    va_list ap;
    va_start(ap, format);
    vsnprintf(to + n, sizeof h->text[0] - (size_t)n, format, ap);
    va_end(ap);
    restart_shows(to, strlen(to));
    if (w.verbose)
        printf("    %s\n", to);
}
