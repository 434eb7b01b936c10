/* test_wire_dhcp.c - DHCP messages: the fixed part, the options and their overload (RFC 2131 2,
 * 4.1; RFC 2132), and what is not one. */
#include "help.h"

#include "wire/dhcp.h"

enum { COOKIE = 236, OPTIONS = 240, ROOM = 1500 };

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 7 };

static struct dhcp_message offer(void)
{
    static const uint8_t client[] = { 1, 2, 0, 0, 0, 0, 7 }, wanted[] = { 1, 3, 6 };
    struct dhcp_message m = {
        .reply = true, .broadcast = true, .secs = 0x0102, .xid = 0xa1b2c3d4, .type = DHCP_OFFER,
        .ciaddr = { 10, 0, 0, 1 }, .yiaddr = { 10, 0, 0, 2 }, .siaddr = { 10, 0, 0, 3 },
        .giaddr = { 10, 0, 0, 4 }, .mask = { 255, 255, 255, 0 }, .requested = { 10, 0, 0, 5 },
        .server = { 10, 0, 0, 6 }, .router = { 10, 0, 0, 7 }, .resolvers = 2,
        .resolver = { { 8, 8, 8, 8 }, { 9, 9, 9, 9 } }, .mtu = 1400, .max_size = 1472,
        .lease = 3600, .t1 = 1000, .t2 = 2000,
    };
    memcpy(m.chaddr, mac, sizeof mac);
    m.client = (struct aksu_slice){ client, sizeof client };
    m.parameters = (struct aksu_slice){ wanted, sizeof wanted };
    return m;
}

static size_t build(const struct dhcp_message *m, uint8_t to[ROOM])
{
    struct writer w = writer_of(to, ROOM);
    wire_dhcp_build(&w, m);
    assert_false(w.bad);
    return writer_length(&w);
}

static bool same_slice(struct aksu_slice a, struct aksu_slice b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static void assert_same(const struct dhcp_message *a, const struct dhcp_message *b)
{
    assert_true(a->reply == b->reply && a->broadcast == b->broadcast && a->secs == b->secs);
    assert_true(a->xid == b->xid && a->type == b->type && a->lease == b->lease);
    assert_memory_equal(a->ciaddr, b->ciaddr, 4);
    assert_memory_equal(a->yiaddr, b->yiaddr, 4);
    assert_memory_equal(a->siaddr, b->siaddr, 4);
    assert_memory_equal(a->giaddr, b->giaddr, 4);
    assert_memory_equal(a->chaddr, b->chaddr, 6);
    assert_memory_equal(a->mask, b->mask, 4);
    assert_memory_equal(a->requested, b->requested, 4);
    assert_memory_equal(a->server, b->server, 4);
    assert_memory_equal(a->router, b->router, 4);
    assert_int_equal(a->resolvers, b->resolvers);
    assert_memory_equal(a->resolver, b->resolver, sizeof a->resolver);
    assert_true(a->mtu == b->mtu && a->max_size == b->max_size && a->t1 == b->t1 && a->t2 == b->t2);
    assert_true(same_slice(a->parameters, b->parameters) && same_slice(a->client, b->client));
}

static void build_then_parse(void **state)
{
    (void)state;
    uint8_t octets[ROOM];
    struct dhcp_message in = offer(), out;
    size_t length = build(&in, octets);
    assert_in_range(length, 300, DHCP_MOST);
    assert_int_equal(wire_dhcp_parse(octets, length, &out), DHCP_GOOD);
    assert_same(&in, &out);

    in = (struct dhcp_message){ .type = DHCP_DISCOVER };
    length = build(&in, octets);
    assert_int_equal(length, 300);
    assert_int_equal(wire_dhcp_parse(octets, length, &out), DHCP_GOOD);
    assert_same(&in, &out);
    assert_memory_equal(octets, "\1\1\6\0\0\0\0\0\0\0\0\0", 12);
    assert_memory_equal(octets + COOKIE, "\x63\x82\x53\x63\x35\1\1\xff\0\0", 10);
    for (size_t i = 12; i < COOKIE; i++)
        assert_int_equal(octets[i], 0);
    for (size_t room = 0; room < 300; room++) {
        struct writer w = writer_of(octets, room);
        wire_dhcp_build(&w, &in);
        assert_true(w.bad);
    }
}

/* The message with these options in the place of its own. */
static enum dhcp_fault with_options(const void *options, size_t length, struct dhcp_message *out)
{
    uint8_t octets[ROOM];
    struct dhcp_message m = offer();
    build(&m, octets);
    memcpy(octets + OPTIONS, options, length);
    uint8_t *copy = exact_copy(octets, OPTIONS + length);
    enum dhcp_fault fault = wire_dhcp_parse(copy, OPTIONS + length, out);
    out->client = out->parameters = (struct aksu_slice){ NULL, 0 };
    free(copy);
    return fault;
}

static void options(void **state)
{
    (void)state;
    struct dhcp_message m;
    assert_int_equal(with_options("\x35\1\5\xff", 4, &m), DHCP_GOOD);
    assert_int_equal(m.type, DHCP_ACK);
    assert_int_equal(with_options("\0\0\x35\1\5\0", 6, &m), DHCP_GOOD);         /* no END */
    assert_int_equal(with_options("\xff\x35\1\5", 4, &m), DHCP_NO_TYPE);        /* after the end */
    assert_int_equal(with_options("", 0, &m), DHCP_NO_TYPE);
    assert_int_equal(with_options("\x35\1\5\x33", 4, &m), DHCP_OPTIONS);        /* no length */
    assert_int_equal(with_options("\x35\1\5\x33\4\0\0\1", 8, &m), DHCP_OPTIONS);
    assert_int_equal(with_options("\x35\1\5\xfa\xff", 5, &m), DHCP_OPTIONS);
    assert_int_equal(with_options("\x35\2\5\5\xff", 5, &m), DHCP_NO_TYPE);

    /* Unknown ones are passed over, twice: the first holds, lists are joined, not beyond three */
    static const char twice[] = "\x35\1\5\xfa\2zz\x0c\0" "\1\4\xff\xff\0\0\1\4\xff\0\0\0"
                                "\3\10\1\1\1\1\2\2\2\2\3\4\3\3\3\3"
                                "\6\4\1\1\1\1\6\14\2\2\2\2\3\3\3\3\4\4\4\4\xff";
    assert_int_equal(with_options(twice, sizeof twice - 1, &m), DHCP_GOOD);
    assert_memory_equal(m.mask, "\xff\xff\0\0", 4);
    assert_memory_equal(m.router, "\1\1\1\1", 4);
    assert_int_equal(m.resolvers, 3);
    assert_memory_equal(m.resolver, "\1\1\1\1\2\2\2\2\3\3\3\3", 12);
}

static bool tells_nothing(const struct dhcp_message *m)
{
    return (m->mask[0] | m->requested[0] | m->server[0] | m->router[0] | m->resolvers) == 0
        && m->mtu == 0 && m->max_size == 0 && m->lease == 0 && m->t1 == 0 && m->t2 == 0;
}

static void options_of_a_wrong_length(void **state)
{
    (void)state;
    struct dhcp_message m;
    static const struct {
        uint8_t code, each;
        bool list;
    } known[] = { { 1, 4, false }, { 3, 4, true }, { 6, 4, true }, { 26, 2, false },
                  { 50, 4, false }, { 51, 4, false }, { 52, 1, false }, { 54, 4, false },
                  { 57, 2, false }, { 58, 4, false }, { 59, 4, false } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        for (uint8_t length = 0; length < 30; length++) {
            uint8_t text[64] = { 0x35, 1, 5, known[i].code, length };
            bool fits = length == known[i].each
                     || (known[i].list && length > 0 && length % known[i].each == 0);
            memset(text + 5, 0x44, length);             /* as an overload: neither field */
            assert_int_equal(with_options(text, 5u + length, &m), DHCP_GOOD);
            assert_int_equal(tells_nothing(&m), !fits || known[i].code == 52);
        }
    }
    assert_int_equal(with_options("\x35\1\5\x1a\2\0\x43", 7, &m), DHCP_GOOD);
    assert_int_equal(m.mtu, 0);                         /* 67 */
    assert_int_equal(with_options("\x35\1\5\x1a\2\0\x44", 7, &m), DHCP_GOOD);
    assert_int_equal(m.mtu, 68);
}

/* RFC 2131 4.1: "options", then "file", then "sname". */
static void overload(void **state)
{
    (void)state;
    for (uint8_t which = 0; which <= 4; which++) {
        uint8_t octets[ROOM];
        struct dhcp_message in = { .type = DHCP_ACK }, m;
        size_t length = build(&in, octets);
        memcpy(octets + OPTIONS, "\x34\1\0\x35\1\5\xff", 7);
        octets[OPTIONS + 2] = which;
        memcpy(octets + 108, "\3\4\1\1\1\1\6\4\2\2\2\2\x34\1\3\xff", 16);
        memcpy(octets + 44, "\3\4\3\3\3\3\6\4\4\4\4\4\xff", 13);
        assert_int_equal(wire_dhcp_parse(octets, length, &m), DHCP_GOOD);
        bool file = which & 1, sname = which & 2;
        assert_int_equal(m.router[0], file ? 1 : sname ? 3 : 0);
        assert_int_equal(m.resolvers, file + sname);
        assert_int_equal(m.resolver[0][0], file ? 2 : sname ? 4 : 0);
        assert_int_equal(m.resolver[1][0], file && sname ? 4 : 0);
        memset(octets + 108, 0, 128);
        octets[108 + 126] = 12;                 /* reaches over the end of "file" */
        octets[108 + 127] = 1;
        assert_int_equal(wire_dhcp_parse(octets, length, &m), file ? DHCP_OPTIONS : DHCP_GOOD);
        octets[108 + 126] = 0;
        octets[44 + 62] = 12;
        octets[44 + 63] = 1;
        octets[44] = 0;
        memset(octets + 44, 0, 62);
        octets[108 + 127] = 0;
        assert_int_equal(wire_dhcp_parse(octets, length, &m), sname ? DHCP_OPTIONS : DHCP_GOOD);
    }
}

static void what_is_not_dhcp(void **state)
{
    (void)state;
    uint8_t octets[ROOM];
    struct dhcp_message in = offer(), m;
    size_t length = build(&in, octets);
    for (size_t n = 0; n < OPTIONS; n++)
        assert_int_equal(wire_dhcp_parse(octets, n, &m), DHCP_TRUNCATED);
    octets[1] = 6;
    assert_int_equal(wire_dhcp_parse(octets, length, &m), DHCP_NOT_ETHERNET);
    octets[1] = 1;
    octets[2] = 16;
    assert_int_equal(wire_dhcp_parse(octets, length, &m), DHCP_NOT_ETHERNET);
    octets[2] = 6;
    octets[0] = 1;
    assert_int_equal(wire_dhcp_parse(octets, length, &m), DHCP_GOOD);
    assert_false(m.reply);
    octets[0] = 3;
    assert_int_equal(wire_dhcp_parse(octets, length, &m), DHCP_GOOD);
    assert_false(m.reply);
    octets[COOKIE + 3] ^= 1;
    assert_int_equal(wire_dhcp_parse(octets, length, &m), DHCP_COOKIE);
}

static bool parses(const uint8_t *data, size_t length)
{
    struct dhcp_message m;
    if (wire_dhcp_parse(data, length, &m) != DHCP_GOOD)
        return false;
    assert_int_not_equal(m.type, 0);
    assert_in_range(m.resolvers, 0, DHCP_RESOLVERS);
    assert_true(m.client.length == 0
                || (m.client.data >= data && m.client.data + m.client.length <= data + length));
    assert_true(m.parameters.length == 0
                || (m.parameters.data >= data
                    && m.parameters.data + m.parameters.length <= data + length));
    return true;
}

static void broken_messages(void **state)
{
    (void)state;
    uint8_t octets[ROOM];
    struct dhcp_message in = offer();
    size_t length = build(&in, octets);
    assert_true(parse_exactly(parses, octets, length));
    assert_in_range(good_mutations(parses, octets, length, 100000, 2), 10000, 99000);
    uint64_t seed = 3;
    for (unsigned i = 0; i < 20000; i++) {          /* all noise but for the head */
        chance_fill(&seed, octets + OPTIONS, 60);
        memcpy(octets + OPTIONS, "\x35\1\2\x34\1\3", 6);
        chance_fill(&seed, octets + 44, 192);
        parse_exactly(parses, octets, OPTIONS + 6 + chance_below(&seed, 55));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(build_then_parse),
        cmocka_unit_test(options),
        cmocka_unit_test(options_of_a_wrong_length),
        cmocka_unit_test(overload),
        cmocka_unit_test(what_is_not_dhcp),
        cmocka_unit_test(broken_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
