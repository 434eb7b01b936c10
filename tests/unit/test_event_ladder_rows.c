/* test_event_ladder_rows.c - times, numbers and the order of rows in a diagram. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "event_feed.h"

#include <string.h>

enum { F = AKSU_FIN, P = AKSU_PSH, A = AKSU_ACK };

static struct kept_text kept;
static _Alignas(16) char memory[1 << 16];

static struct aksu_ladder *new_ladder(void)
{
    struct aksu_ladder *l = aksu_ladder_init(&(struct aksu_ladder_config){
        .writer = kept_writer(&kept), .memory = memory, .memory_length = sizeof memory,
        .at_end = true });
    assert_non_null(l);
    return l;
}

/* Where `text` stands; it must be there. */
static const char *place_of(const char *text)
{
    const char *place = strstr(kept.text, text);
    assert_non_null(place);
    return place;
}

/* However late, milliseconds can be told apart; what looks the same is written once. */
static void writes_times_to_the_millisecond(void **state)
{
    (void)state;
    static const uint64_t at_us[] = { 90000250, 125250000, 125250001, 18062000000, 18062010000,
                                      18070000000 };
    struct aksu_ladder *l = new_ladder();
    struct feed f = feed_of(aksu_ladder_side(l, 0, "client"), aksu_ladder_side(l, 1, "server"));

    feed_handshake(&f, 0);
    aksu_time start = f.at;
    for (unsigned i = 0; i < sizeof at_us / sizeof at_us[0]; i++) {
        f.at = start + AKSU_US(at_us[i]);
        FEED(&f, 0, note, .text = "now");
    }
    aksu_ladder_finish(l);
    place_of("90000.250 ");
    assert_null(strstr(place_of(" 2:05.250 ") + 8, "2:05"));
    place_of(" 5:01:02 ");
    place_of(" +10.000 ");
    place_of(" 5:01:10 ");
}

/* A number that does not fit is left out: its first digits would be another one. */
static void writes_whole_numbers(void **state)
{
    (void)state;
    struct seg text = { .ctl = F | P | A, .seq = 1449, .len = 552, .ack = 4001 };
    struct aksu_ladder *l = new_ladder();
    struct feed f = feed_of(aksu_ladder_side(l, 0, "client"), aksu_ladder_side(l, 1, "server"));

    feed_handshake(&f, AKSU_MS(10));
    feed_out(&f, 0, text);
    f.at += AKSU_MS(10);
    feed_in(&f, 1, text);
    aksu_ladder_finish(l);
    assert_int_equal(strncmp(place_of("FIN,PSH,ACK seq 1449 len 552 "),
                             "FIN,PSH,ACK seq 1449 len 552 --", 31), 0);
}

/* What happened while folded segments were under way stands before they arrive. */
static void keeps_a_fold_in_order(void **state)
{
    (void)state;
    struct aksu_ladder *l = new_ladder();
    struct feed f = feed_of(aksu_ladder_side(l, 0, "client"), aksu_ladder_side(l, 1, "server"));

    feed_handshake(&f, AKSU_MS(10));
    aksu_time start = f.at;
    for (uint32_t i = 0; i < 20; i++)
        feed_out(&f, 0, (struct seg){ .ctl = A, .seq = 1 + i * 100, .len = 100, .ack = 1 });
    f.at = start + AKSU_MS(5);
    feed_call(&f, 0, "ABORT", 0);
    f.at = start + AKSU_MS(10);
    for (uint32_t i = 0; i < 20; i++)
        feed_in(&f, 1, (struct seg){ .ctl = A, .seq = 1 + i * 100, .len = 100, .ack = 1 });
    aksu_ladder_finish(l);
    assert_true(place_of(" segments, ") < place_of("ABORT"));
    assert_true(place_of("ABORT") < place_of("40.000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_times_to_the_millisecond),
        cmocka_unit_test(writes_whole_numbers),
        cmocka_unit_test(keeps_a_fold_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
