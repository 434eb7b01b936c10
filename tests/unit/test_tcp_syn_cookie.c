/* test_tcp_syn_cookie.c - what a cookie keeps, what it refuses, for how long it is good, and a
 * change of the key (RFC 4987 3.6, appendix A). The stack's part is in test_stack_syn_cookies.c. */
#include "help.h"

#include "base/prng.h"
#include "tcp/core.h"

struct bed {
    struct tcp_env env;
    struct tcp_tuple tuple;
    struct tcp_segment syn, answer, ack, back;
    aksu_time now;
};

static void bed_init(struct bed *b, bool v6)
{
    memset(b, 0, sizeof *b);
    b->env.config = (struct tcp_config){ .receive_buffer = 262144, .receive_buffer_most = 16 << 20,
                                         .timestamps = true, .sack = true, .window_scale = true };
    b->env.isn_key = (struct sipkey){ 1, 2 };
    b->env.cookies.key = (struct sipkey){ 3, 4 };
    memset(b->tuple.local_ip.octet, v6 ? 0xfd : 0, 16);
    b->tuple.remote_ip = b->tuple.local_ip;
    if (!v6)
        for (unsigned i = 10; i < 12; i++)
            b->tuple.local_ip.octet[i] = b->tuple.remote_ip.octet[i] = 0xff;
    b->tuple.local_ip.octet[15] = 1;
    b->tuple.remote_ip.octet[15] = 2;
    b->tuple.local_port = b->syn.destination_port = 80;
    b->tuple.remote_port = b->syn.source_port = 40000;
    b->syn.seq = seq_of(7000);
    b->syn.ctl = CTL_SYN;
    b->syn.wnd = 65000;
    b->now = SECONDS(100000);
}

static void answer(struct bed *b)
{
    cookie_answer(&b->env, &b->tuple, &b->syn, 1480, &b->answer, b->now);
    memset(&b->ack, 0, sizeof b->ack);
    b->ack.source_port = 40000;
    b->ack.destination_port = 80;
    b->ack.seq = seq_add(b->syn.seq, 1);
    b->ack.ack = seq_add(b->answer.seq, 1);
    b->ack.ctl = CTL_ACK;
    b->ack.wnd = 500;
    if (b->answer.options.has & HAS_TIMESTAMPS) {
        b->ack.options.has = HAS_TIMESTAMPS;
        b->ack.options.ts_val = b->syn.options.ts_val + 1;
        b->ack.options.ts_ecr = b->answer.options.ts_val;
    }
}

static bool good(struct bed *b)
{
    return cookie_check(&b->env, &b->tuple, &b->ack, &b->back, b->now);
}

/* All that a SYN can say: R4987-3.6-a. */
static void every_combination_of_options_comes_back(void **state)
{
    (void)state;
    struct bed b;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        for (unsigned scale = 0; scale < 17; scale++) {
            for (unsigned bits = 0; bits < 8; bits++) {
                bed_init(&b, v6);
                b.syn.options.has = HAS_MSS | (scale < 16 ? HAS_WINDOW_SCALE : 0)
                                  | (bits & 1 ? HAS_SACK_PERMITTED : 0)
                                  | (bits & 2 ? HAS_TIMESTAMPS : 0);
                b.syn.options.mss = 1460;
                b.syn.options.window_scale = (uint8_t)scale;
                b.syn.options.ts_val = 77;
                b.syn.ctl = (uint8_t)(CTL_SYN | (bits & 4 ? CTL_ECE | CTL_CWR : 0));
                answer(&b);
                assert_true(good(&b));
                assert_int_equal(b.back.seq.n, b.syn.seq.n);
                assert_int_equal(b.back.options.mss, 1460);
                bool kept = bits & 2;           /* without timestamps there is no place */
                uint16_t want = kept ? b.syn.options.has : HAS_MSS;
                assert_int_equal(b.back.options.has, want);
                assert_int_equal(b.answer.options.has, want);
                assert_int_equal(b.back.ctl, kept ? b.syn.ctl : CTL_SYN);
                assert_int_equal(!!(b.answer.ctl & CTL_ECE), kept && (bits & 4));
                if (kept && scale < 16)
                    assert_int_equal(b.back.options.window_scale, scale < 15 ? scale : 14);
            }
        }
    }
}

/* What we do not want is not agreed on. */
static void what_is_switched_off_is_not_kept(void **state)
{
    (void)state;
    struct bed b;
    bed_init(&b, false);
    b.syn.options.has = HAS_MSS | HAS_WINDOW_SCALE | HAS_SACK_PERMITTED | HAS_TIMESTAMPS;
    b.syn.ctl = CTL_SYN | CTL_ECE | CTL_CWR;
    b.syn.options.mss = 1400;
    b.env.config.sack = b.env.config.window_scale = false;
    b.env.config.ecn = AKSU_ECN_OFF;
    answer(&b);
    assert_int_equal(b.answer.options.has, HAS_MSS | HAS_TIMESTAMPS);
    assert_int_equal(b.answer.ctl, CTL_SYN | CTL_ACK);
    assert_true(good(&b));
    assert_int_equal(b.back.options.has, HAS_MSS | HAS_TIMESTAMPS);
    b.env.config.timestamps = false;
    answer(&b);
    assert_int_equal(b.answer.options.has, HAS_MSS);
    b.ack.options.has = HAS_TIMESTAMPS;         /* of a peer that says them unasked */
    assert_true(good(&b));
    assert_int_equal(b.back.options.has, HAS_MSS);
}

/* Rounded down, by 12 octets at most where paths are: R4987-3.6-a. */
static void the_mss_comes_back_rounded_down(void **state)
{
    (void)state;
    struct bed b;
    uint16_t last = 0;
    bed_init(&b, false);
    b.syn.options.has = HAS_MSS;
    for (uint32_t mss = 0; mss <= UINT16_MAX; mss++) {
        b.syn.options.mss = (uint16_t)mss;
        answer(&b);
        assert_true(good(&b));
        uint16_t got = b.back.options.mss;
        assert_true(got <= mss || got == 48);
        assert_true(got >= last);
        if (mss >= 1200 && mss <= 1460)
            assert_true(mss - got <= 12);
        last = got;
    }
    static const uint16_t exact[] = { 48, 216, 488, 512, 536, 1220, 1240, 1360, 1380, 1400, 1420,
                                      1440, 1448, 1452, 1460, 8940, 8960, 16344, 65475 };
    for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++) {
        b.syn.options.mss = exact[i];
        answer(&b);
        assert_true(good(&b));
        assert_int_equal(b.back.options.mss, exact[i]);
    }
    b.syn.options.has = 0;                      /* RFC 9293 3.7.1 [MUST-15] */
    answer(&b);
    assert_true(good(&b));
    assert_int_equal(b.back.options.mss, 536);
    bed_init(&b, true);
    answer(&b);
    assert_true(good(&b));
    assert_int_equal(b.back.options.mss, 1220);
}

/* Each octet that an attacker could choose otherwise counts. */
static void nothing_else_passes(void **state)
{
    (void)state;
    struct bed b;
    bed_init(&b, false);
    b.syn.options.has = HAS_MSS | HAS_TIMESTAMPS | HAS_SACK_PERMITTED;
    b.syn.options.mss = 1460;
    answer(&b);
    const struct bed right = b;
    for (unsigned bit = 0; bit < 32; bit++) {
        b.ack.ack = seq_of(right.ack.ack.n ^ 1u << bit);
        assert_false(good(&b));
        b.ack.ack = right.ack.ack;
        b.ack.seq = seq_of(right.ack.seq.n ^ 1u << bit);
        assert_false(good(&b));
        b.ack.seq = right.ack.seq;
        b.tuple.local_ip.octet[12 + bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(good(&b));
        b.tuple.local_ip = right.tuple.local_ip;
        b.tuple.remote_ip.octet[12 + bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(good(&b));
        b.tuple.remote_ip = right.tuple.remote_ip;
    }
    for (unsigned bit = 0; bit < 16; bit++) {
        b.tuple.local_port = (uint16_t)(right.tuple.local_port ^ 1u << bit);
        assert_false(good(&b));
        b.tuple.local_port = right.tuple.local_port;
        b.tuple.remote_port = (uint16_t)(right.tuple.remote_port ^ 1u << bit);
        assert_false(good(&b));
        b.tuple.remote_port = right.tuple.remote_port;
    }
    for (unsigned bit = 0; bit < 6; bit++) {    /* the options in the echo */
        b.ack.options.ts_ecr = right.ack.options.ts_ecr ^ 1u << bit;
        assert_false(good(&b));
    }
    b.ack.options = right.ack.options;
    b.ack.options.has = 0;
    assert_false(good(&b));
    b.ack.options = right.ack.options;
    static const uint8_t not_an_ack[] = { 0, CTL_SYN, CTL_SYN | CTL_ACK, CTL_RST | CTL_ACK };
    for (unsigned i = 0; i < 4; i++) {
        b.ack.ctl = not_an_ack[i];
        assert_false(good(&b));
    }
    b.ack.ctl = CTL_ACK | CTL_PSH | CTL_FIN;
    assert_true(good(&b));
}

/* One in 2^24 of what is guessed passes: 8 million guesses with the right period. */
static void guesses_fail(void **state)
{
    (void)state;
    struct bed b;
    struct prng random = prng_of((const uint8_t[16]){ 5 });
    unsigned hits = 0;
    bed_init(&b, false);
    answer(&b);
    for (unsigned i = 0; i < 1 << 23; i++) {
        uint32_t guess = (uint32_t)prng_u64(&random) & ((1u << 30) - 1);
        b.ack.ack = seq_add(seq_of(guess | (b.answer.seq.n & 3u << 30)), 1);
        hits += good(&b);
    }
    assert_true(hits <= 2);
}

/* From 64 to 128 s: R4987-3.6-a. */
static void a_cookie_gets_old(void **state)
{
    (void)state;
    struct bed b;
    for (unsigned late = 0; late < COOKIE_SECONDS; late++) {
        bed_init(&b, false);
        b.now = SECONDS(100 * COOKIE_SECONDS + late);
        answer(&b);
        b.now += SECONDS(COOKIE_SECONDS);
        assert_true(good(&b));
        b.now += SECONDS(COOKIE_SECONDS);
        for (unsigned i = 0; i < 1000; i++) {
            assert_false(good(&b));             /* nor when its two bits come round */
            b.now += SECONDS(COOKIE_SECONDS / 4);
        }
    }
}

/* That of the stack that made it may be ahead, by a second. */
static void clocks_differ(void **state)
{
    (void)state;
    struct bed b;
    bed_init(&b, false);
    b.now = SECONDS(100 * COOKIE_SECONDS);
    answer(&b);
    b.now -= SECONDS(1);
    assert_true(good(&b));
    b.now -= 1;
    assert_false(good(&b));
}

static void the_key_changes(void **state)
{
    (void)state;
    struct bed b;
    static const struct sipkey next = { 5, 6 };
    bed_init(&b, false);
    answer(&b);
    cookie_share(&b.env.cookies, &next, b.now);
    assert_true(good(&b));
    struct bed old = b;
    answer(&b);
    assert_true(b.answer.seq.n != old.answer.seq.n);
    assert_true(good(&b));
    cookie_share(&b.env.cookies, &next, b.now); /* the same again is no change */
    assert_true(good(&b));
    assert_int_equal(b.env.cookies.before.k0, 3);
    old.now = b.env.cookies.before_until - 1;
    cookie_answer(&(struct tcp_env){ .config = b.env.config, .cookies.key = { 3, 4 } }, &old.tuple,
                  &old.syn, 1480, &old.answer, old.now);
    old.ack.ack = seq_add(old.answer.seq, 1);
    assert_true(good(&old));
    old.now++;
    assert_false(good(&old));
    cookie_share(&b.env.cookies, &(struct sipkey){ 7, 8 }, b.now);
    assert_true(good(&b));                      /* made with { 5, 6 } */
    cookie_share(&b.env.cookies, &(struct sipkey){ 9, 10 }, b.now);
    assert_false(good(&b));
}

/* RFC 7323 4.1: the clock of the connection, which comes after, does not go back. */
static void the_timestamp_is_not_of_the_future(void **state)
{
    (void)state;
    struct bed b;
    bed_init(&b, false);
    b.syn.options.has = HAS_TIMESTAMPS | HAS_WINDOW_SCALE;
    for (unsigned ms = 0; ms < 300; ms++) {
        b.now = SECONDS(1000) + MS(ms);
        b.syn.options.window_scale = (uint8_t)(ms % 15);
        answer(&b);
        uint32_t clock = (uint32_t)(b.now / MS(1)) + tcp_timestamp_offset(&b.env, &b.tuple);
        assert_true(clock - b.answer.options.ts_val < 64);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_of_options_comes_back),
        cmocka_unit_test(what_is_switched_off_is_not_kept),
        cmocka_unit_test(the_mss_comes_back_rounded_down),
        cmocka_unit_test(nothing_else_passes),
        cmocka_unit_test(guesses_fail),
        cmocka_unit_test(a_cookie_gets_old),
        cmocka_unit_test(clocks_differ),
        cmocka_unit_test(the_key_changes),
        cmocka_unit_test(the_timestamp_is_not_of_the_future),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
