/* test_event_ladder.c - diagrams of one connection, compared with files that were looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "event_feed.h"

#include <string.h>

enum { F = AKSU_FIN, S = AKSU_SYN, R = AKSU_RST, P = AKSU_PSH, A = AKSU_ACK };
static const enum aksu_tcp_state ESTABLISHED = AKSU_TCP_ESTABLISHED, CLOSED = AKSU_TCP_CLOSED;

static struct kept_text kept;
static _Alignas(16) char memory[1 << 16];

static struct aksu_ladder *ladder_with(struct aksu_ladder_config config)
{
    config.writer = kept_writer(&kept);
    config.memory = memory;
    if (config.memory_length == 0)
        config.memory_length = sizeof memory;
    struct aksu_ladder *l = aksu_ladder_init(&config);
    assert_non_null(l);
    return l;
}

static struct feed one_side(struct aksu_ladder *l)
{
    return feed_of(aksu_ladder_side(l, 0, "client"), NULL);
}

static void request(struct feed *f, aksu_time delay)
{
    struct seg get = { .ctl = P | A, .seq = 1, .ack = 1, .len = 77 };
    struct seg ack = { .ctl = A, .seq = 1, .ack = 78 };

    feed_call(f, 0, "SEND", 77);
    feed_out(f, 0, get);
    f->at += delay;
    feed_in(f, 1, get);
    feed_out(f, 1, ack);
    f->at += delay;
    feed_in(f, 0, ack);
}

/* The server closes first; its TIME-WAIT record outlives the connection. */
static void close_from_server(struct feed *f, aksu_time delay, uint32_t sent)
{
    struct seg fin = { .ctl = F | A, .seq = sent, .ack = 78 };
    struct seg ack = { .ctl = A, .seq = 78, .ack = sent + 1 };
    struct seg fin2 = { .ctl = F | A, .seq = 78, .ack = sent + 1 };
    struct seg last = { .ctl = A, .seq = sent + 1, .ack = 79 };

    feed_call(f, 1, "CLOSE", 0);
    feed_state(f, 1, ESTABLISHED, AKSU_TCP_FIN_WAIT_1);
    feed_out(f, 1, fin);
    f->at += delay;
    feed_in(f, 0, fin);
    feed_state(f, 0, ESTABLISHED, AKSU_TCP_CLOSE_WAIT);
    FEED(f, 0, signal, .what = "connection closing");
    feed_out(f, 0, ack);
    f->at += delay;
    feed_in(f, 1, ack);
    feed_state(f, 1, AKSU_TCP_FIN_WAIT_1, AKSU_TCP_FIN_WAIT_2);
    f->at += AKSU_MS(2);
    feed_call(f, 0, "CLOSE", 0);
    feed_state(f, 0, AKSU_TCP_CLOSE_WAIT, AKSU_TCP_LAST_ACK);
    feed_out(f, 0, fin2);
    f->at += delay;
    feed_in(f, 1, fin2);
    feed_state(f, 1, AKSU_TCP_FIN_WAIT_2, AKSU_TCP_TIME_WAIT);
    FEED(f, 1, time_wait, .local = f->end[1], .remote = f->end[0]);
    feed_deleted(f, 1, AKSU_OK);
    feed_out(f, 1, last);
    f->at += delay;
    feed_in(f, 0, last);
    feed_state(f, 0, AKSU_TCP_LAST_ACK, CLOSED);
    feed_deleted(f, 0, AKSU_OK);
    f->at += AKSU_SECONDS(60) - delay;
    FEED(f, 1, time_wait_over, .local = f->end[1], .remote = f->end[0], .why = "2 MSL");
}

static void whole_life(struct aksu_ladder *l, aksu_time delay)
{
    struct feed f = two_sides(l);

    feed_handshake(&f, delay);
    f.at += AKSU_US(120);
    request(&f, delay);
    close_from_server(&f, delay, 1);
    aksu_ladder_finish(l);
}

static void draws_two_stacks_at_once(void **state)
{
    (void)state;
    whole_life(ladder_with((struct aksu_ladder_config){ .fold = 0 }), 0);
    assert_true(golden_is("ladder_instant", &kept));
}

static void draws_two_stacks_over_a_link(void **state)
{
    (void)state;
    whole_life(ladder_with((struct aksu_ladder_config){ .fold = 0 }), AKSU_MS(25));
    assert_true(golden_is("ladder_delay", &kept));
}

static void draws_with_unicode_and_colour(void **state)
{
    (void)state;
    whole_life(ladder_with((struct aksu_ladder_config){ .utf8 = true }), AKSU_MS(25));
    assert_true(golden_is("ladder_utf8", &kept));
    whole_life(ladder_with((struct aksu_ladder_config){ .utf8 = true, .colour = true }), 0);
    assert_true(golden_is("ladder_colour", &kept));
}

/* What is under way arrives later, or it is lost; a note stands at the side that said it. The same
 * octets sent once more, later, are not there yet, nor is what they lead to. */
static void draws_a_look_into_the_middle(void **state)
{
    (void)state;
    static const struct seg text = { .ctl = P | A, .seq = 1, .ack = 1, .len = 77 };

    for (unsigned lost = 0; lost < 2; lost++) {
        struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .at_end = true });
        struct feed f = two_sides(l);

        f.at = AKSU_MS(100);
        feed_handshake(&f, AKSU_MS(25));
        FEED(&f, 0, note, .text = "the cable is pulled");
        f.at = AKSU_MS(150);
        feed_out(&f, 0, text);
        f.at = AKSU_MS(175);
        FEED(&f, 1, note, .text = "about to arrive");
        aksu_ladder_ahead(l);
        if (!lost)
            feed_in(&f, 1, text);
        f.at = AKSU_MS(350);
        feed_out(&f, 0, text);
        f.at = AKSU_MS(375);
        feed_in(&f, 1, text);
        FEED(&f, 1, note, .text = "later");
        aksu_ladder_finish(l);
        assert_non_null(strstr(kept.text, "the cable is pulled"));
        assert_int_equal(strstr(kept.text, " 1 lost") != NULL, lost);
        assert_int_equal(strstr(kept.text, "65536 X") != NULL, lost);
        assert_null(strstr(kept.text, "later"));
        assert_null(strstr(kept.text, "350."));
    }
}

/* Hangul takes two columns each: the right line stays where it is, and no character is cut where a
 * long note is broken. */
static void draws_wide_characters(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .utf8 = true });
    struct feed f = two_sides(l);

    feed_handshake(&f, AKSU_MS(25));
    FEED(&f, 0, note, .text = "\xed\x95\x9c\xea\xb8\x80");
    FEED(&f, 1, note, .text = "\xed\x95\x9c \xea\xb8\x80\xea\xb8\x80\xea\xb8\x80\xea\xb8\x80"
         "\xea\xb8\x80\xea\xb8\x80\xea\xb8\x80\xea\xb8\x80\xea\xb8\x80\xea\xb8\x80"
         "\xea\xb8\x80\xea\xb8\x80\xea\xb8\x80\xea\xb8\x80\xea\xb8\x80\xea\xb8\x80"
         "\xea\xb8\x80\xea\xb8\x80\xea\xb8\x80\xea\xb8\x80\xea\xb8\x80\xea\xb8\x80");
    aksu_ladder_finish(l);
    assert_true(golden_is("ladder_wide", &kept));
}

/* RFC 9293 3.5, the third figure: four segments, one connection. */
static void draws_a_simultaneous_open(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .fold = 0 });
    struct feed f = two_sides(l);
    struct seg syn = { .ctl = S }, syn_ack = { .ctl = S | A, .ack = 1 };

    for (unsigned side = 0; side < 2; side++) {
        feed_opened(&f, side);
        feed_call(&f, side, "OPEN active", 0);
        feed_state(&f, side, CLOSED, AKSU_TCP_SYN_SENT);
        feed_out(&f, side, syn);
        f.at += AKSU_MS(1);
    }
    f.at += AKSU_MS(8);
    for (unsigned side = 2; side-- > 0; f.at += AKSU_MS(1)) {
        feed_in(&f, side, syn);
        feed_state(&f, side, AKSU_TCP_SYN_SENT, AKSU_TCP_SYN_RECEIVED);
        feed_out(&f, side, syn_ack);
    }
    f.at += AKSU_MS(8);
    for (unsigned side = 0; side < 2; side++, f.at += AKSU_MS(1)) {
        feed_in(&f, side, syn_ack);
        feed_state(&f, side, AKSU_TCP_SYN_RECEIVED, ESTABLISHED);
    }
    aksu_ladder_finish(l);
    assert_true(golden_is("ladder_simultaneous_open", &kept));
}

/* Two SYNs lost, the third refused. */
static void draws_a_lost_syn_and_a_reset(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .fold = 0 });
    struct feed f = two_sides(l);
    struct seg syn = { .ctl = S, .options = true }, rst = { .ctl = R | A, .ack = 1 };

    rst.seq = 0u - (uint32_t)ISN_RIGHT;         /* absolute 0: RFC 9293 3.10.7.1 */
    feed_call(&f, 0, "OPEN active", 0);
    feed_opened(&f, 0);
    feed_state(&f, 0, CLOSED, AKSU_TCP_SYN_SENT);
    feed_out(&f, 0, syn);
    for (uint32_t i = 1; i <= 2; i++) {
        f.at += AKSU_SECONDS(i);
        FEED(&f, 0, timer, .name = "RETRANSMISSION", .count = i - 1);
        FEED(&f, 0, retransmit, .seq = (uint32_t)ISN_LEFT, .why = "RTO");
        feed_out(&f, 0, syn);
    }
    f.conn[1] = 0;
    f.at += AKSU_MS(1);
    feed_in(&f, 1, syn);
    FEED(&f, 1, dropped, .rule = "RFC 9293 3.10.7.1", .why = "nobody listens on this port");
    feed_out(&f, 1, rst);
    f.at += AKSU_MS(1);
    feed_in(&f, 0, rst);
    feed_state(&f, 0, AKSU_TCP_SYN_SENT, CLOSED);
    FEED(&f, 0, signal, .status = AKSU_REFUSED, .what = "connection refused");
    feed_deleted(&f, 0, AKSU_REFUSED);
    aksu_ladder_finish(l);
    assert_true(golden_is("ladder_syn_lost", &kept));
}

/* Text of an older connection came, and its receiver reports it (RFC 2883 4). */
static void counts_back_from_the_syn(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .fold = 0 });
    struct feed f = two_sides(l);
    struct seg report = { .ctl = A, .seq = 1, .ack = 1 };

    report.sack = (struct aksu_sacks){ .count = 1, .block = { { (uint32_t)-100, (uint32_t)-96 } } };
    feed_handshake(&f, AKSU_MS(5));
    feed_both(&f, 1, report);
    aksu_ladder_finish(l);
    assert_non_null(strstr(kept.text, "SACK -100 to -96"));
}

/* Loss in the middle, SACK, an attacker's reset, a closed window, a duplicate. */
static void draws_trouble(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .fold = 0 });
    struct feed f = two_sides(l);
    struct seg data[3], sack = { .ctl = A, .seq = 1, .ack = 1, .wnd = 64512 };

    sack.sack = (struct aksu_sacks){ .count = 1, .block = { { 1461, 4381 } } };
    feed_handshake(&f, AKSU_MS(5));
    f.at += AKSU_MS(1);
    feed_call(&f, 0, "SEND", 4380);
    for (uint32_t i = 0; i < 3; i++) {
        data[i] = (struct seg){ .ctl = A, .seq = 1 + 1460 * i, .ack = 1, .len = 1460 };
        feed_out(&f, 0, data[i]);
    }
    f.at += AKSU_MS(5);
    feed_in(&f, 1, data[1]);
    feed_in(&f, 1, data[2]);
    feed_out(&f, 1, sack);
    f.at += AKSU_MS(2);
    feed_in(&f, 1, (struct seg){ .ctl = R, .seq = 900000 });
    FEED(&f, 1, dropped, .rule = "3.10.7.4 first", .why = "outside the window");
    f.at += AKSU_MS(3);
    feed_in(&f, 0, sack);
    FEED(&f, 0, retransmit, .seq = (uint32_t)ISN_LEFT + 1, .len = 1460, .why = "RACK");
    feed_out(&f, 0, data[0]);
    f.at += AKSU_MS(5);
    feed_in(&f, 1, data[0]);
    feed_both(&f, 1, (struct seg){ .ctl = A, .seq = 1, .ack = 4381, .closed = true });
    FEED(&f, 0, zero_window, .queued = 12000);
    f.at += AKSU_MS(1);
    feed_in(&f, 1, data[2]);
    FEED(&f, 1, dropped, .rule = "RFC 9293 3.10.7.4 first",
         .why = "all of it has been received before, and nothing is new");
    f.at += AKSU_SECONDS(2);
    FEED(&f, 0, timer, .name = "PERSIST");
    f.at += AKSU_SECONDS(400);
    feed_call(&f, 0, "ABORT", 0);
    feed_both(&f, 0, (struct seg){ .ctl = R, .seq = 4381 });
    feed_state(&f, 0, ESTABLISHED, CLOSED);
    feed_deleted(&f, 0, AKSU_ABORTED);
    feed_state(&f, 1, ESTABLISHED, CLOSED);
    FEED(&f, 1, signal, .status = AKSU_RESET, .what = "connection reset");
    feed_deleted(&f, 1, AKSU_RESET);
    aksu_ladder_finish(l);
    assert_true(golden_is("ladder_trouble", &kept));
}

/* One stack; the other end is seen through its segments only. */
static void draws_one_stack(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .fold = 0 });
    struct feed f = one_side(l);

    aksu_ladder_name(l, 1, "internet");
    feed_handshake(&f, AKSU_MS(9));
    request(&f, AKSU_MS(9));
    feed_call(&f, 0, "SEND", 5);
    f.at += AKSU_MS(200);
    feed_in(&f, 0, (struct seg){ .ctl = R | A, .seq = 1, .ack = 78 });
    feed_state(&f, 0, ESTABLISHED, CLOSED);
    FEED(&f, 0, signal, .status = AKSU_RESET, .what = "connection reset");
    aksu_ladder_finish(l);
    assert_true(golden_is("ladder_one_stack", &kept));
}

/* Data in `count` segments of 1448, every second one acknowledged `delay` later. */
static uint32_t bulk(struct feed *f, uint32_t count, aksu_time delay)
{
    uint32_t seq = 1;

    for (uint32_t i = 0; i < count; i += 2, f->at += AKSU_US(72)) {
        struct seg one = { .ctl = A, .seq = seq, .ack = 78, .len = 1448 };
        struct seg two = { .ctl = P | A, .seq = seq + 1448, .ack = 78, .len = 1448 };
        struct seg ack = { .ctl = A, .seq = 78, .ack = seq + 2896 };

        feed_call(f, 1, "SEND", 2896);
        feed_out(f, 1, one);
        feed_out(f, 1, two);
        f->at += delay;
        feed_in(f, 0, one);
        feed_in(f, 0, two);
        feed_both(f, 0, ack);
        seq += 2896;
    }
    return seq;
}

static void folds_a_run_of_data(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .fold = 0 });
    struct feed f = two_sides(l);

    feed_handshake(&f, 0);
    request(&f, 0);
    f.at += AKSU_MS(3);
    close_from_server(&f, 0, bulk(&f, 100, 0));
    aksu_ladder_finish(l);
    assert_true(golden_is("ladder_fold", &kept));
}

/* More than the memory holds: the same diagram, folded early. */
static void folds_early_when_memory_is_short(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .memory_length = 16384 });
    struct feed f = two_sides(l);

    feed_handshake(&f, AKSU_MS(1));
    request(&f, AKSU_MS(1));
    f.at += AKSU_MS(3);
    close_from_server(&f, AKSU_MS(1), bulk(&f, 10000, AKSU_MS(1)));
    aksu_ladder_finish(l);
    assert_null(strstr(kept.text, "not drawn"));
    assert_non_null(strstr(kept.text, "server: 10,004 segments, 14,480,000 octets"));
    assert_true(golden_is("ladder_short_memory", &kept));
}

/* What was agreed is said once, and again when the other end says something else. */
static void says_what_was_agreed(void **state)
{
    (void)state;
    for (unsigned differs = 0; differs < 2; differs++) {
        struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .fold = 0 });
        struct feed f = two_sides(l);
        feed_handshake(&f, 0);
        FEED(&f, 1, negotiated, .snd_mss = 1460, .rcv_mss = 1460, .snd_wscale = 7, .rcv_wscale = 7,
             .timestamps = true, .sack = true, .ecn = differs);
        aksu_ladder_finish(l);
        assert_non_null(strstr(kept.text, "= use MSS 1460, SACK, timestamps, scale 7"));
        assert_int_equal(strstr(kept.text, "use MSS 1460, SACK, timestamps, ECN") != NULL, differs);
    }
}

/* A long transfer, every 50th segment is lost: the beginning is drawn, the rest summed up. */
static void folds_trouble_that_goes_on(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .fold = 0 });
    struct feed f = two_sides(l);

    feed_handshake(&f, 0);
    for (uint32_t i = 0; i < 4000; i++, f.at += AKSU_US(100)) {
        struct seg data = { .ctl = A, .seq = 1 + 1000 * i, .ack = 1, .len = 1000 };

        if (i % 50 == 0) {
            feed_out(&f, 0, data);
            f.at += AKSU_MS(200);
            FEED(&f, 0, timer, .name = "RETRANSMISSION");
            FEED(&f, 0, retransmit, .seq = (uint32_t)ISN_LEFT + data.seq, .why = "timeout");
        }
        feed_both(&f, 0, data);
        feed_both(&f, 1, (struct seg){ .ctl = A, .seq = 1, .ack = data.seq + 1000 });
    }
    feed_call(&f, 0, "CLOSE", 0);
    aksu_ladder_finish(l);
    assert_non_null(strstr(kept.text, "client: 4,082 segments, 4,080,000 octets; "
                                      "server: 4,001 segments, 0 octets\n  80 lost\n"));
    assert_true(golden_is("ladder_long_trouble", &kept));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_two_stacks_at_once),
        cmocka_unit_test(draws_two_stacks_over_a_link),
        cmocka_unit_test(draws_with_unicode_and_colour),
        cmocka_unit_test(draws_a_look_into_the_middle),
        cmocka_unit_test(draws_wide_characters),
        cmocka_unit_test(draws_a_simultaneous_open),
        cmocka_unit_test(draws_a_lost_syn_and_a_reset),
        cmocka_unit_test(counts_back_from_the_syn),
        cmocka_unit_test(draws_trouble),
        cmocka_unit_test(draws_one_stack),
        cmocka_unit_test(folds_a_run_of_data),
        cmocka_unit_test(folds_early_when_memory_is_short),
        cmocka_unit_test(folds_trouble_that_goes_on),
        cmocka_unit_test(says_what_was_agreed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
