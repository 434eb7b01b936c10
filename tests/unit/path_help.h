/* path_help.h - numbered frames through a path in virtual time: what the tests of sim/path*.c
 * share. */
#ifndef UNIT_PATH_HELP_H
#define UNIT_PATH_HELP_H

#include "help.h"

#include "aksu/path.h"
#include "base/bytes.h"

enum { PATH_MOST = 200000 };

/* What came out, in order: the number that the frame carries, and when. */
struct came {
    uint32_t count;
    uint32_t number[PATH_MOST];
    aksu_time at[PATH_MOST];
};

static inline struct aksu_path *path_of(const struct aksu_path_node *nodes, unsigned count,
                                        uint64_t seed)
{
    struct aksu_path *p = aksu_path_new(nodes, count, seed, AKSU_PATH_BARE_IP);
    assert_non_null(p);
    return p;
}

/* A frame of `length` octets that begins with its number (and is no IP packet). */
static inline void put_number(struct aksu_path *p, uint32_t number, uint32_t length, aksu_time now)
{
    uint8_t octets[2048] = { 0 };
    struct aksu_frame f = { .parts = 2, .length = length };
    store_be32(octets, number);
    f.part[0] = (struct aksu_slice){ octets, 3 };
    f.part[1] = (struct aksu_slice){ octets + 3, length - 3 };
    assert_true(aksu_path_put(p, &f, now));
}

/* Everything that comes out until `until`, asked for at the times that the path names. */
static inline void take_until(struct aksu_path *p, struct came *c, aksu_time until)
{
    struct aksu_frame f;
    aksu_time at;
    while ((at = aksu_path_next(p)) <= until) {
        while (aksu_path_get(p, &f, at)) {
            assert_true(c->count < PATH_MOST);
            assert_int_equal(f.parts, 1);
            assert_int_equal(f.length, f.part[0].length);
            c->number[c->count] = load_be32(f.part[0].data);
            c->at[c->count++] = at;
        }
    }
}

/* `count` frames of `length` octets, one each `gap`; then all that comes out. */
static inline void run_numbers(struct aksu_path *p, struct came *c, uint32_t count, uint32_t length,
                               aksu_time gap)
{
    c->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        take_until(p, c, i * gap);
        put_number(p, i, length, i * gap);
    }
    take_until(p, c, AKSU_NEVER - 1);
    assert_int_equal(aksu_path_next(p), AKSU_NEVER);
}

static inline struct aksu_path_counts counts_of(const struct aksu_path *p)
{
    struct aksu_path_counts c;
    aksu_path_counts(p, &c);
    return c;
}

/* Every frame that entered, or was made, is out, lost or inside. */
static inline void assert_balanced(const struct aksu_path *p)
{
    struct aksu_path_counts c = counts_of(p);
    assert_int_equal(c.in + c.duplicated,
                     c.out + c.lost + c.queue_dropped + c.cut + c.too_big + c.frames);
}

/* `count` of `all` is `parts` of 2^32, give or take five standard deviations. */
static inline void assert_share(uint64_t count, uint64_t all, uint64_t chance)
{
    uint64_t mean = all * chance / AKSU_PATH_ALWAYS, spread = 1;
    while (spread * spread < 25 * mean + 25)
        spread++;
    if (count + spread < mean || count > mean + spread)
        fail_msg("%llu of %llu instead of %llu +- %llu", (unsigned long long)count,
                 (unsigned long long)all, (unsigned long long)mean, (unsigned long long)spread);
}

#endif
