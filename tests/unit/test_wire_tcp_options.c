/* test_wire_tcp_options.c - TCP options (RFC 9293 3.1, RFC 7323, RFC 2018, RFC 7413, RFC 5482,
 * RFC 5925). */
#include "help.h"

#include "wire/tcp_options.h"

static struct tcp_options parse(const uint8_t *data, size_t length)
{
    struct tcp_options out;
    uint8_t *copy = exact_copy(data, length);
    memset(&out, 0xa5, sizeof out);
    wire_tcp_options_parse(copy, length, &out);
    free(copy);
    return out;
}

#define PARSE(...) parse((const uint8_t[]){ __VA_ARGS__ }, sizeof (const uint8_t[]){ __VA_ARGS__ })

static void each_option_alone(void **state)
{
    (void)state;
    struct tcp_options o = PARSE(2, 4, 5, 180);
    assert_int_equal(o.has, HAS_MSS);
    assert_int_equal(o.mss, 1460);
    o = PARSE(3, 3, 14);
    assert_int_equal(o.has, HAS_WINDOW_SCALE);
    assert_int_equal(o.window_scale, 14);
    o = PARSE(4, 2);
    assert_int_equal(o.has, HAS_SACK_PERMITTED);
    o = PARSE(8, 10, 1, 2, 3, 4, 5, 6, 7, 8);
    assert_int_equal(o.has, HAS_TIMESTAMPS);
    assert_int_equal(o.ts_val, 0x01020304);
    assert_int_equal(o.ts_ecr, 0x05060708);
    o = PARSE(28, 4, 0x80, 5);
    assert_int_equal(o.has, HAS_USER_TIMEOUT);
    assert_true(o.user_timeout_minutes);
    assert_int_equal(o.user_timeout, 5);
    o = PARSE(34, 2);
    assert_int_equal(o.has, HAS_FAST_OPEN);
    assert_int_equal(o.fast_open_length, 0);
    assert_null(o.fast_open);
    o = PARSE(5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4);
    assert_int_equal(o.has, HAS_SACK);
    assert_int_equal(o.sack_count, 2);
    assert_int_equal(o.sack[0].left.n, 1);
    assert_int_equal(o.sack[1].right.n, 4);
}

/* RFC 5925 2.2, R5925-2.2-a */
static void authentication_stands_once_and_whole(void **state)
{
    (void)state;
    struct tcp_options o = PARSE(29, 16, 61, 84, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    assert_int_equal(o.has, HAS_AO);
    assert_int_equal(o.ao_key_id, 61);
    assert_int_equal(o.ao_next_id, 84);
    assert_int_equal(o.ao_length, 16);
    o = PARSE(29, 4, 0, 255);
    assert_int_equal(o.has, HAS_AO);
    assert_int_equal(o.ao_length, 4);
    assert_int_equal(PARSE(29, 3, 1).has & HAS_AO_FAULT, HAS_AO_FAULT);
    assert_int_equal(PARSE(29, 2).has & HAS_AO_FAULT, HAS_AO_FAULT);
    assert_int_equal(PARSE(29, 1, 1, 1).has, HAS_FAULT | HAS_AO_FAULT);
    assert_int_equal(PARSE(29, 5, 1, 1).has, HAS_FAULT | HAS_AO_FAULT);
    assert_int_equal(PARSE(29).has, HAS_FAULT | HAS_AO_FAULT);
    assert_int_equal(PARSE(29, 4, 1, 1, 29, 4, 1, 1).has, HAS_AO | HAS_AO_FAULT);
    assert_int_equal(PARSE(19, 4, 1, 1).has, HAS_MD5 | HAS_UNKNOWN);
    assert_true(PARSE(19, 4, 1, 1, 29, 4, 1, 1).has & HAS_AO_FAULT);
    assert_true(PARSE(29, 4, 1, 1, 19, 4, 1, 1).has & HAS_AO_FAULT);
}

/* RFC 5925 7.6: all that a SYN has, 36 octets; beside timestamps one SACK block, else two. */
static void authentication_takes_room_from_sack(void **state)
{
    (void)state;
    for (unsigned stamps = 0; stamps < 2; stamps++) {
        uint8_t header[60] = { [12] = 0xf0 };
        struct tcp_options in = { .has = HAS_AO | HAS_SACK, .sack_count = 4, .ao_key_id = 3,
                                  .ao_next_id = 4 }, out;
        in.has |= stamps ? HAS_TIMESTAMPS : 0;
        struct writer w = writer_of(header + 20, 40);
        uint64_t sum = wire_tcp_options_build(&w, &in);
        size_t length = writer_length(&w), at = wire_tcp_ao_at(header);
        assert_int_equal(length, wire_tcp_options_length(&in));
        wire_tcp_options_parse(header + 20, length, &out);
        assert_int_equal(out.has, in.has);
        assert_int_equal(out.sack_count, stamps ? 1 : 2);
        assert_int_equal(out.ao_key_id, 3);
        assert_int_equal(out.ao_next_id, 4);
        assert_int_equal(at, stamps ? 32 : 20);
        assert_true(sum > 0 && length <= 40);
    }
    struct tcp_options syn = { .has = HAS_MSS | HAS_SACK_PERMITTED | HAS_TIMESTAMPS
                                     | HAS_WINDOW_SCALE | HAS_AO };
    assert_int_equal(wire_tcp_options_length(&syn), 36);
}

/* nop, nop, timestamps takes a path of its own; what follows it must be seen all the same. */
static void the_usual_layout(void **state)
{
    (void)state;
    struct tcp_options o = PARSE(1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8);
    assert_int_equal(o.has, HAS_TIMESTAMPS);
    assert_int_equal(o.ts_val, 0x01020304);
    assert_int_equal(o.ts_ecr, 0x05060708);
    o = PARSE(1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 5, 10, 9, 0, 0, 0, 9, 0, 0, 1);
    assert_int_equal(o.has, HAS_TIMESTAMPS | HAS_SACK);
    assert_int_equal(o.sack_count, 1);
    assert_int_equal(o.sack[0].right.n, 0x09000001);
    o = PARSE(1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7);
    assert_int_equal(o.has, HAS_FAULT);
}

/* RFC 9293 3.1 [MUST-6]: unknown ones are passed over. END ends. */
static void assert_same(const struct tcp_options *a, const struct tcp_options *b)
{
    assert_int_equal(a->has, b->has);
    assert_int_equal(a->mss, b->mss);
    assert_int_equal(a->window_scale, b->window_scale);
    assert_int_equal(a->sack_count, b->sack_count);
    assert_int_equal(a->fast_open_length, b->fast_open_length);
    assert_int_equal(a->user_timeout, b->user_timeout);
    assert_int_equal(a->ts_val, b->ts_val);
    assert_int_equal(a->ts_ecr, b->ts_ecr);
}

/* What most SYNs carry takes a path of its own too: with any octet changed it is read as behind
 * four NOPs, where every option is walked over. */
static void the_usual_options_of_a_syn(void **state)
{
    (void)state;
    uint8_t syn[24] = { 1, 1, 1, 1, 2, 4, 5, 180, 4, 2, 8, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 3, 3, 7 };
    for (unsigned at = 4; at < sizeof syn; at++) {
        uint8_t was = syn[at];
        for (unsigned octet = 0; octet <= UINT8_MAX; octet++) {
            syn[at] = (uint8_t)octet;
            struct tcp_options slow = parse(syn, sizeof syn), o = parse(syn + 4, sizeof syn - 4);
            assert_same(&o, &slow);
        }
        syn[at] = was;
    }
    struct tcp_options o = parse(syn + 4, sizeof syn - 4);
    assert_int_equal(o.has,
                     HAS_MSS | HAS_SACK_PERMITTED | HAS_TIMESTAMPS | HAS_WINDOW_SCALE);
    assert_int_equal(o.ts_val, 0x09080706);
    uint8_t built[20];
    struct writer w = writer_of(built, sizeof built);
    uint64_t sum = wire_tcp_options_build(&w, &o), words = 0;
    assert_int_equal(writer_length(&w), wire_tcp_options_length(&o));
    assert_memory_equal(built, syn + 4, sizeof built);
    for (unsigned i = 0; i < sizeof built; i += 4)
        words += load_be32(built + i);
    assert_true(sum == words);
}

static void unknown_options_and_the_end(void **state)
{
    (void)state;
    struct tcp_options o = PARSE(200, 5, 2, 4, 1, 3, 3, 7, 0, 2, 4, 1, 1);
    assert_int_equal(o.has, HAS_UNKNOWN | HAS_WINDOW_SCALE);
    assert_int_equal(o.window_scale, 7);
    o = PARSE(253, 2, 4, 2);
    assert_int_equal(o.has, HAS_UNKNOWN | HAS_SACK_PERMITTED);
    o = parse(NULL, 0);
    assert_int_equal(o.has, 0);
    assert_int_equal(o.sack_count, 0);
}

/* RFC 9293 3.1 [MUST-7]: an illegal length does no harm; what was before it counts. */
static void illegal_lengths(void **state)
{
    (void)state;
    assert_int_equal(PARSE(3, 3, 1, 2).has, HAS_WINDOW_SCALE | HAS_FAULT);
    assert_int_equal(PARSE(2, 0, 0, 0).has, HAS_FAULT);
    assert_int_equal(PARSE(2, 1, 0, 0).has, HAS_FAULT);
    assert_int_equal(PARSE(2, 5, 0, 0).has, HAS_FAULT);
    assert_int_equal(PARSE(99, 255, 0, 0).has, HAS_FAULT);
    /* a length that the kind cannot have: as if unknown */
    assert_int_equal(PARSE(2, 3, 0, 4, 2).has, HAS_UNKNOWN | HAS_SACK_PERMITTED);
    assert_int_equal(PARSE(3, 2, 4, 2).has, HAS_UNKNOWN | HAS_SACK_PERMITTED);
    assert_int_equal(PARSE(4, 3, 0).has, HAS_UNKNOWN);
    assert_int_equal(PARSE(5, 2).has, HAS_UNKNOWN);
    assert_int_equal(PARSE(5, 9, 0, 0, 0, 0, 0, 0, 0).has, HAS_UNKNOWN);
    assert_int_equal(PARSE(8, 9, 0, 0, 0, 0, 0, 0, 0).has, HAS_UNKNOWN);
    assert_int_equal(PARSE(34, 4, 1, 2).has, HAS_UNKNOWN);
    assert_int_equal(PARSE(34, 7, 1, 2, 3, 4, 5).has, HAS_UNKNOWN);
    assert_int_equal(PARSE(34, 6, 1, 2, 3, 4).has, HAS_FAST_OPEN);
    assert_int_equal(PARSE(28, 3, 0).has, HAS_UNKNOWN);
}

static size_t build(const struct tcp_options *in, uint8_t *to, size_t room)
{
    struct writer w = writer_of(to, room);
    wire_tcp_options_build(&w, in);
    assert_false(w.bad);
    assert_int_equal(writer_length(&w), wire_tcp_options_length(in));
    assert_int_equal(writer_length(&w) % 4, 0);
    return writer_length(&w);
}

#define EXPECT(in, ...) do { \
        static const uint8_t expected[] = { __VA_ARGS__ }; \
        uint8_t octets[40]; \
        assert_int_equal(build(in, octets, sizeof octets), sizeof expected); \
        assert_memory_equal(octets, expected, sizeof expected); \
    } while (0)

static void what_goes_out(void **state)
{
    (void)state;
    struct tcp_options syn = { .has = HAS_MSS | HAS_SACK_PERMITTED | HAS_TIMESTAMPS
                                      | HAS_WINDOW_SCALE,
                               .mss = 1460, .window_scale = 7, .ts_val = 0x0a0b0c0d };
    EXPECT(&syn, 2, 4, 5, 180, 4, 2, 8, 10, 10, 11, 12, 13, 0, 0, 0, 0, 1, 3, 3, 7);
    struct tcp_options usual = { .has = HAS_TIMESTAMPS, .ts_val = 1, .ts_ecr = 2 };
    EXPECT(&usual, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2);
    struct tcp_options sack = { .has = HAS_TIMESTAMPS | HAS_SACK, .ts_val = 1, .ts_ecr = 2,
                                .sack_count = 1, .sack = { { { 3 }, { 4 } } } };
    EXPECT(&sack, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 5, 10, 0, 0, 0, 3, 0, 0, 0, 4);
    struct tcp_options no_ts = { .has = HAS_MSS | HAS_SACK_PERMITTED | HAS_WINDOW_SCALE,
                                 .mss = 536, .window_scale = 7 };
    EXPECT(&no_ts, 2, 4, 2, 24, 1, 1, 4, 2, 1, 3, 3, 7);
    /* RFC 9293 3.1 [MUST-69] */
    struct tcp_options padded = { .has = HAS_MSS | HAS_FAST_OPEN, .mss = 536 };
    EXPECT(&padded, 2, 4, 2, 24, 34, 2, 1, 1);
    struct tcp_options none = { 0 };
    uint8_t octets[4];
    assert_int_equal(build(&none, octets, 0), 0);
}

static void blocks_that_do_not_fit_are_left_out(void **state)
{
    (void)state;
    uint8_t octets[40], cookie[16] = { 1, 2, 3 };
    struct tcp_options o = { .has = HAS_TIMESTAMPS | HAS_SACK, .sack_count = 4 };
    assert_int_equal(build(&o, octets, 40), 40);
    assert_int_equal(parse(octets, 40).sack_count, 3);
    o.has = HAS_SACK;
    assert_int_equal(build(&o, octets, 40), 36);
    assert_int_equal(parse(octets, 36).sack_count, 4);
    o = (struct tcp_options){ .has = HAS_MSS | HAS_SACK_PERMITTED | HAS_TIMESTAMPS
                                     | HAS_WINDOW_SCALE | HAS_FAST_OPEN | HAS_USER_TIMEOUT
                                     | HAS_SACK,
                              .fast_open_length = 16, .fast_open = cookie, .sack_count = 1 };
    assert_int_equal(build(&o, octets, 40), 40);
    /* 38 octets of the others: neither the user timeout nor a block has room */
    assert_int_equal(parse(octets, 40).has, o.has & ~(HAS_USER_TIMEOUT | HAS_SACK));
}

static void a_short_writer_goes_bad(void **state)
{
    (void)state;
    struct tcp_options o = { .has = HAS_TIMESTAMPS | HAS_MSS };
    for (size_t room = 0; room < 16; room++) {
        uint8_t *to = malloc(room + 1);
        struct writer w = writer_of(to, room);
        wire_tcp_options_build(&w, &o);
        assert_true(w.bad);
        free(to);
    }
}

static struct tcp_options random_options(uint64_t *seed, uint8_t cookie[16])
{
    struct tcp_options o = { 0 };
    o.has = (uint16_t)(chance(seed) & 127);
    if (chance_below(seed, 4) == 0)
        o.has = HAS_TIMESTAMPS;
    o.mss = o.has & HAS_MSS ? (uint16_t)chance(seed) : 0;
    o.window_scale = o.has & HAS_WINDOW_SCALE ? (uint8_t)chance(seed) : 0;
    if (o.has & HAS_TIMESTAMPS) {
        o.ts_val = chance(seed);
        o.ts_ecr = chance(seed);
    }
    if (o.has & HAS_USER_TIMEOUT) {
        o.user_timeout_minutes = chance(seed) & 1;
        o.user_timeout = chance(seed) & 0x7fff;
    }
    if (o.has & HAS_FAST_OPEN) {
        o.fast_open_length = (uint8_t)(2 * chance_below(seed, 8));
        if (o.fast_open_length == 2)
            o.fast_open_length = 16;
        chance_fill(seed, cookie, 16);
        o.fast_open = o.fast_open_length > 0 ? cookie : NULL;
    }
    if (o.has & HAS_SACK) {
        o.sack_count = (uint8_t)(1 + chance_below(seed, 4));
        for (unsigned i = 0; i < o.sack_count; i++)
            o.sack[i] = (struct sack_block){ seq_of(chance(seed)), seq_of(chance(seed)) };
    }
    return o;
}

/* What had room comes back as it was; what had not is absent. */
static void build_then_parse_is_identity(void **state)
{
    (void)state;
    uint64_t seed = 6;
    unsigned whole = 0;
    for (unsigned i = 0; i < 100000; i++) {
        uint8_t cookie[16], octets[40];
        struct tcp_options in = random_options(&seed, cookie), out;
        size_t length = build(&in, octets, sizeof octets);
        wire_tcp_options_parse(octets, length, &out);
        assert_int_equal(out.has & ~in.has, 0);
        assert_int_equal(in.has & ~out.has & ~(HAS_SACK | HAS_USER_TIMEOUT | HAS_FAST_OPEN), 0);
        whole += out.has == in.has;
        assert_int_equal(out.mss, in.mss);
        assert_int_equal(out.window_scale, in.window_scale);
        assert_int_equal(out.ts_val, in.ts_val);
        assert_int_equal(out.ts_ecr, in.ts_ecr);
        if (out.has & HAS_USER_TIMEOUT) {
            assert_int_equal(out.user_timeout, in.user_timeout);
            assert_int_equal(out.user_timeout_minutes, in.user_timeout_minutes);
        }
        if (out.has & HAS_FAST_OPEN) {
            assert_int_equal(out.fast_open_length, in.fast_open_length);
            if (out.fast_open_length > 0)
                assert_memory_equal(out.fast_open, cookie, out.fast_open_length);
        }
        assert_true(out.sack_count <= in.sack_count);
        assert_memory_equal(out.sack, in.sack, out.sack_count * sizeof in.sack[0]);
    }
    assert_true(whole > 60000);
}

static void random_octets_stay_inside(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (unsigned i = 0; i < 200000; i++) {
        uint8_t data[40];
        static const uint8_t kinds[] = { 0, 1, 2, 3, 4, 5, 8, 28, 34, 10, 18, 6 };
        size_t length = chance_below(&seed, 41);
        for (size_t k = 0; k < length; k++)
            data[k] = chance_below(&seed, 3) ? kinds[chance_below(&seed, sizeof kinds)]
                                             : (uint8_t)chance(&seed);
        uint8_t *copy = exact_copy(data, length);
        struct tcp_options o;
        wire_tcp_options_parse(copy, length, &o);
        assert_true(o.sack_count <= SACK_MOST && o.fast_open_length <= FAST_OPEN_COOKIE_MOST);
        if (o.fast_open != NULL)
            assert_true(o.fast_open >= copy && o.fast_open + o.fast_open_length <= copy + length);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_option_alone),
        cmocka_unit_test(authentication_stands_once_and_whole),
        cmocka_unit_test(authentication_takes_room_from_sack),
        cmocka_unit_test(the_usual_layout),
        cmocka_unit_test(the_usual_options_of_a_syn),
        cmocka_unit_test(unknown_options_and_the_end),
        cmocka_unit_test(illegal_lengths),
        cmocka_unit_test(what_goes_out),
        cmocka_unit_test(blocks_that_do_not_fit_are_left_out),
        cmocka_unit_test(a_short_writer_goes_bad),
        cmocka_unit_test(build_then_parse_is_identity),
        cmocka_unit_test(random_octets_stay_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
