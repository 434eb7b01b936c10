/* test_event_ladder_many.c - the ladder with many connections, little memory, segments that a
 * device cut into pieces, and events in any order: the lines stay within 80 columns and nothing
 * leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "event/ladder.h"
#include "event_feed.h"

#include <string.h>

enum { F = AKSU_FIN, S = AKSU_SYN, R = AKSU_RST, P = AKSU_PSH, A = AKSU_ACK };

static struct kept_text kept;
static _Alignas(16) char memory[1 << 18];

static struct aksu_ladder *ladder_of(size_t length, bool at_end)
{
    struct aksu_ladder_config config = { .writer = kept_writer(&kept), .memory = memory,
                                         .memory_length = length, .at_end = at_end };
    struct aksu_ladder *l = aksu_ladder_init(&config);

    assert_non_null(l);
    return l;
}

static unsigned times(const char *text)
{
    unsigned count = 0;

    for (const char *p = kept.text; (p = strstr(p, text)) != NULL; p++)
        count++;
    return count;
}

static void delete_both(struct feed *f)
{
    for (unsigned side = 0; side < 2; side++) {
        feed_state(f, side, AKSU_TCP_ESTABLISHED, AKSU_TCP_CLOSED);
        feed_deleted(f, side, AKSU_ABORTED);
    }
}

static void needs_memory(void **state)
{
    (void)state;
    struct aksu_ladder_config config = { .writer = kept_writer(&kept), .memory = memory,
                                         .memory_length = 16383 };
    assert_null(aksu_ladder_init(&config));
    config.memory_length = 16400;
    config.memory = NULL;
    assert_null(aksu_ladder_init(&config));
    config.memory = memory + 1;                 /* any alignment will do */
    assert_non_null(aksu_ladder_init(&config));
}

/* What arrives and was not sent on this connection: the other end has sent it on an earlier one
 * between the same ports, not on one of another port, nor what it never sent. */
static void knows_what_an_earlier_connection_sent(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_of(sizeof memory, true);
    struct feed first = two_sides(l), other = first, second = first;
    struct seg text = { .ctl = P | A, .seq = 1, .ack = 1, .len = 5 };
    struct seg elsewhere = { .ctl = P | A, .seq = 1, .ack = 1, .len = 6 };

    other.conn[0] = other.conn[1] = 8;
    other.end[0].port++;
    feed_handshake(&first, AKSU_MS(2));
    feed_both(&first, 0, text);
    delete_both(&first);
    other.at = first.at;
    feed_handshake(&other, AKSU_MS(2));
    feed_both(&other, 0, elsewhere);
    second.conn[0] = second.conn[1] = 9;
    second.at = other.at + AKSU_SECONDS(1);
    feed_handshake(&second, AKSU_MS(2));
    feed_in(&second, 1, text);
    second.at += AKSU_MS(1);
    feed_in(&second, 1, elsewhere);
    aksu_ladder_finish(l);
    assert_int_equal(times("duplicate of one sent before"), 1);
    assert_int_equal(times("not sent by the other end"), 1);
}

/* Two at the same time: one diagram each. */
static void draws_connections_apart(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_of(sizeof memory, false);
    struct feed one = two_sides(l), two = one;

    two.conn[0] = 8;
    two.conn[1] = 10;
    two.end[0].port++;
    for (int side = 0; side < 2; side++)
        assert_true(aksu_ip_parse("2001:db8:fffe:fffe:fffe:fffe:fffe:fffe", &two.end[side].ip));
    feed_handshake(&one, AKSU_MS(2));
    two.at += AKSU_MS(1);
    feed_handshake(&two, AKSU_MS(1));
    feed_both(&one, 0, (struct seg){ .ctl = P | A, .seq = 1, .ack = 1, .len = 5 });
    feed_both(&two, 1, (struct seg){ .ctl = P | A, .seq = 1, .ack = 1, .len = 6 });
    aksu_ladder_finish(l);
    assert_true(golden_is("ladder_two", &kept));
}

/* The caller says how many connections have a number already. */
static void numbers_go_on(void **state)
{
    (void)state;
    struct aksu_ladder *l = aksu_ladder_init(&(struct aksu_ladder_config){
        .writer = kept_writer(&kept), .memory = memory, .memory_length = sizeof memory,
        .numbered = 41 });
    struct feed f = two_sides(l);
    feed_out(&f, 0, (struct seg){ .ctl = S });
    kept.length = 0;
    aksu_ladder_finish(l);
    assert_int_equal(times("connection 42  "), 1);
}

/* Printed as they end, but not before what is under way can have arrived. */
static void prints_what_is_over(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_of(sizeof memory, false);
    struct feed f = two_sides(l), other = f;

    feed_handshake(&f, 0);
    delete_both(&f);
    feed_both(&f, 1, (struct seg){ .ctl = R, .seq = 1 });
    assert_int_equal(kept.length, 0);
    other.end[0].port = 1000;
    other.conn[0] = other.conn[1] = 99;
    other.at = f.at + AKSU_SECONDS(5);
    feed_handshake(&other, 0);
    assert_int_equal(times("connection 1 "), 1);
    assert_int_equal(times("RST"), 1);
    assert_int_equal(times("connection 2 "), 0);
    aksu_ladder_finish(l);
    assert_int_equal(times("connection 2 "), 1);
    assert_int_equal(l->free_count, l->items);
}

/* The same endpoints again, with the same indices: a connection of its own. */
static void tells_incarnations_apart(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_of(sizeof memory, true);
    struct feed f = two_sides(l);

    for (int i = 0; i < 3; i++) {
        feed_handshake(&f, AKSU_MS(1));
        delete_both(&f);
        f.at += AKSU_SECONDS(1);
    }
    assert_int_equal(kept.length, 0);
    aksu_ladder_finish(l);
    assert_int_equal(times("connection "), 3);
    assert_int_equal(times("SYN,ACK seq 0 ack 1"), 3);
    assert_int_equal(times("OPEN >"), 3);
}

/* A SYN that comes once more begins a connection at one end: its number is where the peer's begin
 * there too, whatever the first ACK acknowledges. */
static void counts_from_a_syn_that_comes_again(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_of(sizeof memory, true);
    struct feed f = two_sides(l);

    feed_handshake(&f, AKSU_MS(1));
    delete_both(&f);
    f.at += AKSU_SECONDS(1);
    feed_in(&f, 1, (struct seg){ .ctl = S, .len = 6 });
    feed_opened(&f, 1);
    feed_out(&f, 1, (struct seg){ .ctl = S | A, .ack = 7 });
    aksu_ladder_finish(l);
    assert_int_equal(times("connection "), 2);
    assert_int_equal(times("SYN,ACK seq 0 ack 1"), 1);
    assert_int_equal(times("SYN,ACK seq 0 ack 7"), 1);
}

/* More at a time than the table holds: those are counted, and the others are not harmed. */
static void counts_what_does_not_fit(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_of(16384, false);
    struct feed f = two_sides(l);

    for (uint16_t i = 0; i < 20; i++) {
        f.end[0].port = (uint16_t)(1000 + i);
        f.conn[0] = f.conn[1] = 100u + i;
        feed_opened(&f, 0);
        feed_both(&f, 0, (struct seg){ .ctl = S });
    }
    aksu_ladder_finish(l);
    assert_int_equal(times("connection "), l->connections);
    assert_int_equal(times("SYN seq 0"), l->connections);
    assert_int_equal(times("further connections not drawn"), 1);
    assert_int_equal(l->free_count, l->items);
}

/* Nothing that could be folded: what there is room for is drawn, the rest is counted. */
static void counts_what_cannot_be_folded(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_of(16384, false);
    struct feed f = two_sides(l);
    uint32_t sent = 2 * l->items;

    feed_handshake(&f, 0);
    for (uint32_t i = 0; i < sent; i++) {
        f.at += AKSU_MS(10);
        FEED(&f, 0, signal, .what = "again and again");
    }
    uint32_t omitted = l->connection[0].omitted;
    aksu_ladder_finish(l);
    assert_in_range(omitted, l->items, l->items + 20);
    assert_int_equal(times("again and again") + omitted, sent);
    assert_int_equal(times("not drawn: the ladder's memory was full"), 1);
    assert_int_equal(l->free_count, l->items);
}

/* Without folding everything is drawn, as long as there is memory. */
static void folds_only_when_it_must(void **state)
{
    (void)state;
    for (uint32_t count = 100; count <= 10000; count *= 100) {
        struct aksu_ladder_config config = { .writer = kept_writer(&kept), .memory = memory,
            .memory_length = 65536, .fold = UINT32_MAX };
        struct aksu_ladder *l = aksu_ladder_init(&config);
        struct feed f = two_sides(l);

        feed_handshake(&f, 0);
        for (uint32_t i = 0; i < count; i++) {
            f.at += AKSU_MS(1);
            feed_both(&f, 0, (struct seg){ .ctl = A, .seq = 1 + i, .ack = 1, .len = 1 });
        }
        aksu_ladder_finish(l);
        assert_int_equal(times("not drawn"), 0);
        if (count == 100)
            assert_int_equal(times("len 1 "), 100);
        else
            assert_int_equal(times("client: 10,002 segments, 10,000 octets"), 1);
    }
}

/* Equal segments of one moment stand in one row, sent or arriving. */
static void counts_duplicate_acks(void **state)
{
    (void)state;
    for (aksu_time delay = 0; delay < 2; delay++) {
        struct aksu_ladder *l = ladder_of(sizeof memory, false);
        struct feed f = two_sides(l);
        struct seg ack = { .ctl = A, .seq = 1, .ack = 1, .sack = { 1, { { 1001, 2001 } } } };

        feed_handshake(&f, 0);
        for (int i = 0; i < 3; i++)
            feed_out(&f, 1, ack);
        f.at += delay;
        for (int i = 0; i < 3; i++)
            feed_in(&f, 0, ack);
        aksu_ladder_finish(l);
        assert_int_equal(times("SACK 1001-2001, 3 times"), 1);
        assert_int_equal(times(" 3 times"), delay == 0 ? 1 : 2);
        assert_int_equal(times("server: 4 segments"), 1);
        assert_int_equal(times("lost"), 0);
    }
}

/* AKSU_OFFLOAD_TSO: one segment is sent, its pieces arrive. */
static void joins_the_pieces_of_a_cut_segment(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_of(sizeof memory, false);
    struct feed f = two_sides(l);

    feed_handshake(&f, 0);
    feed_out(&f, 0, (struct seg){ .ctl = P | A, .seq = 1, .ack = 1, .len = 3000 });
    feed_in(&f, 1, (struct seg){ .ctl = A, .seq = 1, .ack = 1, .len = 1460 });
    feed_in(&f, 1, (struct seg){ .ctl = A, .seq = 1461, .ack = 1, .len = 1460 });
    feed_in(&f, 1, (struct seg){ .ctl = P | A, .seq = 2921, .ack = 1, .len = 80 });
    aksu_ladder_finish(l);
    assert_int_equal(times("PSH,ACK seq 1 len 3000"), 1);
    assert_int_equal(times(" len "), 1);
    assert_int_equal(times("lost"), 0);
}

static uint32_t chance(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*seed >> 32) * below >> 32);
}

static void any_segment(struct feed *f, uint64_t *seed)
{
    static const uint8_t ctls[] = { A, A, A, P | A, S, S | A, F | A, R, R | A, 0, 0xff };
    struct seg seg = { .ctl = ctls[chance(seed, sizeof ctls)], .seq = chance(seed, 4),
        .ack = chance(seed, 1u << chance(seed, 31)), .len = chance(seed, 3) * 700,
        .closed = chance(seed, 9) == 0, .options = chance(seed, 5) == 0 };
    unsigned side = chance(seed, 2);

    if (chance(seed, 10) == 0)
        seg.sack = (struct aksu_sacks){ 4, { { 1, 2 }, { 1u << 31, 5 }, { 9, 8 }, { 1, 1 } } };
    if (chance(seed, 3) > 0)
        feed_out(f, side, seg);
    if (chance(seed, 3) > 0)
        feed_in(f, 1 - side, seg);
}

static void any_event(struct feed *f, uint64_t *seed)
{
    static const char *const words[] = { "OPEN active", "SEND", "CLOSE", "",
        "some words, of which each alone is short,",
        "onethatcannotbebrokenintopiecesbecauseithasnoblanksinit,notoneatall,whatevermaycome",
        "RFC 9293 3.10.7.4 first", "3.10.7.4" };
    const char *word = words[chance(seed, 8)];
    unsigned side = chance(seed, 2);

    switch (chance(seed, 12)) {
    case 0: feed_opened(f, side); break;
    case 1: feed_deleted(f, side, AKSU_OK); break;
    case 2: feed_call(f, side, word, chance(seed, 2) * chance(seed, UINT32_MAX)); break;
    case 3: FEED(f, side, dropped, .rule = word, .why = words[chance(seed, 8)]); break;
    case 4: FEED(f, side, retransmit, .seq = (uint32_t)ISN_LEFT + chance(seed, 4),
                 .why = word); break;
    case 5: FEED(f, side, signal, .status = AKSU_REFUSED, .what = word); break;
    case 6: FEED(f, side, time_wait, .local = f->end[side], .remote = f->end[1 - side]); break;
    case 7: FEED(f, side, time_wait_over, .local = f->end[side], .remote = f->end[1 - side],
                 .why = word); break;
    case 8: FEED(f, side, call, .name = word, .status = AKSU_CLOSING, .length = 7); break;
    case 9: FEED(f, side, negotiated, .snd_mss = 9, .rcv_mss = 65535, .snd_wscale = 14,
                 .sack = true, .timestamps = true); break;
    default:
        feed_state(f, side, (enum aksu_tcp_state)chance(seed, AKSU_TCP_STATE_COUNT),
                   (enum aksu_tcp_state)chance(seed, AKSU_TCP_STATE_COUNT));
    }
}

static void assert_narrow(void)
{
    size_t width = 0;

    for (const char *p = kept.text; *p; p++) {
        width = *p == '\n' ? 0 : width + 1;
        assert_true(*p == '\n' || (*p >= ' ' && *p <= '~'));
        assert_true(width <= 80);
    }
}

/* Whatever comes: no line is wider than the diagram, and everything is given back. */
static void survives_any_events(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct aksu_ladder *l = ladder_of(seed % 2 ? 16384 : 65536, seed % 3 == 0);
        struct feed f = two_sides(l);
        uint64_t random = seed;

        aksu_ladder_name(l, 1, "a-host-with-a-name-that-is-long");
        for (int i = 0; i < 1500; i++) {
            f.end[0].port = (uint16_t)(1 + chance(&random, 12));
            f.conn[0] = f.conn[1] = chance(&random, 4) ? f.end[0].port : 0u;
            f.at += chance(&random, 2) ? 0 : 1u << chance(&random, 31);
            if (chance(&random, 3) == 0)
                any_event(&f, &random);
            else
                any_segment(&f, &random);
            assert_narrow();
            kept_writer(&kept);
        }
        aksu_ladder_finish(l);
        assert_narrow();
        assert_int_equal(l->free_count, l->items);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(needs_memory),
        cmocka_unit_test(knows_what_an_earlier_connection_sent),
        cmocka_unit_test(draws_connections_apart),
        cmocka_unit_test(numbers_go_on),
        cmocka_unit_test(prints_what_is_over),
        cmocka_unit_test(tells_incarnations_apart),
        cmocka_unit_test(counts_from_a_syn_that_comes_again),
        cmocka_unit_test(counts_what_does_not_fit),
        cmocka_unit_test(counts_what_cannot_be_folded),
        cmocka_unit_test(folds_only_when_it_must),
        cmocka_unit_test(counts_duplicate_acks),
        cmocka_unit_test(joins_the_pieces_of_a_cut_segment),
        cmocka_unit_test(survives_any_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
