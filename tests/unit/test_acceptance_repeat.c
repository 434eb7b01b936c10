/* test_acceptance_repeat.c - microsoft/openvmm 4424: the same seed gives the same bytes, here,
 * with another compiler, and on a machine whose octets stand the other way round
 * (tests/interop/endian.sh). The digests are of every octet that a host sent, and when; one
 * number for all builds. */
#include <inttypes.h>

#include "help.h"

#include "aksu/sim.h"

enum { PAIRS = 3 };

/* Three pairs of hosts around two routers: loss, reordering, repetition, a narrow queue; IPv4 and
 * IPv6, with and without Ethernet, three kinds of congestion control, applications that ask and
 * answer. */
static uint64_t digest_of(uint64_t seed)
{
    static const char *const control[PAIRS] = { "cubic", "reno", "bbr" };
    const struct aksu_path_node narrow[] = {
        { .kind = AKSU_PATH_RATE, .rate = 20000000, .limit = 60000 },
        { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(7) },
        { .kind = AKSU_PATH_LOSS, .chance = AKSU_PATH_CHANCE(5, 1000) },
        { .kind = AKSU_PATH_REORDER, .chance = AKSU_PATH_CHANCE(1, 100), .delay = AKSU_MS(2) },
        { .kind = AKSU_PATH_DUPLICATE, .chance = AKSU_PATH_CHANCE(1, 100) },
    };
    const struct aksu_path_node near = { .kind = AKSU_PATH_DELAY, .delay = AKSU_US(300) };
    const struct aksu_sim_way wide[2] = { { &near, 1 }, { &near, 1 } };
    const struct aksu_sim_way ways[2] = { { narrow, 5 }, { narrow, 5 } };
    struct aksu_sim *w = aksu_sim_new(&(struct aksu_sim_config){ .seed = seed, .digest = true });
    assert_non_null(w);
    struct aksu_sim_node *left = aksu_sim_router(w), *right = aksu_sim_router(w);
    assert_non_null(aksu_sim_cable(w, left, right, ways));
    for (unsigned i = 0; i < PAIRS; i++) {
        struct aksu_sim_host how = { .checksums = true, .no_tso = i == 1,
            .stack = { .congestion_control = control[i], .memory_limit = 8 << 20,
                       .ecn = i == 2 ? AKSU_ECN_ASK : AKSU_ECN_ACCEPT } };
        struct aksu_sim_node *a = aksu_sim_host(w, &how), *b = aksu_sim_host(w, &how);
        assert_non_null(aksu_sim_cable(w, a, left, wide));
        assert_non_null(aksu_sim_cable(w, b, right, wide));
        for (unsigned v6 = 0; v6 < 2; v6++) {
            assert_non_null(aksu_sim_flow(w, &(struct aksu_sim_flow){ .host = { a, b }, .v6 = v6,
                .app = { { .octets = 400000 + 1000 * i },
                         { .gulp = 3000, .gulp_pause = AKSU_MS(1) } },
                .at = AKSU_MS(1000 + 10 * i) }));
            assert_non_null(aksu_sim_flow(w, &(struct aksu_sim_flow){ .host = { b, a }, .v6 = v6,
                .app = { { .act = aksu_sim_request, .octets = 20000, .request = 500,
                           .response = 2000, .pause = AKSU_MS(5) },
                         { .act = aksu_sim_respond, .octets = UINT64_MAX, .request = 500,
                           .response = 2000 } } }));
        }
    }
    enum aksu_sim_state state = aksu_sim_finish(w, AKSU_SECONDS(600));
    if (state != AKSU_SIM_ENDED)
        fail_msg("%s", aksu_sim_why(w) != NULL ? aksu_sim_why(w) : "it does not end");
    struct aksu_sim_counts counts;
    aksu_sim_counts(w, &counts);
    assert_true(counts.segments > 3000);
    aksu_sim_free(w);
    return counts.digest;
}

/* When the stack is to send something else from now on, the new numbers go here. */
static const uint64_t expected[4] = {
    UINT64_C(0x60d99235f95747b8), UINT64_C(0x11bbb3f817f21549),
    UINT64_C(0x3deccfcf5325aa18), UINT64_C(0xb1f897424b6dc171),
};

static void acceptance_repeat(void **state)
{
    (void)state;
    bool same = true;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t digest = digest_of(i + 1);
        assert_true(digest == digest_of(i + 1));
        if (digest != expected[i])
            print_message("seed %u: the digest is 0x%016" PRIx64 "\n", i + 1, digest);
        same = same && digest == expected[i];
    }
    assert_true(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(acceptance_repeat) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
