/* test_wire_checksum.c - the Internet checksum against its definition (RFC 1071 1). */
#include "help.h"

#include "base/ip_addr.h"
#include "wire/checksum.h"

/* Straight from the text of RFC 1071 1: 16-bit words, end-around carry, complement. */
static uint16_t by_definition(const uint8_t *data, size_t length)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < length; i++) {
        sum += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
        if (sum > 0xffff)
            sum -= 0xffff;
    }
    return (uint16_t)~sum;
}

static uint16_t in_one_piece(const uint8_t *data, size_t length)
{
    struct checksum c = { 0, false };
    checksum_add(&c, data, length);
    return checksum_finish(&c);
}

/* RFC 1071 3 adds 0001 f203 f4f5 f6f7 to ddf2. */
static void the_example_of_the_rfc(void **state)
{
    (void)state;
    static const uint8_t data[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
    assert_int_equal(in_one_piece(data, sizeof data), (uint16_t)~0xddf2);
}

static void every_length_at_every_alignment(void **state)
{
    (void)state;
    uint64_t seed = 1;
    uint8_t data[260];
    for (unsigned round = 0; round < 20; round++) {
        chance_fill(&seed, data, sizeof data);
        for (size_t length = 0; length <= 240; length++) {
            size_t from = round % 17;
            uint8_t *copy = exact_copy(data + from, length);
            assert_int_equal(in_one_piece(copy, length), by_definition(copy, length));
            assert_int_equal(in_one_piece(data + from, length), by_definition(copy, length));
            free(copy);
        }
    }
}

/* Many ffff make every lane overflow; zeros alone must stay zero. */
static void extremes(void **state)
{
    (void)state;
    static uint8_t data[70001];
    assert_int_equal(checksum_words(data, sizeof data), 0);
    assert_int_equal(in_one_piece(data, sizeof data), 0xffff);
    memset(data, 0xff, sizeof data);
    for (size_t length = 69900; length <= sizeof data; length++)
        assert_int_equal(in_one_piece(data, length), by_definition(data, length));
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i % 3 == 0 ? 0xff : i);
    for (size_t length = 65000; length <= sizeof data; length += 77)
        assert_int_equal(in_one_piece(data, length), by_definition(data, length));
}

static void pieces_of_any_length(void **state)
{
    (void)state;
    uint64_t seed = 2;
    uint8_t data[1500];
    for (unsigned round = 0; round < 3000; round++) {
        size_t length = chance_below(&seed, sizeof data + 1), from = 0;
        chance_fill(&seed, data, length);
        struct checksum adding = { 0, false }, slicing = { 0, false };
        struct aksu_slice slice[40];
        unsigned count = 0;
        while (from < length) {
            size_t piece = chance_below(&seed, count == 39 ? 1 : 200) + 1;
            if (piece > length - from || count == 39)
                piece = length - from;
            slice[count++] = (struct aksu_slice){ data + from, piece };
            checksum_add(&adding, data + from, piece);
            from += piece;
        }
        checksum_add_slices(&slicing, slice, count);
        assert_int_equal(checksum_finish(&adding), by_definition(data, length));
        assert_int_equal(checksum_finish(&slicing), by_definition(data, length));
    }
}

/* RFC 9293 3.1: source, destination, zero, protocol, length as the 12 octets of the figure. */
static void pseudo_header_of_ipv4(void **state)
{
    (void)state;
    static const uint8_t a[4] = { 192, 0, 2, 1 }, b[4] = { 203, 0, 113, 250 };
    static const uint8_t figure[12] = { 192, 0, 2, 1, 203, 0, 113, 250, 0, 6, 0x12, 0x34 };
    struct aksu_ip source = ip_from_v4(a), destination = ip_from_v4(b);
    struct checksum c = checksum_pseudo(&source, &destination, 6, 0x1234);
    assert_int_equal(checksum_finish(&c), by_definition(figure, sizeof figure));
}

/* RFC 8200 8.1: 40 octets, the length in 32 bits. */
static void pseudo_header_of_ipv6(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (unsigned round = 0; round < 1000; round++) {
        struct aksu_ip source, destination;
        uint8_t figure[40] = { 0 };
        uint32_t length = chance(&seed) >> chance_below(&seed, 32);
        chance_fill(&seed, source.octet, 16);
        chance_fill(&seed, destination.octet, 16);
        memcpy(figure, source.octet, 16);
        memcpy(figure + 16, destination.octet, 16);
        store_be32(figure + 32, length);
        figure[39] = 58;
        struct checksum c = checksum_pseudo(&source, &destination, 58, length);
        assert_int_equal(checksum_finish(&c), by_definition(figure, sizeof figure));
    }
}

/* RFC 1624 4: m = 5555 becomes 3285, HC = dd2f becomes 0000. */
static void update_as_rfc_1624_has_it(void **state)
{
    (void)state;
    assert_int_equal(checksum_update(0xdd2f, 0x5555, 0x3285), 0x0000);
    uint64_t seed = 4;
    for (unsigned round = 0; round < 100000; round++) {
        uint8_t data[20];
        chance_fill(&seed, data, sizeof data);
        uint16_t before = by_definition(data, sizeof data);
        size_t at = 2 * chance_below(&seed, 10);
        uint16_t old = load_be16(data + at), now = (uint16_t)chance(&seed);
        store_be16(data + at, now);
        uint16_t after = checksum_update(before, old, now);
        assert_int_equal(after, by_definition(data, sizeof data));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_rfc),
        cmocka_unit_test(every_length_at_every_alignment),
        cmocka_unit_test(extremes),
        cmocka_unit_test(pieces_of_any_length),
        cmocka_unit_test(pseudo_header_of_ipv4),
        cmocka_unit_test(pseudo_header_of_ipv6),
        cmocka_unit_test(update_as_rfc_1624_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
