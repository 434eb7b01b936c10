/* sim.h - tests of whole stacks in virtual time. A test is a function of a seed and is run for
 * many of them; what fails names its seed, and `tests/sim NAME --seed N` runs that one again. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

struct sim_test {
    const char *name, *file;
    void (*body)(uint64_t seed);
    unsigned seeds;
    struct sim_test *next;
};
void sim_register(struct sim_test *test);

/* A sanitizer takes its time: a part of the seeds must do. */
#if defined(__SANITIZE_ADDRESS__)
#define SIM_SEEDS(n) ((n) / 8)
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIM_SEEDS(n) ((n) / 8)
#endif
#endif
#ifndef SIM_SEEDS
#define SIM_SEEDS(n) (n)
#endif

#define SIM(name_, seeds_)                                                                        \
    static void name_(uint64_t seed);                                                             \
    __attribute__((constructor)) static void name_##_register(void)                               \
    {                                                                                             \
        static struct sim_test test = { #name_, __FILE__, name_, (seeds_), 0 };                   \
        sim_register(&test);                                                                      \
    }                                                                                             \
    static void name_(uint64_t seed)

/* Ends the test with a message; does not return. */
_Noreturn void sim_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define fail(...) sim_fail(__FILE__, __LINE__, __VA_ARGS__)
#define expect(what, ...)                                                                         \
    do {                                                                                          \
        if (!(what))                                                                              \
            sim_fail(__FILE__, __LINE__, __VA_ARGS__);                                            \
    } while (0)
extern bool sim_verbose;            /* -v: say what happens */
extern const char *sim_document;    /* --document FILE: the page that a table is written to */
extern uint32_t sim_frames;         /* --frames N: for the peer that lies */
extern char sim_again[256];         /* the command that runs this test with this seed again */
void sim_name_run(const struct sim_test *test, uint64_t seed);      /* sets it */
/* Runs one seed of a test; false: it failed, and said so. */
bool sim_run(const struct sim_test *test, uint64_t seed);
struct sim_test *sim_find(const char *name);        /* NULL */
/* soak.c: seeds of random_network from `seed` on, until so many segments were simulated, in `jobs`
 * processes. The exit status. */
int soak(uint64_t segments, uint64_t seed, unsigned jobs);

/* The tests' own numbers: not the stack's generator, which is under test. */
struct dice {
    uint64_t state;
};
static inline uint64_t dice_u64(struct dice *d)
{
    uint64_t z = d->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}
static inline uint32_t dice(struct dice *d, uint32_t sides)         /* 0..sides-1 */
{
    return (uint32_t)((dice_u64(d) >> 32) * sides >> 32);
}
static inline bool chance(struct dice *d, uint32_t of_65536)
{
    return dice(d, 65536) < of_65536;
}

#endif
