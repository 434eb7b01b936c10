/* test_base_values.c - sequence numbers, times, the reader and the writer, status texts, SipHash
 * and the generator. */
#include "help.h"

#include "base/bytes.h"
#include "base/prng.h"
#include "base/seq.h"
#include "base/siphash.h"
#include "base/time.h"

/* RFC 9293 3.4: comparisons modulo 2^32, at any place of the circle. */
static void seq_compares_modulo_2_to_32(void **state)
{
    (void)state;
    static const uint32_t bases[] = { 0, 1, 0x7ffffffe, 0x7fffffff, 0x80000000, 0xfffffffe,
                                      0xffffffff };
    static const uint32_t ahead[] = { 1, 2, 1000, 0x7fffffff };
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        seq_t a = seq_of(bases[i]);
        assert_true(seq_eq(a, a) && seq_le(a, a) && seq_ge(a, a) && !seq_lt(a, a) && !seq_gt(a, a));
        for (size_t k = 0; k < sizeof ahead / sizeof ahead[0]; k++) {
            seq_t b = seq_add(a, ahead[k]);
            assert_true(seq_lt(a, b) && seq_le(a, b) && seq_gt(b, a) && seq_ge(b, a));
            assert_false(seq_lt(b, a) || seq_le(b, a) || seq_eq(a, b));
            assert_int_equal(seq_diff(b, a), (int32_t)ahead[k]);
            assert_true(seq_eq(seq_sub(b, ahead[k]), a));
            assert_true(seq_eq(seq_max(a, b), b) && seq_eq(seq_min(a, b), a));
        }
    }
}

static void never_absorbs_times(void **state)
{
    (void)state;
    assert_true(time_after(5, 7) == 12);
    assert_true(time_after(NEVER, 7) == NEVER);
    assert_true(time_after(7, NEVER) == NEVER);
    assert_true(time_after(NEVER - 1, SECONDS(1)) == NEVER);
    assert_true(time_min(MS(3), US(2)) == 2000);
}

static void reader_stops_at_its_end(void **state)
{
    (void)state;
    static const uint8_t data[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    uint8_t *copy = exact_copy(data, sizeof data);
    struct reader r = reader_of(copy, sizeof data);
    assert_int_equal(read_u8(&r), 1);
    assert_int_equal(read_be16(&r), 0x0203);
    assert_int_equal(read_be32(&r), 0x04050607);
    assert_int_equal(reader_left(&r), 1);
    assert_int_equal(read_be16(&r), 0);
    assert_true(r.bad);
    assert_int_equal(read_u8(&r), 0);       /* sticky, though one octet is left */
    assert_null(read_octets(&r, 0));
    free(copy);
}

static void writer_stops_at_its_end(void **state)
{
    (void)state;
    uint8_t *room = malloc(7);
    struct writer w = writer_of(room, 7);
    write_u8(&w, 1);
    write_be16(&w, 0x0203);
    write_be32(&w, 0x04050607);
    static const uint8_t expected[] = { 1, 2, 3, 4, 5, 6, 7 };
    assert_memory_equal(room, expected, 7);
    assert_int_equal(writer_length(&w), 7);
    assert_false(w.bad);
    write_u8(&w, 9);
    assert_true(w.bad);
    assert_int_equal(writer_length(&w), 7);
    free(room);
}

static void every_status_has_its_sentence(void **state)
{
    (void)state;
    for (int a = 0; a < AKSU_STATUS_COUNT; a++) {
        const char *text = aksu_status_text((enum aksu_status)a);
        assert_non_null(text);
        assert_true(strlen(text) > 0 && text[strlen(text) - 1] != '.');
        for (int b = 0; b < a; b++)
            assert_string_not_equal(text, aksu_status_text((enum aksu_status)b));
    }
    assert_string_equal(aksu_status_text(AKSU_REFUSED), "connection refused");
    assert_string_equal(aksu_status_text(AKSU_CLOSING), "connection closing");
    assert_string_equal(aksu_status_text(AKSU_STATUS_COUNT), "unknown status");
    assert_string_equal(aksu_status_text((enum aksu_status)-1), "unknown status");
}

/* The key 00..0f over the octets 00..n-1, as the authors of SipHash published it for 2-4. */
static void siphash24_gives_the_published_values(void **state)
{
    (void)state;
    struct sipkey key = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
    uint8_t data[64];
    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    assert_true(siphash24(&key, data, 0) == 0x726fdb47dd0e0e31);
    assert_true(siphash24(&key, data, 1) == 0x74f839c593dc67fd);
    assert_true(siphash24(&key, data, 15) == 0xa129ca6149be45e5);
}

static void siphash_depends_on_every_octet(void **state)
{
    (void)state;
    struct sipkey key = { 1, 2 }, other = { 1, 3 };
    uint8_t data[40] = { 0 };
    for (size_t length = 1; length <= sizeof data; length++) {
        uint8_t *copy = exact_copy(data, length);
        uint64_t h24 = siphash24(&key, copy, length), h13 = siphash13(&key, copy, length);
        assert_true(h24 != h13 && h24 != siphash24(&other, copy, length));
        assert_true(h13 != siphash13(&key, data, length - 1));
        for (size_t i = 0; i < length; i++) {
            copy[i] ^= 0x80;
            assert_true(siphash24(&key, copy, length) != h24);
            assert_true(siphash13(&key, copy, length) != h13);
            copy[i] ^= 0x80;
        }
        free(copy);
    }
}

/* Octets that are given as numbers, the first one lowest. */
static void siphash_of_numbers_is_that_of_their_octets(void **state)
{
    (void)state;
    struct sipkey key = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
    uint8_t data[23];
    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(0xe0 + i);
    uint64_t first = 0xe7e6e5e4e3e2e1e0, second = 0xefeeedecebeae9e8;
    assert_true(siphash24_12(&key, first, 0xebeae9e8) == siphash24(&key, data, 12));
    assert_true(siphash13_12(&key, first, 0xebeae9e8) == siphash13(&key, data, 12));
    assert_true(siphash24_23(&key, first, second, 0xf6f5f4f3f2f1f0)
                == siphash24(&key, data, sizeof data));
}

static void prng_repeats_from_its_seed(void **state)
{
    (void)state;
    uint8_t seed[16] = { 1, 2, 3, [15] = 4 }, other[16] = { 1, 2, 3, [15] = 5 };
    struct prng a = prng_of(seed), b = prng_of(seed), c = prng_of(other);
    uint64_t before = 0;
    for (unsigned i = 0; i < 100; i++) {
        uint64_t v = prng_u64(&a);
        assert_true(v == prng_u64(&b));
        assert_true(v != prng_u64(&c) && v != before);
        before = v;
    }
    struct sipkey k = prng_key(&a), l = prng_key(&a);
    assert_true(k.k0 != l.k0 && k.k0 != k.k1 && k.k1 != l.k1);
}

static void prng_below_is_even(void **state)
{
    (void)state;
    uint8_t seed[16] = { 9 };
    struct prng p = prng_of(seed);
    unsigned hits[7] = { 0 }, upper = 0, third = 0;
    for (unsigned i = 0; i < 70000; i++) {
        uint32_t v = prng_below(&p, 7);
        assert_true(v < 7);
        hits[v]++;
        uint32_t large = prng_below(&p, 0xc0000000);
        assert_true(large < 0xc0000000);
        upper += large >= 0x60000000;
        third += large % 3 == 0;
    }
    for (unsigned i = 0; i < 7; i++)
        assert_in_range(hits[i], 9500, 10500);
    assert_in_range(upper, 34300, 35700);
    assert_in_range(third, 22700, 24000);       /* a half, were the remainder not thrown away */
    assert_int_equal(prng_below(&p, 1), 0);
}

static void bound_of_zero(void)
{
    struct prng p = { { 1, 2 }, 0 };
    prng_below(&p, 0);
}

static void prng_below_zero_is_a_bug(void **state)
{
    (void)state;
    assert_true(is_bug(bound_of_zero));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seq_compares_modulo_2_to_32),
        cmocka_unit_test(never_absorbs_times),
        cmocka_unit_test(reader_stops_at_its_end),
        cmocka_unit_test(writer_stops_at_its_end),
        cmocka_unit_test(every_status_has_its_sentence),
        cmocka_unit_test(siphash24_gives_the_published_values),
        cmocka_unit_test(siphash_depends_on_every_octet),
        cmocka_unit_test(siphash_of_numbers_is_that_of_their_octets),
        cmocka_unit_test(prng_repeats_from_its_seed),
        cmocka_unit_test(prng_below_is_even),
        cmocka_unit_test(prng_below_zero_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
