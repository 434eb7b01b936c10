/* main.c - the explorer, with bounds that are small enough to come to an end:
 *     tests/explore [--any-number]
 * Each line looks at every state there is, finds nothing wrong, and finds exactly as many as
 * before; with --any-number it is only asked whether something is wrong, up to the first that is
 * (tools/mutate). Then lies: each must be found, by a way that is as short as it can be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aksu/explore.h"
#include "aksu/sink.h"

struct bound {
    enum aksu_explore_scenario scenario;
    uint32_t octets, losses, duplicates, timeouts, depth;
    uint64_t states, edges, ends;
};
static const struct bound bounds[] = {
    { AKSU_EXPLORE_CLOSE, 2, 1, 0, 0, 0, 16306, 57985, 390 },
    { AKSU_EXPLORE_CLOSE, 3, 0, 0, 0, 9, 20168, 33008, 458 },
    { AKSU_EXPLORE_CLOSE, 1, 1, 1, 0, 0, 23605, 81447, 338 },
    { AKSU_EXPLORE_CLOSE, 1, 0, 0, 1, 0, 7986, 23477, 220 },
    { AKSU_EXPLORE_SERVER_CLOSE, 1, 1, 1, 0, 0, 20977, 72665, 336 },
    { AKSU_EXPLORE_SERVER_CLOSE, 1, 0, 0, 1, 0, 7016, 21204, 205 },
    { AKSU_EXPLORE_HALF_CLOSE, 2, 1, 0, 0, 0, 15776, 55400, 361 },
    { AKSU_EXPLORE_HALF_CLOSE, 1, 1, 1, 0, 0, 9800, 32618, 154 },
    { AKSU_EXPLORE_SIMULTANEOUS_CLOSE, 1, 1, 1, 0, 0, 10098, 33187, 180 },
    { AKSU_EXPLORE_SIMULTANEOUS_CLOSE, 1, 0, 0, 1, 0, 3874, 11045, 133 },
    { AKSU_EXPLORE_SIMULTANEOUS_OPEN, 1, 1, 0, 0, 0, 4303, 14840, 199 },
    { AKSU_EXPLORE_SIMULTANEOUS_OPEN, 1, 0, 1, 0, 9, 25374, 56817, 162 },
    { AKSU_EXPLORE_AGAIN, 1, 1, 0, 0, 0, 190979, 768079, 1031 },
    { AKSU_EXPLORE_AGAIN, 1, 0, 1, 0, 9, 6286, 10914, 46 },
};
static unsigned passed, failed;

static void verdict(const char *name, bool good)
{
    printf("%s %s\n", good ? "ok" : "FAIL", name);
    passed += good;
    failed += !good;
}

static struct aksu_explore_config config_of(const struct bound *b, bool any_number)
{
    return (struct aksu_explore_config){ .scenario = b->scenario, .octets = b->octets,
        .losses = b->losses, .duplicates = b->duplicates, .timeouts = b->timeouts,
        .depth = b->depth, .states = any_number ? 40000 : 1000000 };
}

static void nothing_wrong(const struct bound *b, bool any_number)
{
    struct aksu_explore_config config = config_of(b, any_number);
    struct aksu_explore_counts n = { 0 };
    char name[120];
    struct aksu_explore *x = aksu_explore_new(&config);
    enum aksu_explore_state state = x ? aksu_explore_run(x, UINT64_MAX) : AKSU_EXPLORE_NO_MEMORY;
    if (x)
        aksu_explore_counts(x, &n);
    snprintf(name, sizeof name, "%s_octets_%u_losses_%u_duplicates_%u_timeouts_%u_depth_%u",
             aksu_explore_name(b->scenario), (unsigned)b->octets, (unsigned)b->losses,
             (unsigned)b->duplicates, (unsigned)b->timeouts, (unsigned)b->depth);
    for (char *c = name; *c; c++)
        *c = *c == '-' ? '_' : *c;
    bool same = any_number || (n.states == b->states && n.edges == b->edges && n.ends == b->ends);
    bool good = same && (state == AKSU_EXPLORE_EXHAUSTED || (any_number
                                                             && state != AKSU_EXPLORE_VIOLATION));
    if (!good)
        printf("    %s\n    %llu states, %llu edges, %llu ends; expected %llu, %llu, %llu\n",
               state == AKSU_EXPLORE_VIOLATION ? aksu_explore_why(x) : "no violation",
               (unsigned long long)n.states, (unsigned long long)n.edges,
               (unsigned long long)n.ends, (unsigned long long)b->states,
               (unsigned long long)b->edges, (unsigned long long)b->ends);
    verdict(name, good);
    aksu_explore_free(x);
}

/* --- lies --- */

enum { IP = 20, TEXT_LEAST = IP + 20, CTL = IP + 13, ACK = IP + 8, WINDOW = IP + 14 };

static uint32_t text_at(const uint8_t *frame)
{
    return IP + (frame[IP + 12] >> 4) * 4u;
}

static uint32_t other_octet(void *context, uint8_t *frame, uint32_t length, uint32_t room,
                            aksu_time now)
{
    (void)context, (void)room, (void)now;
    if (length > text_at(frame))
        frame[text_at(frame)] ^= 0x80;
    return length;
}

/* Text never arrives, but it is acknowledged. */
static uint32_t acknowledged_too_early(void *context, uint8_t *frame, uint32_t length,
                                       uint32_t room, aksu_time now)
{
    (void)context, (void)room, (void)now;
    bool from_b = frame[15] == 2;
    if (from_b && !(frame[CTL] & AKSU_SYN))
        frame[ACK + 3]++;
    return length;
}

/* A cable without an end. */
static uint32_t nothing_arrives(void *context, uint8_t *frame, uint32_t length, uint32_t room,
                                aksu_time now)
{
    (void)context, (void)frame, (void)length, (void)room, (void)now;
    return 0;
}

struct collected {
    char text[20000];
    size_t length;
};

static void collect(void *context, const char *text, size_t length)
{
    struct collected *c = context;
    if (c->length + length < sizeof c->text) {
        memcpy(c->text + c->length, text, length);
        c->length += length;
    }
}

static void draw(struct aksu_explore *x, struct collected *out)
{
    static uint8_t memory[AKSU_LADDER_MEMORY];
    memset(out, 0, sizeof *out);
    struct aksu_ladder *l = aksu_ladder_init(&(struct aksu_ladder_config){
        .writer = { collect, out }, .memory = memory, .memory_length = sizeof memory,
        .at_end = true });
    struct aksu_sink *sink[2] = { aksu_ladder_side(l, 0, "a"), aksu_ladder_side(l, 1, "b") };
    aksu_explore_replay(x, sink);
    aksu_ladder_finish(l);
}

static void lie(const char *name, aksu_sim_rewrite *rewrite, uint32_t steps, const char *why,
                const char *drawn)
{
    static struct collected ladder, again;
    struct aksu_explore_config config = config_of(&bounds[0], false);
    config.rewrite = rewrite;
    struct aksu_explore *x = aksu_explore_new(&config);
    if (!x || aksu_explore_run(x, UINT64_MAX) != AKSU_EXPLORE_VIOLATION) {
        verdict(name, false);
        aksu_explore_free(x);
        return;
    }
    draw(x, &ladder);
    draw(x, &again);
    bool good = aksu_explore_steps(x) == steps && strstr(aksu_explore_why(x), why)
             && strstr(ladder.text, drawn) && strcmp(ladder.text, again.text) == 0;
    if (!good)
        printf("    after %u steps: %s\n%s", (unsigned)aksu_explore_steps(x), aksu_explore_why(x),
               ladder.text);
    verdict(name, good);
    aksu_explore_free(x);
}

static void a_slice_at_a_time(void)
{
    struct aksu_explore_config config = config_of(&bounds[2], false);
    struct aksu_explore_counts n;
    struct aksu_explore *x = aksu_explore_new(&config);
    enum aksu_explore_state state = AKSU_EXPLORE_RUNNING;
    for (unsigned i = 0; i < 1000000 && state == AKSU_EXPLORE_RUNNING; i++)
        state = aksu_explore_run(x, 97);
    aksu_explore_counts(x, &n);
    verdict("a_slice_at_a_time", state == AKSU_EXPLORE_EXHAUSTED && n.states == bounds[2].states);
    aksu_explore_free(x);
    config.states = 100;
    x = aksu_explore_new(&config);
    verdict("a_bound_of_states", aksu_explore_run(x, UINT64_MAX) == AKSU_EXPLORE_BOUND);
    aksu_explore_free(x);
    config.octets = AKSU_EXPLORE_OCTETS_MOST + 1;
    verdict("too_many_octets", aksu_explore_new(&config) == NULL);
}

int main(int argc, char **argv)
{
    bool any_number = argc > 1 && strcmp(argv[1], "--any-number") == 0;
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0] && !(any_number && failed); i++)
        nothing_wrong(&bounds[i], any_number);
    if (!any_number) {
        lie("an_octet_is_another_one", other_octet, 3, "which was not sent there", "PSH,ACK");
        lie("what_has_not_come_is_acknowledged", acknowledged_too_early, 4,
            "is acknowledged, the peer", "ACK seq 1");
        lie("nobody_is_there", nothing_arrives, 8, "fails", "SYN seq 0");
        a_slice_at_a_time();
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed > 0;
}
