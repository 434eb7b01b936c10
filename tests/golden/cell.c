/* cell.c - one transfer over a bottleneck that loses, and how much arrived. The link carries frames
 * of 1500 octets with 1448 of text: no more than 96.5 % can be had. Losses fall before the queue,
 * so they leave room in it; ACKs come back over a link that only takes time. Called by main.c. */
#include <stdio.h>

#include "aksu/sink.h"
#include "tests/golden/golden.h"

enum { SLICE_MS = 5 };
static const uint64_t MILLION = 1000000;

struct run {
    struct aksu_sim *world;
    struct aksu_sim_cable *cable;
    struct aksu_sim_end *sender;
    struct aksu_text_sink text;
};

static uint64_t bdp_octets(const struct cell *c)
{
    return c->rate * MILLION / 8 * c->rtt_ms / 1000;
}

static uint64_t octets_of(const struct cell *c)
{
    return SEGMENT * (SEGMENTS_LEAST + SEGMENTS_TRIPS * bdp_octets(c) / FRAME);
}

static void print(void *context, const char *text, size_t length)
{
    (void)context;
    fwrite(text, 1, length, stdout);
}

static bool make(struct run *r, const struct cell *c, uint64_t seed, bool log)
{
    struct aksu_sim_host host = { .stack = {
        .memory_limit = 8 * (size_t)BUFFER, .max_connections = 16, .send_buffer_most = BUFFER,
        .receive_buffer_most = BUFFER, .congestion_control = c->control } };
    uint64_t queue = bdp_octets(c) * c->depth / 10;
    const struct aksu_path_node there[] = {
        { .kind = AKSU_PATH_LOSS, .chance = AKSU_PATH_CHANCE(c->loss, MILLION) },
        { .kind = AKSU_PATH_RATE, .rate = c->rate * MILLION,
          .limit = (uint32_t)(queue < QUEUE_LEAST ? QUEUE_LEAST : queue) },
        { .kind = AKSU_PATH_DELAY, .delay = AKSU_US(500) * c->rtt_ms },
    };
    const struct aksu_sim_way ways[2] = { { there, 3 }, { there + 2, 1 } };
    r->world = aksu_sim_new(&(struct aksu_sim_config){ .seed = seed, .unchecked = !log });
    if (r->world == NULL)
        return false;
    struct aksu_sim_node *b = aksu_sim_host(r->world, &host);
    if (log) {
        aksu_text_init(&r->text, (struct aksu_writer){ print, NULL }, NULL);
        host.stack.sink = &r->text.sink;
    }
    struct aksu_sim_node *a = aksu_sim_host(r->world, &host);
    r->cable = a != NULL && b != NULL ? aksu_sim_cable(r->world, a, b, ways) : NULL;
    if (r->cable == NULL)
        return false;
    r->sender = aksu_sim_flow(r->world, &(struct aksu_sim_flow){
        .host = { a, b }, .app = { { .octets = UINT64_MAX } } });
    return r->sender != NULL;
}

/* What the sender knows to have arrived, in order or not. */
static uint64_t delivered(const struct run *r)
{
    struct aksu_sim_report sent;
    struct aksu_info i = { 0 };
    aksu_sim_report(r->sender, &sent);
    if (aksu_status(aksu_sim_stack(sent.host), sent.conn, &i) != AKSU_OK)
        return 0;
    return sent.sent - i.send_queued + i.sacked;
}

/* Octets in so many nanoseconds, in thousandths of the link. */
static uint16_t part_of_link(const struct cell *c, uint64_t octets, aksu_time took)
{
    uint64_t most = c->rate * took / 8 / 1000;          /* octets */
    return (uint16_t)(most == 0 ? 0 : (octets * 1000 + most / 2) / most);
}

static void transfer(const struct run *r, const struct cell *c, struct cell_seen *seen)
{
    aksu_time start = aksu_sim_now(r->world), begun = start + START_TRIPS * AKSU_MS(c->rtt_ms);
    uint64_t wanted = octets_of(c);
    struct aksu_sim_report got = { 0 };
    enum aksu_sim_state state = aksu_sim_run(r->world, begun);
    uint64_t before = delivered(r);
    while (state == AKSU_SIM_RUNNING && got.received < wanted
           && aksu_sim_now(r->world) - start < AKSU_SECONDS(SECONDS_MOST)) {
        state = aksu_sim_run(r->world, aksu_sim_now(r->world) + AKSU_MS(SLICE_MS));
        aksu_sim_report(aksu_sim_peer(r->sender), &got);
    }
    if (state != AKSU_SIM_RUNNING) {
        seen->wrong = aksu_sim_why(r->world) != NULL ? aksu_sim_why(r->world) : "it stands still";
        return;
    }
    aksu_time end = got.received < wanted ? aksu_sim_now(r->world) : got.received_at;
    seen->octets = got.received;
    seen->took = end - start;
    seen->goodput.whole = part_of_link(c, got.received, end - start);
    end = aksu_sim_now(r->world);
    seen->goodput.later = end > begun ? part_of_link(c, delivered(r) - before, end - begun) : 0;
}

struct cell_seen cell_run(const struct cell *c, uint64_t seed, bool log)
{
    struct run r = { 0 };
    struct cell_seen seen = { 0 };
    if (!make(&r, c, seed, log)) {
        seen.wrong = r.world != NULL ? aksu_sim_why(r.world) : "no memory for a world";
    } else {
        struct aksu_sim_report report;
        struct aksu_path_counts counts;
        transfer(&r, c, &seen);
        aksu_sim_report(r.sender, &report);
        aksu_path_counts(aksu_sim_path(r.cable, 0), &counts);
        seen.segments = report.segments;
        seen.timeouts = report.timeouts;
        seen.retransmissions = report.retransmissions;
        seen.queue_dropped = counts.queue_dropped;
        seen.lost = counts.lost;
    }
    if (seen.wrong != NULL) {
        fprintf(stderr, "golden: %s, %u Mbit/s, %u ms: %s\n", c->control, c->rate, c->rtt_ms,
                seen.wrong);
        seen.wrong = "it did not run";
    }
    aksu_sim_free(r.world);
    return seen;
}
