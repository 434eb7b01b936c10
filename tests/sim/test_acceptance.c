/* test_acceptance.c - what users of other stacks have missed, where a link shows it: one frame
 * that is lost, frames out of order, long paths. The others are acceptance_... in tests/unit and
 * tests/script. */
#include <stdio.h>

#include "tests/sim/net.h"

/* Offsets, and bits of the flags. */
enum { TCP = 20, OFFSET = TCP + 12, FLAGS = TCP + 13, FIN = 1, SYN = 2, ACK = 16 };

/* --- one drop --- */

/* Of the frames of one kind and one way the nth is lost; counted from 1. */
enum kind { SYN_OF_A, SYN_ACK, TEXT, FIN_OF_A, BARE_ACK, FIN_OF_B, LAST_ACK };
struct drop {
    const char *what;
    enum kind kind;
    uint64_t nth;                       /* of TEXT beyond the last: counted back from the last */
};

static const uint64_t OCTETS = (uint64_t)256 << 20;
static const uint64_t SEGMENTS = (((uint64_t)256 << 20) + 1447) / 1448;
#define FROM_LAST (UINT64_MAX / 2)

static const struct drop drops[] = {
    { "the SYN", SYN_OF_A, 1 }, { "the SYN,ACK", SYN_ACK, 1 }, { "the third ACK", BARE_ACK, 1 },
    { "the first segment", TEXT, 1 }, { "the second one", TEXT, 2 },
    { "the last of the initial window", TEXT, 10 }, { "the first of the next", TEXT, 11 },
    { "one in slow start", TEXT, 150 }, { "one where slow start ends", TEXT, 1500 },
    { "one in the middle", TEXT, 90000 }, { "the last but two", TEXT, FROM_LAST - 2 },
    { "the last but one", TEXT, FROM_LAST - 1 }, { "the last", TEXT, FROM_LAST },
    { "the FIN", FIN_OF_A, 1 }, { "an ACK of the first flight", LAST_ACK, 1 },
    { "an ACK in the middle", LAST_ACK, 40000 }, { "the answer's FIN", FIN_OF_B, 1 },
};
enum { DROPS = sizeof drops / sizeof drops[0] };

struct dropper {
    const struct drop *drop;
    uint64_t seen;
    bool done;
};

static bool is_of_kind(enum kind kind, const uint8_t *frame, uint32_t length)
{
    const uint8_t flags = frame[FLAGS];
    const uint32_t text = length - TCP - (uint32_t)(frame[OFFSET] >> 4) * 4;
    switch (kind) {
    case SYN_OF_A: case SYN_ACK:
        return flags & SYN;
    case TEXT:
        return text > 0;
    case FIN_OF_A: case FIN_OF_B:
        return flags & FIN;
    case BARE_ACK: case LAST_ACK:
        return (flags & (SYN | FIN | ACK)) == ACK && text == 0;
    }
    return false;
}

static uint32_t lose_one(void *context, uint8_t *frame, uint32_t length, uint32_t room,
                         aksu_time now)
{
    struct dropper *d = context;
    (void)room;
    (void)now;
    if (d->done || !is_of_kind(d->drop->kind, frame, length))
        return length;
    uint64_t nth = d->drop->nth;
    if (nth > SEGMENTS)
        nth = SEGMENTS - (FROM_LAST - nth);
    d->done = ++d->seen == nth;
    return d->done ? 0 : length;
}

/* The sender closes when all is acknowledged, so that its FIN is a segment of its own. */
static void send_all(struct aksu_sim_end *end)
{
    struct aksu_sim_report r;
    struct aksu_info info;
    (void)aksu_sim_receive(end, UINT64_MAX);
    aksu_sim_report(end, &r);
    if (r.sent < OCTETS)
        (void)aksu_sim_send(end, OCTETS - r.sent);
    else if (r.peer_closed)
        aksu_sim_close(end);
    else if (!r.shut && aksu_status(aksu_sim_stack(r.host), r.conn, &info) == AKSU_OK
             && info.send_queued == 0)
        aksu_sim_shutdown(end);
}

/* The reader: the longest time without a new octet, from the connection on to the end. */
struct watch {
    aksu_time last, longest;
};

static void read_all(struct aksu_sim_end *end)
{
    struct watch *w = aksu_sim_app(end)->context;
    struct aksu_sim_report r;
    (void)aksu_sim_receive(end, UINT64_MAX);
    aksu_sim_report(end, &r);
    if (r.received_at != AKSU_NEVER) {
        aksu_time gap = r.received_at - w->last;
        if (w->last != 0 && gap > w->longest)
            w->longest = gap;
        w->last = r.received_at;
    }
    if (r.peer_closed) {
        aksu_sim_shutdown(end);
        aksu_sim_close(end);
    }
}

/* arcboxlabs/arcbox 451, 486: 256 MiB, and one frame is lost, wherever it hurts. Each octet is
 * there, nothing stands still for longer than one RTO, and no retransmission timer runs out for
 * text. */
SIM(acceptance_one_drop, SIM_SEEDS(DROPS))           /* RFC 8985 7.2, RFC 6298 2 */
{
    expect(seed >= 1 && seed <= DROPS, "there are %d cases", DROPS);
    struct dropper d = { &drops[seed - 1], 0, false };
    struct watch watch = { 0, 0 };
    const aksu_time one_way = AKSU_MS(5);
    const aksu_time rto = AKSU_MS(200) + 4 * one_way;   /* half of the round trip is queue */
    struct aksu_sim *w = net_world(seed, false);
    struct aksu_sim_host host = { .no_tso = true, .stack = { .max_connections = 16,
        .receive_buffer = 2 << 20, .receive_buffer_most = 2 << 20 } };
    struct aksu_sim_node *a = net_host(w, &host), *b = net_host(w, &host);
    const struct aksu_path_node there[] = {
        { .kind = AKSU_PATH_RATE, .rate = 1000000000 },
        { .kind = AKSU_PATH_DELAY, .delay = one_way },
    };
    struct aksu_sim_cable *cable = net_cable(w, a, b, there, 2, there + 1, 1);
    bool back = d.drop->kind == SYN_ACK || d.drop->kind == FIN_OF_B || d.drop->kind == LAST_ACK;
    aksu_sim_tamper(cable, back, lose_one, &d);
    struct aksu_sim_end *end = net_flow(w, &(struct aksu_sim_flow){ .host = { a, b },
        .app = { { .act = send_all }, { .act = read_all, .context = &watch } } });
    net_expect(w, aksu_sim_finish(w, AKSU_SECONDS(60)), AKSU_SIM_ENDED);

    struct aksu_sim_report s, r;
    aksu_sim_report(end, &s);
    aksu_sim_report(aksu_sim_peer(end), &r);
    expect(d.done, "%s did not come by", d.drop->what);
    expect(r.received == OCTETS && !s.failed && !r.failed, "%s: %llu octets arrived", d.drop->what,
           (unsigned long long)r.received);
    expect(watch.longest <= rto, "%s: nothing came for %llu us. Again: %s", d.drop->what,
           (unsigned long long)(watch.longest / 1000), sim_again);
    const aksu_time end_took = r.closed_at - watch.last;
    expect(end_took <= rto + 4 * one_way, "%s: the end came after %llu us. Again: %s",
           d.drop->what, (unsigned long long)(end_took / 1000), sim_again);
    if (d.drop->kind == TEXT)
        expect(s.timeouts == 0 && s.retransmissions == 1, "%s: %llu timeouts, %llu sent again",
               d.drop->what, (unsigned long long)s.timeouts, (unsigned long long)s.retransmissions);
    if (sim_verbose)
        printf("%s: %llu us at most, %llu us to the end, %llu timeouts, %llu sent again\n",
               d.drop->what, (unsigned long long)(watch.longest / 1000),
               (unsigned long long)(end_took / 1000), (unsigned long long)s.timeouts,
               (unsigned long long)s.retransmissions);
}

/* --- paths that are long, or not in order --- */

struct long_path {
    uint64_t rate;                      /* bits per second */
    aksu_time rtt;
    struct aksu_path_node fault;        /* a chance of 0: none */
    aksu_time from, upto;               /* octets that arrive in this time are counted */
    uint32_t window;                    /* octets; 0: as the stack likes */
};

/* Bits per second of text. */
static uint64_t goodput(const struct long_path *p, uint64_t seed, struct aksu_sim_report *sender)
{
    struct aksu_sim *w = net_world(seed, false);
    struct aksu_sim_host plain = { .stack.receive_buffer = p->window,
                                   .stack.receive_buffer_most = p->window };
    struct aksu_sim_node *a = net_host(w, &plain), *b = net_host(w, &plain);
    const uint32_t bdp = (uint32_t)(p->rate / 8 * (p->rtt / 1000) / 1000000);
    const struct aksu_path_node there[] = {
        { .kind = AKSU_PATH_RATE, .rate = p->rate, .limit = 4 * bdp },
        { .kind = AKSU_PATH_DELAY, .delay = p->rtt / 2 }, p->fault,
    };
    (void)net_cable(w, a, b, there, p->fault.chance > 0 ? 3 : 2, there + 1, 1);
    struct aksu_sim_end *end = net_flow(w, &(struct aksu_sim_flow){
        .host = { a, b }, .app = { { .octets = UINT64_MAX } } });
    net_expect(w, aksu_sim_run(w, p->from), AKSU_SIM_RUNNING);
    struct aksu_sim_report r;
    aksu_sim_report(aksu_sim_peer(end), &r);
    uint64_t before = r.received;
    net_expect(w, aksu_sim_run(w, p->upto), AKSU_SIM_RUNNING);
    aksu_sim_report(aksu_sim_peer(end), &r);
    aksu_sim_report(end, sender);
    return (r.received - before) * 8 / ((p->upto - p->from) / AKSU_SECONDS(1));
}

/* tailscale/tailscale 20893: 66 ms, light reordering, no loss: next to nothing is sent again, and
 * the rate is at least nine tenths of that without. */
SIM(acceptance_reorder, 3)                          /* RFC 8985 3.3.2 */
{
    static const unsigned per_mille[3] = { 1, 5, 10 };
    struct long_path p = { .rate = 180000000, .rtt = AKSU_MS(66), .from = AKSU_SECONDS(3),
                           .upto = AKSU_SECONDS(13), .window = 2 * 1485000 };   /* no overflow */
    struct aksu_sim_report sender;
    expect(seed >= 1 && seed <= 3, "there are 3 cases");
    uint64_t without = goodput(&p, seed, &sender);
    p.fault = (struct aksu_path_node){ .kind = AKSU_PATH_REORDER, .delay = AKSU_MS(2),
        .chance = AKSU_PATH_CHANCE(per_mille[seed - 1], 1000) };
    uint64_t with = goodput(&p, seed, &sender);
    if (sim_verbose)
        printf("%u of 1000 late: %llu of %llu kbit/s, %llu of %llu sent again\n",
               per_mille[seed - 1], (unsigned long long)with / 1000,
               (unsigned long long)without / 1000,
               (unsigned long long)sender.retransmissions, (unsigned long long)sender.segments);
    expect(with >= without / 10 * 9, "%llu bit/s, %llu without. Again: %s",
           (unsigned long long)with, (unsigned long long)without, sim_again);
    expect(sender.retransmissions <= 5, "%llu sent again, nothing was lost. Again: %s",
           (unsigned long long)sender.retransmissions, sim_again);
}

/* rootless-containers/slirp4netns 171: 1 Gbit/s over 10 ms and 100 ms, and nothing is tuned: over
 * 100 ms a budget of 64 MiB, of which a buffer gets a quarter of what is free, is the limit. */
SIM(acceptance_delay, 2)                            /* RFC 7323 2.2, 2.3 */
{
    expect(seed >= 1 && seed <= 2, "there are 2 cases");
    struct long_path p = { .rate = 1000000000, .rtt = seed == 1 ? AKSU_MS(10) : AKSU_MS(100),
                           .from = AKSU_SECONDS(4), .upto = AKSU_SECONDS(6) };
    struct aksu_sim_report sender;
    uint64_t rate = goodput(&p, seed, &sender);
    if (sim_verbose)
        printf("%llu ms: %llu Mbit/s\n", (unsigned long long)(p.rtt / AKSU_MS(1)),
               (unsigned long long)(rate / 1000000));
    expect(rate >= (seed == 1 ? 950000000 : 800000000), "%llu bit/s. Again: %s",
           (unsigned long long)rate, sim_again);
}
