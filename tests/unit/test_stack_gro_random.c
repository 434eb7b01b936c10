/* test_stack_gro_random.c - a batch is what its frames are one by one: two servers hear the same
 * segments, chopped, lost, repeated, turned round and damaged at random, one of them in batches;
 * both must have the same text at any time, and all of it in the end. */
#include "gro_help.h"

enum { FLOWS = 2, STREAM = 400000, WINDOW = 40000, ROUNDS = 120 };

struct side {
    struct scene s;
    struct flow flow[FLOWS];
    struct batch batch;
    uint32_t read[FLOWS];
};

static struct shape random_shape(uint64_t *seed)
{
    struct shape shape = { .slices = chance_below(seed, 4) };
    switch (chance_below(seed, 24)) {
    case 0: shape.ctl = CTL_PSH; break;
    case 1: shape.damaged = true; break;
    case 2: shape.ack = (uint32_t)-1; break;
    case 3: shape.wnd = 9; break;
    case 4: shape.tos = 3; break;
    case 5: shape.verified = true; break;
    case 6: shape.missing = 1; break;
    case 7: shape.nops = 1; break;
    case 8: shape.padding = 5; break;
    case 9: shape.ctl = CTL_URG; break;
    default: break;
    }
    return shape;
}

/* Where the next segment of the flow begins: mostly behind the last one. */
static uint32_t random_place(uint64_t *seed, uint32_t next)
{
    uint32_t dice = chance_below(seed, 20);
    if (dice == 0)
        return next + chance_below(seed, 9000);
    if (dice == 1)
        return next > 1500 ? next - chance_below(seed, 1500) : 0;
    return dice == 2 ? next + chance_below(seed, 1500) : next;
}

static uint32_t random_length(uint64_t *seed, uint32_t usual)
{
    return chance_below(seed, 8) == 0 ? 1 + chance_below(seed, 1400) : usual;
}

static void random_batch(struct side *side, uint64_t *seed, uint32_t next[FLOWS])
{
    uint32_t usual = 100 + 100 * chance_below(seed, 10), which = chance_below(seed, FLOWS);
    for (unsigned n = 0; n < FLOWS; n++)        /* a sender that has heard of its losses */
        if (chance_below(seed, 2) == 0)
            next[n] = side[0].read[n];
    for (unsigned left = 1 + chance_below(seed, 30); left > 0; left--) {
        if (chance_below(seed, 6) == 0)
            which = chance_below(seed, FLOWS);
        struct shape shape = random_shape(seed);
        uint32_t at = random_place(seed, next[which]), length = random_length(seed, usual);
        if (chance_below(seed, 12) == 0) {
            shape.gso = (uint16_t)usual;
            length = usual * (1 + chance_below(seed, 4)) + chance_below(seed, 2) * 17;
        }
        if (at + length > STREAM || at + length > side[0].read[which] + WINDOW)
            continue;
        next[which] = at + length;
        for (unsigned i = 0; i < 2; i++)
            put(&side[i].s, &side[i].batch, &side[i].flow[which], at, length, &shape);
    }
}

static void same_state(struct side *side)
{
    for (unsigned n = 0; n < FLOWS; n++) {
        struct aksu_info a = server_info(&side[0].s, &side[0].flow[n]);
        struct aksu_info b = server_info(&side[1].s, &side[1].flow[n]);
        assert_int_equal(a.state, b.state);
        assert_int_equal(a.rcv_nxt, b.rcv_nxt);
        assert_int_equal(a.octets_in, b.octets_in);
        assert_int_equal(a.segments_in, b.segments_in);
        assert_int_equal(a.urgent_pending, b.urgent_pending);
        for (unsigned i = 0; i < 2; i++)
            side[i].read[n] = read_stream(&side[i].s, &side[i].flow[n], side[i].read[n]);
        assert_int_equal(side[0].read[n], side[1].read[n]);
    }
}

/* How many segments the batch has saved. */
static unsigned give_both(struct side *side)
{
    give_batch(&side[0].s, &side[0].batch);
    give_singly(&side[1].s, &side[1].batch);
    assert_true(side[0].s.heard.in <= side[1].s.heard.in);
    unsigned fewer = side[1].s.heard.in - side[0].s.heard.in;
    same_state(side);
    for (unsigned i = 0; i < 2; i++) {
        drain(&side[i].s);
        side[i].s.w.now += AKSU_MS(3);
    }
    return fewer;
}

/* What is missing, until all has arrived. */
static void finish(struct side *side)
{
    for (unsigned n = 0; n < FLOWS; n++) {
        while (side[0].read[n] < STREAM) {
            uint32_t at = side[0].read[n];
            for (unsigned count = 0; count < 40 && at < STREAM; count++, at += SIZE) {
                uint32_t length = STREAM - at < SIZE ? STREAM - at : SIZE;
                for (unsigned i = 0; i < 2; i++)
                    put(&side[i].s, &side[i].batch, &side[i].flow[n], at, length, NULL);
            }
            give_both(side);
        }
    }
}

static unsigned one_run(uint64_t seed)
{
    static struct side side[2];
    unsigned fewer = 0;
    uint32_t next[FLOWS] = { 0 };
    for (unsigned i = 0; i < 2; i++) {
        memset(&side[i], 0, sizeof side[i]);
        scene_init(&side[i].s, seed & 1, seed & 2);
        for (unsigned n = 0; n < FLOWS; n++)
            side[i].flow[n] = scene_flow(&side[i].s);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        random_batch(side, &seed, next);
        fewer += give_both(side);
    }
    finish(side);
    for (unsigned i = 0; i < 2; i++)
        scene_fini(&side[i].s);
    return fewer;
}

static void a_batch_is_what_its_frames_are(void **state)
{
    (void)state;
    unsigned fewer = 0;
    for (uint64_t seed = 1; seed <= 40; seed++)
        fewer += one_run(seed);
    assert_true(fewer > 10000);                 /* else it was no test of anything */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_batch_is_what_its_frames_are) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
