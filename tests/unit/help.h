/* help.h - what the unit tests of base and wire share: a seeded generator that is not the one under
 * test, copies of exactly their size (so that a sanitizer sees an octet too many), truncations,
 * mutations, and the check that a broken promise is noticed. */
#ifndef UNIT_HELP_H
#define UNIT_HELP_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A linear congruential generator whose upper half is used. */
static inline uint32_t chance(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 32);
}

static inline uint32_t chance_below(uint64_t *state, uint32_t bound)
{
    return (uint32_t)((uint64_t)chance(state) * bound >> 32);
}

static inline uint64_t chance64(uint64_t *state)
{
    uint64_t high = chance(state);
    return high << 32 | chance(state);
}

static inline void chance_fill(uint64_t *state, void *to, size_t length)
{
    uint8_t *octet = to;
    for (size_t i = 0; i < length; i++)
        octet[i] = (uint8_t)chance(state);
}

/* A heap block of exactly `length` octets; the caller frees it. */
static inline uint8_t *exact_copy(const uint8_t *data, size_t length)
{
    uint8_t *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    if (length > 0)
        memcpy(copy, data, length);
    return copy;
}

/* Parses and checks what must hold for any input. True when the packet was taken as good. */
typedef bool parse_fn(const uint8_t *data, size_t length);

static inline bool parse_exactly(parse_fn *parse, const uint8_t *data, size_t length)
{
    uint8_t *copy = exact_copy(data, length);
    bool good = parse(copy, length);
    free(copy);
    return good;
}

/* How many of the truncations 0..length-1 were taken as good. */
static inline unsigned good_truncations(parse_fn *parse, const uint8_t *data, size_t length)
{
    unsigned good = 0;
    for (size_t n = 0; n < length; n++)
        good += parse_exactly(parse, data, n);
    return good;
}

/* `count` copies with 1..4 octets changed, every eighth shortened too; how many were good. */
static inline unsigned good_mutations(parse_fn *parse, const uint8_t *data, size_t length,
                                      unsigned count, uint64_t seed)
{
    uint8_t mutant[2048];
    unsigned good = 0;
    assert_true(length <= sizeof mutant);
    for (unsigned i = 0; i < count; i++) {
        memcpy(mutant, data, length);
        for (unsigned n = 1 + chance_below(&seed, 4); n > 0; n--)
            mutant[chance_below(&seed, (uint32_t)length)] = (uint8_t)chance(&seed);
        size_t left = i % 8 == 0 ? chance_below(&seed, (uint32_t)length + 1) : length;
        good += parse_exactly(parse, mutant, left);
    }
    return good;
}

/* True when `breaker` ends the process by the trap of bug(). */
static inline bool is_bug(void (*breaker)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit none = { 0, 0 };
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGILL, SIG_DFL);
        signal(SIGTRAP, SIG_DFL);
        breaker();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && (WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGTRAP);
}

#endif
