/* test_loss.c - few losses, each one where it hurts: no octet is missing, the retransmission timer
 * has nothing to do, and a lost segment costs a round trip (RFC 6675 5, RFC 8985 5 to 7). The seed
 * says which segments are lost. */
#include <stdio.h>

#include "tests/sim/net.h"

enum { MSS = 1448, SEGMENTS_MOST = 200, LONG = 200, SHORT = 40 };

static const aksu_time ONE_WAY = AKSU_MS(10), RTT = AKSU_MS(20);
/* RFC 8985 7.2: 2 * SRTT; with a single segment in flight the peer's delayed ACK comes on top. */
static const aksu_time PTO = AKSU_MS(40), DELAYED_ACK = AKSU_MS(50);
/* RFC 8985 7.1 with the least reordering window, a quarter of the round trip; serialisation. */
static const aksu_time REORDER_WINDOW = AKSU_MS(5), SLACK = AKSU_MS(4);

/* The reader: when the last octet of each segment was there. */
struct heard {
    aksu_time at[SEGMENTS_MOST];
    unsigned segments;
};

static void listen_closely(struct aksu_sim_end *end)
{
    struct heard *h = aksu_sim_app(end)->context;
    struct aksu_sim_report r;
    (void)aksu_sim_receive(end, UINT64_MAX);
    aksu_sim_report(end, &r);
    while (h->segments < SEGMENTS_MOST && (h->segments + 1u) * MSS <= r.received)
        h->at[h->segments++] = r.received_at;
    if (r.peer_closed) {
        aksu_sim_shutdown(end);
        aksu_sim_close(end);
    }
}

/* The server sends `segments`; those in nth[] (as they pass, counted from 1) are lost. */
static void transfer(unsigned segments, uint32_t window, const uint64_t *nth, uint32_t nths,
                     struct heard *heard)
{
    struct aksu_sim *w = net_world(1, false);
    struct aksu_sim_host host = { .stack = { .initial_window = window, .send_buffer = 1 << 20,
                                             .receive_buffer = 1 << 20 } };
    struct aksu_sim_node *client = net_host(w, &host), *server = net_host(w, &host);
    const struct aksu_path_node back[] = {
        { .kind = AKSU_PATH_LOSE_DATA, .nth = nth, .nths = nths },
        { .kind = AKSU_PATH_RATE, .rate = 1000000000 },
        { .kind = AKSU_PATH_DELAY, .delay = ONE_WAY },
    };
    (void)net_cable(w, client, server, back + 2, 1, back, 3);
    *heard = (struct heard){ .segments = 0 };
    struct aksu_sim_end *end = net_flow(w, &(struct aksu_sim_flow){ .host = { client, server },
        .app = { { .act = listen_closely, .context = heard }, { .octets = segments * MSS } } });
    net_expect(w, aksu_sim_finish(w, AKSU_SECONDS(600)), AKSU_SIM_ENDED);

    struct aksu_sim_report r;
    aksu_sim_report(aksu_sim_peer(end), &r);
    expect(heard->segments == segments, "%u of %u segments arrived", heard->segments, segments);
    expect(r.timeouts == 0, "the retransmission timer ran out %llu times. Again: %s",
           (unsigned long long)r.timeouts, sim_again);
    expect((r.retransmissions > 0) == (nths > 0), "%llu retransmissions",
           (unsigned long long)r.retransmissions);
}

/* How much later than without loss the `n`th segment is there, in microseconds. */
static long later_us(const struct heard *with, const struct heard *without, unsigned n)
{
    return ((long)with->at[n - 1] - (long)without->at[n - 1]) / 1000;
}

static void expect_cost(long cost_us, aksu_time most, const char *what)
{
    expect(cost_us <= (long)(most / 1000), "%s is %ld us late, at most %ld. Again: %s", what,
           cost_us, (long)(most / 1000), sim_again);
}

/* All is in flight at once: whatever is lost, the transfer ends one round trip later. The last
 * segment has nothing behind it that could tell: there the probe timer comes first. */
SIM(single_loss, LONG)
{
    struct heard with, without;
    const uint64_t lost = seed;
    transfer(LONG, 255, &lost, 1, &with);
    transfer(LONG, 255, NULL, 0, &without);
    aksu_time most = RTT + REORDER_WINDOW + SLACK;
    if (seed == LONG)
        most += PTO + 2 * DELAYED_ACK;          /* the one before it is acknowledged late too */
    expect_cost(later_us(&with, &without, LONG), most, "the end of the transfer");
}

/* The same in slow start, where a loss costs window too: the lost segment itself is there when the
 * next flight has told of it, in two round trips at most, and the timer has nothing to do. */
SIM(single_loss_in_slow_start, LONG)
{
    struct heard with, without;
    const uint64_t lost = seed;
    transfer(LONG, 10, &lost, 1, &with);
    transfer(LONG, 10, NULL, 0, &without);
    aksu_time most = 2 * RTT + REORDER_WINDOW + SLACK;
    if (seed == LONG)
        most = RTT + PTO + 2 * DELAYED_ACK + SLACK;
    expect_cost(later_us(&with, &without, (unsigned)lost), most, "the lost segment");
}

/* The seed counts the pairs: (1,2), (1,3) ... (39,40). Both may be the same octets, when the
 * retransmission is what passes as the second one. */
SIM(pair_of_losses, SHORT * (SHORT - 1) / 2)
{
    struct heard with, without;
    uint64_t lost[2] = { 1, 1 + seed };
    while (lost[1] > SHORT) {
        lost[0]++;
        lost[1] = lost[1] - SHORT + lost[0];
    }
    transfer(SHORT, 10, lost, 2, &with);
    transfer(SHORT, 10, NULL, 0, &without);
    expect_cost(later_us(&with, &without, SHORT), 5 * RTT + PTO + DELAYED_ACK,
                "the end of the transfer");
}

/* --- orders --- */

enum { SIX = 6, ORDERS = 720, FRAME_MOST = 2000 };

struct shuffler {
    struct aksu_sim_cable *cable;
    unsigned number;                    /* which of the orders, from 0 */
    unsigned held;
    uint32_t length[SIX];
    uint8_t frame[SIX][FRAME_MOST];
};

static void let_go(struct shuffler *s)
{
    unsigned left[SIX] = { 0, 1, 2, 3, 4, 5 }, number = s->number;
    for (unsigned n = SIX; n > 0; n--) {
        unsigned i = number % n, which = left[i];
        number /= n;
        for (unsigned k = i; k + 1 < n; k++)
            left[k] = left[k + 1];
        aksu_sim_inject(s->cable, 1, s->frame[which], s->length[which]);
    }
}

/* Full segments wait until all six are there. */
static uint32_t shuffle(void *context, uint8_t *frame, uint32_t length, uint32_t room,
                        aksu_time now)
{
    struct shuffler *s = context;
    (void)room;
    (void)now;
    if (length < MSS || s->held == SIX)
        return length;
    for (uint32_t i = 0; i < length; i++)
        s->frame[s->held][i] = frame[i];
    s->length[s->held] = length;
    if (++s->held == SIX)
        let_go(s);
    return 0;
}

/* RFC 9293 3.10.7.4 fourth: text out of order is kept. */
SIM(arrival_order, ORDERS)
{
    struct shuffler s = { .number = (unsigned)seed - 1 };
    struct heard heard = { .segments = 0 };
    struct aksu_sim *w = net_world(1, false);
    struct aksu_sim_host host = { .no_tso = true };
    struct aksu_sim_node *client = net_host(w, &host), *server = net_host(w, &host);
    const struct aksu_path_node delay = { .kind = AKSU_PATH_DELAY, .delay = ONE_WAY };
    s.cable = net_cable(w, client, server, &delay, 1, &delay, 1);
    aksu_sim_tamper(s.cable, 1, shuffle, &s);
    struct aksu_sim_end *end = net_flow(w, &(struct aksu_sim_flow){ .host = { client, server },
        .app = { { .act = listen_closely, .context = &heard }, { .octets = SIX * MSS } } });
    net_expect(w, aksu_sim_finish(w, AKSU_SECONDS(60)), AKSU_SIM_ENDED);

    struct aksu_sim_report r, opener;
    aksu_sim_report(aksu_sim_peer(end), &r);
    aksu_sim_report(end, &opener);
    expect(s.held == SIX && heard.segments == SIX, "%u of 6 segments held back", s.held);
    expect(r.timeouts == 0, "the retransmission timer ran out. Again: %s", sim_again);
    expect(heard.at[SIX - 1] - opener.opened_at == 2 * RTT, "the last octet came after %llu ns",
           (unsigned long long)(heard.at[SIX - 1] - opener.opened_at));
}
