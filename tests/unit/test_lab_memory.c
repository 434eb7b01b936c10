/* test_lab_memory.c - memory runs out while a scenario of the labs is played: at each of the first
 * allocations of each act and at some of the later ones, for that one alone or for all from there
 * on. The play ends with a sentence, or is the same as ever; it never crashes, and all is freed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/tape.h"

enum { FIRST = 60, LATER = 6, STRIDE = 5 };

static struct {
    unsigned long count, refused_at;    /* from 1; 0: none is refused */
    bool from_there_on;
    long blocks;                        /* that were not freed yet */
} heap;

/* The linker leads all calls of the program here, and those of __real_ to the C library (see the
 * Makefile). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void __wrap_free(void *block);

static bool is_refused(void)
{
    unsigned long at = heap.refused_at;
    heap.count++;
    return at > 0 && (heap.count == at || (heap.from_there_on && heap.count > at));
}

static void *counted(void *block)
{
    heap.blocks += block != NULL;
    return block;
}

void *__wrap_malloc(size_t size)
{
    return is_refused() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_refused() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size)
{
    if (is_refused())
        return NULL;
    void *larger = __real_realloc(block, size);
    return block == NULL ? counted(larger) : larger;
}

void __wrap_free(void *block)
{
    heap.blocks -= block != NULL;
    __real_free(block);
}

/* --- a play --- */

struct played {
    struct lab_result result;
    uint64_t digest;            /* of the text and the record */
    unsigned long allocations;
};

static void digest(void *context, const char *text, size_t length)
{
    uint64_t *h = context;
    for (size_t i = 0; i < length; i++)
        *h = (*h ^ (uint8_t)text[i]) * 0x100000001b3u;
}

/* The act by itself, with all that can come out of it. */
static struct played play(const struct lab_scenario *scenario, unsigned nth)
{
    struct lab_act act = scenario->acts[nth];
    struct lab_scenario alone = *scenario;
    struct lab_tape tape = { 0 };
    struct lab_play how;
    struct played p = { .digest = 0xcbf29ce484222325u };
    act.only = NULL;
    alone.acts = &act;
    alone.act_count = 1;
    lab_init_play(&how, &alone);
    how.record = (struct aksu_writer){ digest, &p.digest };
    if (heap.from_there_on)             /* ladders take time: in the few plays only */
        how.text = how.record;
    how.tape = &tape;
    heap.count = 0;
    p.result = lab_play(&how);
    p.allocations = heap.count;
    lab_tape_free(&tape);
    return p;
}

static bool is_good(const struct played *p, const struct played *whole)
{
    if (heap.blocks != 0)
        return false;
    if (p->result.why != NULL)
        return strstr(p->result.why, "no memory") != NULL && p->result.failed == 0;
    return p->result.passed == whole->result.passed
        && p->result.failed == whole->result.failed && p->digest == whole->digest;
}

/* The next allocation to do without: those behind the first ones are many, and much alike. */
static unsigned long next(unsigned long n, unsigned long all)
{
    unsigned long step = n < FIRST || all < FIRST ? 1 : (all - FIRST) / LATER + 1;
    return n + (heap.from_there_on && step == 1 ? STRIDE : step);
}

static unsigned play_without(const struct lab_scenario *scenario, unsigned act, bool from_there_on)
{
    heap.from_there_on = from_there_on;
    struct played whole = play(scenario, act);
    unsigned bad = 0;
    assert_null(whole.result.why);
    for (unsigned long n = 1; n <= whole.allocations; n = next(n, whole.allocations)) {
        heap.refused_at = n;
        struct played p = play(scenario, act);
        heap.refused_at = 0;
        if (is_good(&p, &whole))
            continue;
        bad++;
        fprintf(stderr, "%s, act %u, without allocation %lu%s: %s; %u checks did not hold, %ld "
                "blocks were not freed\n", scenario->name, act + 1, n,
                from_there_on ? " and all later ones" : "",
                p.result.why != NULL ? p.result.why : "played to its end, not as ever",
                p.result.failed, heap.blocks);
        heap.blocks = 0;
    }
    return bad;
}

static void it_says_so_or_is_the_same(void **state)
{
    unsigned bad = 0;
    (void)state;
    for (unsigned i = 0; lab_scenarios[i] != NULL; i++)
        for (unsigned act = 0; act < lab_scenarios[i]->act_count; act++)
            for (unsigned all = 0; all < 2; all++)
                bad += play_without(lab_scenarios[i], act, all != 0);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_so_or_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
