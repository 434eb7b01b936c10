/* test_ao.c - TCP-AO over bad links (RFC 5925): what is lost, overtaken, repeated or damaged on the
 * way is mended as without it, and nothing that a good peer sends is refused. */
#include <stdio.h>
#include <string.h>

#include "aksu/ao.h"
#include "tests/peer/mac.h"
#include "tests/sim/net.h"

/* Events of both stacks. */
struct counted {
    struct aksu_sink sink;
    unsigned without, refused, frames, large;
};

static void count(struct aksu_sink *sink, const struct aksu_event *e)
{
    struct counted *c = (struct counted *)sink;
    if (e->kind == AKSU_EV_segment_out) {
        c->frames++;
        c->without += !(e->segment_out.has & AKSU_HAS_AO);
        c->large += e->segment_out.len > 1460;
    }
    c->refused += e->kind == AKSU_EV_ao_missing || e->kind == AKSU_EV_ao_bad_mac
               || e->kind == AKSU_EV_ao_no_key || e->kind == AKSU_EV_ao_unexpected;
}

static struct aksu_sim_node *host_with_key(struct aksu_sim *w, struct counted *c, unsigned side,
                                           enum aksu_ao_algorithm algorithm)
{
    struct aksu_sim_host how = { .stack = { .sink = &c->sink }, .checksums = true };
    struct aksu_sim_node *host = net_host(w, &how);
    struct aksu_mkt mkt = { .send_id = (uint8_t)side, .receive_id = (uint8_t)(1 - side),
                            .algorithm = algorithm, .key = (const uint8_t *)"a secret",
                            .key_length = 8 };
    aksu_ao_key key;
    struct aksu_ao_config config = { .mac = peer_mac };
    expect(aksu_ao_setup(aksu_sim_stack(host), &config) == AKSU_OK, "setup");
    expect(aksu_ao_add(aksu_sim_stack(host), &mkt, &key) == AKSU_OK, "key");
    return host;
}

static void transfer(uint64_t seed, enum aksu_ao_algorithm algorithm, bool v6)
{
    const struct aksu_path_node bad[] = {
        { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(10) },
        { .kind = AKSU_PATH_LOSS, .chance = AKSU_PATH_CHANCE(2, 100) },
        { .kind = AKSU_PATH_REORDER, .chance = AKSU_PATH_CHANCE(2, 100), .delay = AKSU_MS(3) },
        { .kind = AKSU_PATH_DUPLICATE, .chance = AKSU_PATH_CHANCE(1, 100) },
        { .kind = AKSU_PATH_CORRUPT, .chance = AKSU_PATH_CHANCE(1, 100) },
    };
    struct counted counted = { .sink = { count } };
    struct aksu_sim *w = net_world(seed, false);
    struct aksu_sim_node *host[2];
    for (unsigned side = 0; side < 2; side++)
        host[side] = host_with_key(w, &counted, side, algorithm);
    (void)net_cable(w, host[0], host[1], bad, 5, bad, 5);
    struct aksu_sim_end *end = net_flow(w, &(struct aksu_sim_flow){
        .host = { host[0], host[1] }, .v6 = v6,
        .app = { { .octets = 500000 }, { .octets = 500000 } } });
    net_expect(w, aksu_sim_finish(w, AKSU_SECONDS(1000)), AKSU_SIM_ENDED);
    for (unsigned side = 0; side < 2; side++) {
        struct aksu_sim_report r;
        aksu_sim_report(side ? aksu_sim_peer(end) : end, &r);
        expect(!r.failed && r.received == 500000, "side %u got %llu octets. Again: %s", side,
               (unsigned long long)r.received, sim_again);
    }
    expect(counted.without == 0, "%u of %u segments without a MAC. Again: %s", counted.without,
           counted.frames, sim_again);
    expect(counted.large == 0, "%u segments that a device would cut. Again: %s", counted.large,
           sim_again);
    expect(counted.refused == 0, "%u segments refused. Again: %s", counted.refused, sim_again);
}

SIM(ao_sha1_over_a_bad_link, 20) { transfer(seed, AKSU_AO_SHA1, seed & 1); }
SIM(ao_aes128_over_a_bad_link, 20) { transfer(seed, AKSU_AO_AES128, seed & 1); }
