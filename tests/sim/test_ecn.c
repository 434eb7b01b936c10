/* test_ecn.c - routers that mark instead of dropping (RFC 3168): nothing is lost, queues stay
 * short, the link stays full, and ends or paths that break the rules only make it slower. */
#include "tests/sim/lies.h"

enum { MSS = 1448, FLOWS_MOST = 4 };

static const uint64_t RATE = 20000000;              /* bits a second: 2500 octets a millisecond */

/* What the bottleneck looks like, every millisecond. */
struct queue_watch {
    struct aksu_sim *world;
    struct aksu_path *path;
    uint64_t octets, looks;
    uint32_t most;
};

static void look(void *context, aksu_time now)
{
    struct queue_watch *q = context;
    struct aksu_path_counts c;
    aksu_path_counts(q->path, &c);
    q->octets += c.queued_octets;
    q->looks++;
    q->most = c.queued_octets > q->most ? c.queued_octets : q->most;
    (void)aksu_sim_at(q->world, now + AKSU_MS(1), look, q);
}

/* Segments with CWR as they leave and as they arrive. */
struct cwr_watch {
    struct aksu_sink sink;
    uint32_t out, out_large, in;
};

static void put(struct aksu_sink *sink, const struct aksu_event *e)
{
    struct cwr_watch *c = (struct cwr_watch *)sink;
    bool out = e->kind == AKSU_EV_segment_out, in = e->kind == AKSU_EV_segment_in;
    if ((!out && !in) || !(e->segment_out.ctl & AKSU_CWR) || e->segment_out.ctl & AKSU_SYN)
        return;
    c->out += out;
    c->out_large += out && e->segment_out.len > MSS;
    c->in += in;
}

struct result {
    struct aksu_path_counts path;
    uint64_t sent_again, timeouts, received;
    double queue_ms;                    /* on average */
    struct cwr_watch sender, receiver;
};

/* Flows without end through one queue for ten seconds; the first of them is not counted. The seed
 * says how many, and how long the way is. */
static struct result through_codel(uint64_t seed, enum aksu_ecn ecn, const char *cc)
{
    struct result r = { .sender.sink.put = put, .receiver.sink.put = put };
    struct aksu_sim *w = net_world(seed, false);
    struct aksu_sim_host client = { .stack = { .ecn = ecn, .receive_buffer = 1 << 20,
                                               .sink = &r.receiver.sink } };
    struct aksu_sim_host server = { .stack = { .send_buffer = 1 << 20, .congestion_control = cc,
                                               .sink = &r.sender.sink } };
    struct aksu_sim_node *a = net_host(w, &client), *b = net_host(w, &server);
    unsigned flows = 1u << (seed % 3);
    aksu_time one_way = AKSU_MS(5) << seed / 3 % 3;
    const struct aksu_path_node there = { .kind = AKSU_PATH_DELAY, .delay = one_way };
    const struct aksu_path_node back[] = {
        { .kind = AKSU_PATH_RATE, .rate = RATE, .limit = 2000000, .codel = true,
          .codel_marks = true },
        { .kind = AKSU_PATH_DELAY, .delay = one_way } };
    struct aksu_sim_cable *cable = net_cable(w, a, b, &there, 1, back, 2);
    struct aksu_sim_end *end[FLOWS_MOST];
    for (unsigned i = 0; i < flows; i++)
        end[i] = net_flow(w, &(struct aksu_sim_flow){ .host = { a, b },
                              .app = { { .octets = 0 }, { .octets = UINT64_MAX } } });
    net_expect(w, aksu_sim_run(w, AKSU_SECONDS(2)), AKSU_SIM_RUNNING);
    struct queue_watch q = { .world = w, .path = aksu_sim_path(cable, 1) };
    (void)aksu_sim_at(w, AKSU_SECONDS(2), look, &q);
    uint64_t before = 0;
    struct aksu_sim_report report;
    for (unsigned i = 0; i < flows; i++) {
        aksu_sim_report(end[i], &report);
        before += report.received;
    }
    net_expect(w, aksu_sim_run(w, AKSU_SECONDS(11)), AKSU_SIM_RUNNING);
    for (unsigned i = 0; i < flows; i++) {
        aksu_sim_report(end[i], &report);
        r.received += report.received;
        aksu_sim_report(aksu_sim_peer(end[i]), &report);
        r.sent_again += report.retransmissions;
        r.timeouts += report.timeouts;
    }
    r.received -= before;
    r.queue_ms = (double)q.octets / (double)q.looks / 2500;
    aksu_path_counts(q.path, &r.path);
    return r;
}

/* RFC 3168 1: marks do the work of drops. */
static void marks_keep_the_queue_short(uint64_t seed, const char *cc)
{
    struct result r = through_codel(seed, AKSU_ECN_ASK, cc);
    expect(r.path.marked > 10, "%llu marks", (unsigned long long)r.path.marked);
    expect(r.path.queue_dropped == 0 && r.sent_again == 0 && r.timeouts == 0,
           "%llu dropped, %llu sent again, %llu timeouts. Again: %s",
           (unsigned long long)r.path.queue_dropped, (unsigned long long)r.sent_again,
           (unsigned long long)r.timeouts, sim_again);
    expect(r.received * 8 > RATE * 9 / 100 * 90, "only %llu octets in 9 s. Again: %s",
           (unsigned long long)r.received, sim_again);
    expect(r.queue_ms < 25, "the queue is %.1f ms on average. Again: %s", r.queue_ms, sim_again);
    /* Each reduction is told once, by the first piece of a large segment too. */
    expect(r.sender.out > 5 && r.sender.out_large > 0, "%u times CWR, %u large ones", r.sender.out,
           r.sender.out_large);
    expect(r.receiver.in <= r.sender.out && r.receiver.in + 1 >= r.sender.out,
           "%u times CWR sent, %u arrived. Again: %s", r.sender.out, r.receiver.in, sim_again);
}

SIM(reno_with_marks, 9) { marks_keep_the_queue_short(seed, "reno"); }
SIM(cubic_with_marks, 9) { marks_keep_the_queue_short(seed, "cubic"); }

/* The same network and flows that did not ask: the same queue drops. */
SIM(drops_without_ecn, 3)
{
    static const enum aksu_ecn silent[] = { AKSU_ECN_ACCEPT, AKSU_ECN_OFF };
    struct result r = through_codel(seed, silent[seed % 2], "cubic");
    expect(r.path.marked == 0 && r.path.queue_dropped > 0 && r.sent_again > 0,
           "%llu marked, %llu dropped, %llu sent again", (unsigned long long)r.path.marked,
           (unsigned long long)r.path.queue_dropped, (unsigned long long)r.sent_again);
    expect(r.sender.out == 0, "%u times CWR", r.sender.out);
}

/* --- paths and peers that do not keep to the rules --- */

enum lie { ECHO_ALWAYS, ECHO_NEVER, CWR_NEVER, CWR_ALWAYS, ALL_MARKED, LIES };

static uint32_t tell(void *context, uint8_t *frame, uint32_t length, uint32_t room, aksu_time now)
{
    const enum lie *lie = context;
    struct header h;
    (void)room;
    (void)now;
    if (!lies_read(frame, length, &h) || h.ctl & (AKSU_SYN | AKSU_RST))
        return length;
    uint8_t *ctl = frame + 20 + 13;
    switch (*lie) {
    case ECHO_ALWAYS:
        *ctl |= AKSU_ECE;
        break;
    case ECHO_NEVER:
        *ctl &= (uint8_t)~AKSU_ECE;
        break;
    case CWR_NEVER:
        *ctl &= (uint8_t)~AKSU_CWR;
        break;
    case CWR_ALWAYS:
        *ctl |= AKSU_CWR;
        break;
    case ALL_MARKED: case LIES:
        break;
    }
    return length;
}

/* With losses, so that recovery and marks meet. */
SIM(liars_about_ecn, 4 * LIES)
{
    enum lie lie = (enum lie)(seed % LIES);
    struct aksu_sim *w = net_world(seed, false);
    struct aksu_sim_host host = { .stack = { .ecn = AKSU_ECN_ASK }, .no_tso = true };
    struct aksu_sim_node *a = net_host(w, &host), *b = net_host(w, &host);
    const struct aksu_path_node there = { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(5) };
    const struct aksu_path_node back[] = {
        { .kind = AKSU_PATH_MARK, .chance = lie == ALL_MARKED ? AKSU_PATH_ALWAYS
                                          : AKSU_PATH_CHANCE(2, 100) },
        { .kind = AKSU_PATH_LOSS, .chance = seed / LIES % 2 ? AKSU_PATH_CHANCE(1, 100) : 0 },
        { .kind = AKSU_PATH_RATE, .rate = RATE },
        { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(5) } };
    struct aksu_sim_cable *cable = net_cable(w, a, b, &there, 1, back, 4);
    bool of_receiver = lie == ECHO_ALWAYS || lie == ECHO_NEVER;
    aksu_sim_tamper(cable, of_receiver ? 0 : 1, tell, &lie);
    struct aksu_sim_end *end = net_flow(w, &(struct aksu_sim_flow){ .host = { a, b },
        .app = { { .octets = 0 }, { .octets = 100 * MSS } } });
    net_expect(w, aksu_sim_finish(w, AKSU_SECONDS(300)), AKSU_SIM_ENDED);
    struct aksu_sim_report r;
    aksu_sim_report(end, &r);
    expect(r.received == 100 * MSS && !r.failed, "%llu octets arrived. Again: %s",
           (unsigned long long)r.received, sim_again);
    aksu_sim_report(aksu_sim_peer(end), &r);
    expect(seed / LIES % 2 || r.retransmissions == 0, "%llu sent again without loss. Again: %s",
           (unsigned long long)r.retransmissions, sim_again);
}
