/* cmocka.h - as much of cmocka's interface as tests/unit uses, for machines whose Debian has no
 * libcmocka that could be linked here: endian.sh builds the unit tests for s390x with it. A failed
 * assertion ends its test. */
#ifndef PEERS_CMOCKA_H
#define PEERS_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*test)(void **state);
    int (*setup)(void **state);
    int (*teardown)(void **state);
};

enum small_relation { SMALL_EQUAL, SMALL_DIFFERENT };
enum small_outcome { SMALL_FAILED = 1, SMALL_SKIPPED };

/* Where the test that runs goes back to: the same one in each file of a program. */
__attribute__((weak)) jmp_buf small_end;

#define cmocka_unit_test(f) { #f, f, NULL, NULL }
#define cmocka_unit_test_setup(f, s) { #f, f, s, NULL }
#define cmocka_unit_test_teardown(f, t) { #f, f, NULL, t }
#define cmocka_unit_test_setup_teardown(f, s, t) { #f, f, s, t }
#define cmocka_run_group_tests(tests, setup, teardown) \
    small_run(tests, sizeof(tests) / sizeof *(tests), setup, teardown)

#define print_message printf
#define skip() longjmp(small_end, SMALL_SKIPPED)
#define fail() small_fail(__FILE__, __LINE__, "fail()")
#define fail_msg(...) (printf(__VA_ARGS__), small_fail(__FILE__, __LINE__, ""))

#define small_check(good, text) ((good) ? (void)0 : small_fail(__FILE__, __LINE__, text))
/* Each argument is evaluated once. */
#define small_integers(a, op, b) \
    small_compare(__FILE__, __LINE__, #a " " #op " " #b, op, (uintmax_t)(a), (uintmax_t)(b))
#define assert_true(c) small_check((uintmax_t)(c) != 0, #c)
#define assert_false(c) small_check((uintmax_t)(c) == 0, "not " #c)
#define assert_null(p) small_check((p) == NULL, #p " is NULL")
#define assert_non_null(p) small_check((p) != NULL, #p " is not NULL")
#define assert_int_equal(a, b) small_integers(a, SMALL_EQUAL, b)
#define assert_int_not_equal(a, b) small_integers(a, SMALL_DIFFERENT, b)
#define assert_ptr_equal(a, b) small_check((const void *)(a) == (const void *)(b), #a " is " #b)
#define assert_in_range(v, least, most) \
    small_range(__FILE__, __LINE__, #v, (uintmax_t)(v), (uintmax_t)(least), (uintmax_t)(most))
#define assert_memory_equal(a, b, n) small_check(memcmp(a, b, n) == 0, #a " is " #b)
#define assert_memory_not_equal(a, b, n) small_check(memcmp(a, b, n) != 0, #a " is not " #b)
#define assert_string_equal(a, b) small_strings(__FILE__, __LINE__, a, b)
#define assert_string_not_equal(a, b) small_check(strcmp(a, b) != 0, #a " is not " #b)

__attribute__((noreturn, unused))
static void small_fail(const char *file, int line, const char *text)
{
    printf("\n[  ERROR   ] %s:%d: %s\n", file, line, text);
    longjmp(small_end, SMALL_FAILED);
}

__attribute__((unused))
static void small_compare(const char *file, int line, const char *text, enum small_relation op,
                          uintmax_t a, uintmax_t b)
{
    if ((a == b) != (op == SMALL_EQUAL)) {
        printf("\n%#jx, %#jx", a, b);
        small_fail(file, line, text);
    }
}

__attribute__((unused))
static void small_range(const char *file, int line, const char *text, uintmax_t value,
                        uintmax_t least, uintmax_t most)
{
    if (value < least || value > most) {
        printf("\n%ju is not in %ju..%ju", value, least, most);
        small_fail(file, line, text);
    }
}

__attribute__((unused))
static void small_strings(const char *file, int line, const char *a, const char *b)
{
    if (strcmp(a, b) != 0) {
        printf("\n\"%s\" is not \"%s\"", a, b);
        small_fail(file, line, "strings differ");
    }
}

/* What became of the test: 0 for a pass. */
__attribute__((unused))
static int small_one(const struct CMUnitTest *test, void **state)
{
    int outcome = setjmp(small_end);

    if (outcome != 0)
        return outcome;
    if (test->setup && test->setup(state) != 0)
        small_fail(test->name, 0, "its setup");
    test->test(state);
    return 0;
}

__attribute__((unused))
static int small_run(const struct CMUnitTest *tests, size_t count, int (*setup)(void **state),
                     int (*teardown)(void **state))
{
    static unsigned done[3];
    void *group = NULL;

    if (setup && setup(&group) != 0)
        return 1;
    for (size_t i = 0; i < count; i++) {
        void *state = group;
        int outcome = small_one(&tests[i], &state);
        if (tests[i].teardown && outcome == 0 && tests[i].teardown(&state) != 0)
            outcome = SMALL_FAILED;
        if (outcome == SMALL_FAILED)
            printf("[  FAILED  ] %s\n", tests[i].name);
        done[outcome]++;
    }
    if (teardown)
        (void)teardown(&group);
    printf("%u passed, %u failed, %u skipped\n", done[0], done[SMALL_FAILED], done[SMALL_SKIPPED]);
    return done[SMALL_FAILED] != 0;
}

#endif
