/* test_cli_progress.c - the progress line of `get` fits every terminal. */
#include "help.h"

#include "cli/progress.h"

static void amounts(void **state)
{
    (void)state;
    static const struct { uint64_t octets; const char *text; } cases[] = {
        { 0, "0 B" }, { 1023, "1023 B" }, { 1024, "1.0 KiB" }, { 1536, "1.5 KiB" },
        { 1048575, "1023.9 KiB" }, { 1048576, "1.0 MiB" }, { 10u << 20, "10.0 MiB" },
        { 1ull << 30, "1.0 GiB" }, { UINT64_MAX, "15.9 EiB" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[PROGRESS_AMOUNT];
        progress_amount(cases[i].octets, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void lines_as_they_are(void **state)
{
    (void)state;
    struct progress p = { .total = 1000 << 10, .rate = 100 << 10, .started = AKSU_SECONDS(5) };
    char line[PROGRESS_LINE];
    progress_line(&p, 500 << 10, AKSU_SECONDS(10), 60, line);
    assert_string_equal(line, " 50% [=======>       ]  500.0 KiB  100.0 KiB/s    0:05 left");
    progress_line(&p, 1000 << 10, AKSU_SECONDS(15), 60, line);
    assert_string_equal(line, "100% [===================] 1000.0 KiB  100.0 KiB/s    0:10 ");
    p.total = 0;
    progress_line(&p, 500 << 10, AKSU_SECONDS(5 + 3725), 60, line);
    assert_string_equal(line, " 500.0 KiB  100.0 KiB/s 1:02:05 ");
    progress_line(&p, 500 << 10, AKSU_SECONDS(5), 12, line);
    assert_string_equal(line, "500.0 KiB");
    p.total = 1000 << 10;
    p.rate = 0;
    progress_line(&p, 0, AKSU_SECONDS(5), 60, line);
    assert_string_equal(line, "  0% [>              ]        0 B        0 B/s    days left");
}

static void every_line_fits(void **state)
{
    (void)state;
    static const uint64_t sizes[] = { 0, 1, 99, 1000, 1u << 20, 5ull << 30, UINT64_MAX / 3,
                                      UINT64_MAX };
    enum { SIZES = sizeof sizes / sizeof sizes[0] };
    for (unsigned columns = 0; columns < 200; columns++) {
        for (size_t i = 0; i < SIZES * SIZES * SIZES; i++) {
            struct progress p = { .total = sizes[i % SIZES], .rate = sizes[i / SIZES % SIZES] };
            char line[PROGRESS_LINE];
            unsigned length = progress_line(&p, sizes[i / SIZES / SIZES], AKSU_SECONDS(400000),
                                            columns,
                                            line);
            assert_int_equal(length, strlen(line));
            assert_true(length < columns || length == 0);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(amounts),
        cmocka_unit_test(lines_as_they_are),
        cmocka_unit_test(every_line_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
