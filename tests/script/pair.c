/* pair.c - two TCBs and a link between them that loses, delays and reorders: what one end's
 * script cannot show. Each end has its own clock, started where its ISN comes out as this run
 * wants it. */
#include <string.h>

#include "base/prng.h"
#include "tests/script/restart.h"
#include "tests/script/script.h"

enum { REGION = 8u << 20, PACKET = 1600, FLYING = 1024, TOTAL = 1000000 };

struct end {
    struct tcp_env env;
    struct pool pool;
    struct slab slab;
    struct emitter events;
    struct tcp tcp;
    struct tcp_tuple tuple;
    aksu_time skew;             /* its clock is this much ahead */
    uint32_t sent, received;    /* octets of the streams */
    uint32_t to_send;
    bool closed, at_end;
};

struct packet {
    aksu_time at;
    uint64_t order;             /* packets due at once arrive as they were sent */
    uint32_t length;
    uint8_t to;                 /* the index of an end */
    uint8_t octets[PACKET];
};

static struct pair {
    struct end end[2];
    struct packet flying[FLYING];
    unsigned count;
    uint64_t sent;
    aksu_time now, delay, jitter;
    unsigned loss;              /* of 1000 */
    struct prng dice;
} __attribute__((aligned(4096))) p;

static uint8_t region[2][REGION] __attribute__((aligned(4096)));

static void share(void)
{
    static bool done;
    if (done || !restart_listens())
        return;
    restart_share(&p, sizeof p);
    restart_share(region, sizeof region);
    done = true;
}

static struct end *make_end(unsigned i, seq_t wanted)
{
    struct end *e = &p.end[i];
    struct aksu_info info = { .iss = 0 };
    memset(e, 0, sizeof *e);
    e->env = w.env;
    e->env.pool = &e->pool;
    e->env.reassembly = &e->slab;
    e->env.events = &e->events;
    if (!pool_init(&e->pool, region[i], REGION))
        script_fail(__LINE__, "no pool");
    slab_init(&e->slab, &e->pool, (sizeof(struct tcp_held) + 7u) & ~7u, 1);
    e->tuple = w.tuple;
    if (i == 1) {
        e->tuple = (struct tcp_tuple){ w.tuple.remote_ip, w.tuple.local_ip, w.tuple.remote_port,
                                       w.tuple.local_port };
    }
    tcp_init(&e->tcp, &e->env, i + 1, 1480);
    (void)tcp_open_active(&e->tcp, &e->tuple, p.now);
    (void)tcp_status(&e->tcp, &info);
    tcp_fini(&e->tcp);
    e->skew = (aksu_time)(uint32_t)(wanted.n - info.iss) * 4000u;
    tcp_init(&e->tcp, &e->env, i + 1, 1480);
    return e;
}

static void make_pair(seq_t a, seq_t b, unsigned loss, aksu_time delay, aksu_time jitter)
{
    static const uint8_t seed[16] = "a pair of TCBs.";
    world_reset(NULL);
    share();
    memset(&p, 0, sizeof p);
    p.now = SECONDS(1);
    p.dice = prng_of(seed);
    p.loss = loss;
    p.delay = delay;
    p.jitter = jitter;
    make_end(0, a);
    make_end(1, b);
    restart_keeps(&p, sizeof p, NULL);
    for (unsigned i = 0; i < 2; i++)
        restart_keeps(p.end[i].pool.info, 0, &p.end[i].pool);
}

static void transmit(unsigned from, const struct tcp_segment *seg)
{
    struct end *e = &p.end[from];
    if (prng_below(&p.dice, 1000) < p.loss)
        return;
    if (p.count == FLYING)
        script_fail(__LINE__, "more packets in flight than the link holds");
    struct packet *k = &p.flying[p.count++];
    struct writer out_ = writer_of(k->octets, PACKET);
    wire_tcp_build(&out_, &e->tuple.local_ip, &e->tuple.remote_ip, seg, false);
    for (unsigned i = 0; i < seg->parts; i++) {
        uint8_t *to = write_space(&out_, seg->text[i].length);
        if (!to)
            script_fail(__LINE__, "a segment that is larger than the path carries");
        memcpy(to, seg->text[i].data, seg->text[i].length);
    }
    k->length = (uint32_t)writer_length(&out_);
    restart_shows(k->octets, k->length);
    k->to = (uint8_t)!from;
    k->order = p.sent++;
    k->at = p.now + p.delay + (p.jitter ? prng_u64(&p.dice) % p.jitter : 0);
}

static void user_of(struct end *e)
{
    static uint8_t text[8192];
    aksu_time now = p.now + e->skew;
    ptrdiff_t n = 1;
    if (e->tcp.state < TCP_ESTABLISHED)
        return;
    while (n > 0 && (n = tcp_receive(&e->tcp, text, sizeof text, now)) > 0)
        for (ptrdiff_t i = 0; i < n; i++, e->received++)
            if (text[i] != pattern(e->received))
                script_fail(__LINE__, "octet %u is wrong", e->received);
    e->at_end = e->at_end || (n == 0 && e->tcp.state >= TCP_ESTABLISHED);
    for (n = 1; n > 0 && e->sent < e->to_send; e->sent += n > 0 ? (uint32_t)n : 0) {
        uint32_t most = e->to_send - e->sent;
        for (uint32_t i = 0; i < sizeof text; i++)
            text[i] = pattern(e->sent + i);
        n = tcp_send(&e->tcp, text, most < sizeof text ? most : sizeof text, 0, now);
    }
    if (e->to_send && e->sent == e->to_send && !e->closed) {
        e->closed = true;
        (void)tcp_close(&e->tcp, now);
    }
}

static void settle(void)
{
    struct tcp_segment seg;
    for (unsigned i = 0; i < 2; i++) {
        user_of(&p.end[i]);
        while (tcp_next_segment(&p.end[i].tcp, &seg, p.now + p.end[i].skew))
            transmit(i, &seg);
    }
}

static void deliver(unsigned index)
{
    static struct packet k;
    struct tcp_segment seg;
    k = p.flying[index];
    p.flying[index] = p.flying[--p.count];
    struct end *e = &p.end[k.to];
    if (wire_tcp_parse(k.octets, k.length, NULL, 0, &e->tuple.remote_ip, &e->tuple.local_ip, false,
                       &seg) != TCP_GOOD)
        script_fail(__LINE__, "a packet does not parse");
    tcp_segment_arrives(&e->tcp, &seg, p.now + e->skew);
}

/* The next thing that happens; false when nothing will. */
static bool step(void)
{
    aksu_time next = NEVER;
    unsigned packet = FLYING, who = 2;
    settle();
    for (unsigned i = 0; i < p.count; i++) {
        const struct packet *k = &p.flying[i];
        if (k->at < next || (k->at == next && k->order < p.flying[packet].order)) {
            next = k->at;
            packet = i;
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        aksu_time t = tcp_next_timeout(&p.end[i].tcp);
        t = t == NEVER ? NEVER : t - p.end[i].skew;
        if (t < next) {
            next = t;
            who = i;
        }
    }
    if (next == NEVER)
        return false;
    p.now = next > p.now ? next : p.now;
    if (who < 2)
        tcp_timeouts(&p.end[who].tcp, p.now + p.end[who].skew);
    else
        deliver(packet);
    return true;
}

static void run_until(bool (*done)(void), aksu_time limit)
{
    aksu_time end = p.now + limit;
    while (!done()) {
        restart_here();
        if (!step() || p.now > end)
            script_fail(__LINE__, "after %llu ms: %s %u of %u, %s %u of %u octets",
                        (unsigned long long)(p.now / MS(1)),
                        aksu_tcp_state_name(p.end[0].tcp.state), p.end[0].received,
                        p.end[1].to_send, aksu_tcp_state_name(p.end[1].tcp.state),
                        p.end[1].received, p.end[0].to_send);
    }
}

static bool both_established(void)
{
    return p.end[0].tcp.state == TCP_ESTABLISHED && p.end[1].tcp.state == TCP_ESTABLISHED;
}

static bool both_closed(void)
{
    return p.end[0].tcp.state == TCP_CLOSED && p.end[1].tcp.state == TCP_CLOSED;
}

static bool all_received(void)
{
    return p.end[0].received == p.end[1].to_send && p.end[1].received == p.end[0].to_send
        && p.end[0].at_end && p.end[1].at_end;
}

static void finish(void)
{
    for (unsigned i = 0; i < 2; i++) {
        tcp_fini(&p.end[i].tcp);
        check_eq(p.end[i].pool.in_use, 0);
    }
}

static void open_both(void)
{
    for (unsigned i = 0; i < 2; i++)
        check_eq(tcp_open_active(&p.end[i].tcp, &p.end[i].tuple, p.now + p.end[i].skew), AKSU_OK);
}

static void open_one(void)
{
    check_eq(tcp_open_passive(&p.end[1].tcp, &p.end[1].tuple, p.now + p.end[1].skew), AKSU_OK);
    check_eq(tcp_open_active(&p.end[0].tcp, &p.end[0].tuple, p.now + p.end[0].skew), AKSU_OK);
}

SCRIPT(both_ends_open_at_once)                      /* RFC 9293 3.5 [MUST-10] */
{
    make_pair(w.iss, w.irs, 0, MS(10), 0);
    open_both();
    run_until(both_established, SECONDS(1));
    check_eq(p.end[0].tcp.iss.n, w.iss.n);
    check_eq(p.end[1].tcp.iss.n, w.irs.n);
    check_eq(p.end[0].tcp.irs.n, p.end[1].tcp.iss.n);
    check_eq(p.end[1].tcp.irs.n, p.end[0].tcp.iss.n);
    p.end[0].to_send = p.end[1].to_send = 5000;
    run_until(all_received, SECONDS(5));
    run_until(both_closed, SECONDS(100));           /* and closed at once: 2 MSL on both sides */
    check(p.now > SECONDS(60));
    finish();
}

SCRIPT(both_ends_open_at_once_over_a_bad_link)      /* RFC 9293 3.5 [MUST-10] */
{
    for (unsigned i = 0; i < 20; i++) {
        make_pair(w.iss, w.irs, 300, MS(10), MS(30));
        for (unsigned k = 0; k < i; k++)
            (void)prng_u64(&p.dice);
        open_both();
        p.end[0].to_send = p.end[1].to_send = 100;
        run_until(all_received, SECONDS(600));
        finish();
    }
}

SCRIPT(a_million_octets_both_ways)                  /* RFC 9293 3.4, 3.6 */
{
    make_pair(seq_sub(w.iss, TOTAL / 2), seq_sub(w.irs, TOTAL / 3), 0, MS(5), 0);
    open_one();
    p.end[0].to_send = p.end[1].to_send = TOTAL;
    run_until(all_received, SECONDS(60));
    check_eq(p.end[0].tcp.retransmits + p.end[1].tcp.retransmits, 0);
    run_until(both_closed, SECONDS(200));
    finish();
}

SCRIPT(a_million_octets_over_a_bad_link)            /* RFC 9293 3.4, 3.6 */
{
    static const struct { unsigned loss; aksu_time jitter; } links[] = {
        { 20, 0 }, { 20, MS(8) }, { 0, MS(20) } };
    config.rto_min = MS(200);
    for (size_t i = 0; i < 3; i++) {
        make_pair(seq_sub(w.iss, TOTAL / 2), seq_sub(w.irs, TOTAL / 3), links[i].loss, MS(5),
                  links[i].jitter);
        open_one();
        p.end[0].to_send = p.end[1].to_send = TOTAL;
        run_until(all_received, SECONDS(3600));
        run_until(both_closed, SECONDS(3600));
        finish();
    }
}

SCRIPT(a_hundred_thousand_octets_and_a_close)       /* RFC 9293 3.6 */
{
    make_pair(seq_sub(w.iss, 50000), w.irs, 200, MS(5), MS(5));
    open_one();
    p.end[0].to_send = 100000;
    p.end[1].to_send = 1;
    run_until(all_received, SECONDS(7200));
    finish();
}
