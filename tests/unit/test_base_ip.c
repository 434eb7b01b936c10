/* test_base_ip.c - kinds of addresses and their texts (RFC 4291 2.2, RFC 5952 4). */
#include "help.h"

#include "base/ip_addr.h"

static struct aksu_ip ip(const char *text)
{
    struct aksu_ip out;
    if (!aksu_ip_parse(text, &out))
        fail_msg("not read: %s", text);
    return out;
}

static void texts_in_their_shortest_form(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "0.0.0.0", "0.0.0.0" }, { "255.255.255.255", "255.255.255.255" },
        { "10.9.108.7", "10.9.108.7" }, { "::", "::" }, { "::1", "::1" }, { "1::", "1::" },
        { "0:0:0:0:0:0:0:0", "::" }, { "2001:DB8::A", "2001:db8::a" },
        /* the first of equals */
        { "2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1" },
        { "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },         /* never a single group */
        { "2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
        { "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },                  /* the longest */
        { "fe80::", "fe80::" }, { "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8" },
        { "1:2:3:4:5:6::", "1:2:3:4:5:6::" }, { "::3:4:5:6:7:8", "::3:4:5:6:7:8" },
        { "::ffff:1.2.3.4", "1.2.3.4" }, { "::ffff:102:304", "1.2.3.4" },
        { "64:ff9b::192.0.2.33", "64:ff9b::c000:221" },
        { "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304" },
        { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
          "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct aksu_ip a = ip(pairs[i][0]);
        char text[AKSU_IP_TEXT];
        size_t length = aksu_ip_format(&a, text);
        assert_string_equal(text, pairs[i][1]);
        assert_int_equal(length, strlen(text));
    }
}

static void what_is_not_an_address(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", ":", ":::", "1", "1.2.3", "1.2.3.4.", "1.2.3.4.5", "1.2.3.256", "01.2.3.4",
        "1.2.3.04", "1..2.3", " 1.2.3.4", "1.2.3.4 ", "1.2.3.a", "1.2.3.0000", "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "1::2::3", "12345::", "g::", "1:", ":1", "1::2:",
        "::1.2.3", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.4.5", "fe80::1%eth0",
        "::1/64", "1:2:3:4::5:6:7:8", "::-1", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8",
        "99999999999.1.1.1",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct aksu_ip a;
        char *copy = (char *)exact_copy((const uint8_t *)texts[i], strlen(texts[i]) + 1);
        if (aksu_ip_parse(copy, &a))
            fail_msg("taken: %s", texts[i]);
        free(copy);
    }
}

static void every_address_is_read_back(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (unsigned i = 0; i < 100000; i++) {
        struct aksu_ip a, b;
        chance_fill(&seed, a.octet, 16);
        uint32_t zeros = chance(&seed);
        for (unsigned k = 0; k < 8; k++) {
            if (zeros >> k & 1)
                a.octet[2 * k] = a.octet[2 * k + 1] = 0;
            else if (zeros >> (8 + k) & 1)
                a.octet[2 * k] = 0;
        }
        if (i % 4 == 0)
            a = ip_from_v4(a.octet);
        char text[AKSU_IP_TEXT];
        assert_true(aksu_ip_format(&a, text) < AKSU_IP_TEXT);
        assert_true(aksu_ip_parse(text, &b));
        assert_true(ip_eq(&a, &b));
    }
}

static void damaged_texts_stay_inside(void **state)
{
    (void)state;
    static const char letters[] = "0123456789abcdef:::...g ";
    uint64_t seed = 2;
    for (unsigned i = 0; i < 100000; i++) {
        uint32_t length = chance_below(&seed, 46);
        char *text = malloc(length + 1);
        for (uint32_t k = 0; k < length; k++)
            text[k] = letters[chance_below(&seed, sizeof letters - 1)];
        text[length] = '\0';
        struct aksu_ip a, b;
        char again[AKSU_IP_TEXT];
        if (aksu_ip_parse(text, &a)) {
            aksu_ip_format(&a, again);
            assert_true(aksu_ip_parse(again, &b) && ip_eq(&a, &b));
        }
        free(text);
    }
}

struct kinds {
    const char *text;
    bool v4, unspecified, loopback, multicast, broadcast, link_local;
};

static void kinds_of_addresses(void **state)
{
    (void)state;
    static const struct kinds all[] = {
        { .text = "::", .unspecified = true },
        { .text = "0.0.0.0", .v4 = true, .unspecified = true },
        { .text = "0.0.0.1", .v4 = true },
        { .text = "::1", .loopback = true },
        { .text = "::2" },
        { .text = "127.0.0.1", .v4 = true, .loopback = true },
        { .text = "127.255.255.255", .v4 = true, .loopback = true },
        { .text = "128.0.0.1", .v4 = true },
        { .text = "ff02::1", .multicast = true },
        { .text = "fe00::1" },
        { .text = "223.255.255.255", .v4 = true },
        { .text = "224.0.0.1", .v4 = true, .multicast = true },
        { .text = "239.255.255.255", .v4 = true, .multicast = true },
        { .text = "240.0.0.1", .v4 = true },
        { .text = "255.255.255.255", .v4 = true, .broadcast = true },
        { .text = "255.255.255.254", .v4 = true },
        { .text = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .multicast = true },
        { .text = "169.254.3.4", .v4 = true, .link_local = true },
        { .text = "169.253.3.4", .v4 = true },
        { .text = "fe80::1", .link_local = true },
        { .text = "febf::1", .link_local = true },
        { .text = "fec0::1" },
        { .text = "::fffe:1.2.3.4" },
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct aksu_ip a = ip(all[i].text);
        assert_int_equal(ip_is_v4(&a), all[i].v4);
        assert_int_equal(ip_is_unspecified(&a), all[i].unspecified);
        assert_int_equal(ip_is_loopback(&a), all[i].loopback);
        assert_int_equal(ip_is_multicast(&a), all[i].multicast);
        assert_int_equal(ip_is_broadcast(&a), all[i].broadcast);
        assert_int_equal(ip_is_link_local(&a), all[i].link_local);
    }
}

/* For every number of bits: equal with all bits after it changed, not with the last one changed. */
static void prefixes_of_every_length(void **state)
{
    (void)state;
    static const char *const texts[] = { "10.170.85.3", "2001:db8:aaaa:5555::f0f" };
    for (unsigned k = 0; k < 2; k++) {
        struct aksu_ip a = ip(texts[k]);
        unsigned all = k == 0 ? 32 : 128, first = 128 - all;
        for (unsigned bits = 0; bits <= all; bits++) {
            struct aksu_ip b = a;
            for (unsigned i = first + bits; i < 128; i++)
                b.octet[i / 8] ^= (uint8_t)(0x80 >> i % 8);
            assert_true(ip_in_prefix(&a, &b, bits));
            if (bits == 0)
                continue;
            unsigned last = first + bits - 1;
            b.octet[last / 8] ^= (uint8_t)(0x80 >> last % 8);
            assert_false(ip_in_prefix(&a, &b, bits));
        }
        assert_false(ip_in_prefix(&a, &a, all + 1));
    }
    struct aksu_ip v4 = ip("0.0.0.0"), v6 = ip("::");
    assert_false(ip_in_prefix(&v4, &v6, 0));
    assert_false(ip_in_prefix(&v6, &v4, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_in_their_shortest_form),
        cmocka_unit_test(what_is_not_an_address),
        cmocka_unit_test(every_address_is_read_back),
        cmocka_unit_test(damaged_texts_stay_inside),
        cmocka_unit_test(kinds_of_addresses),
        cmocka_unit_test(prefixes_of_every_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
