/* test_wire_dns.c - DNS messages: names and their compression, questions, records, the query
 * (RFC 1035 2.3, 4.1; RFC 3596 2; RFC 6891 6.1), and anything else that may be in a datagram. */
#include "help.h"

#include "wire/dns.h"

static struct dns_name name_of(const char *text)
{
    struct dns_name name;
    assert_true(wire_dns_name_parse(text, &name));
    return name;
}

static void fill(char *to, char with, size_t count)
{
    memset(to, with, count);
    to[count] = '\0';
}

static void names_from_text(void **state)
{
    (void)state;
    struct dns_name name = name_of("www.Example.org");
    assert_int_equal(name.length, 17);
    assert_memory_equal(name.octet, "\003www\007Example\003org", 17);
    struct dns_name dotted = name_of("WWW.exAMPLE.org.");
    assert_true(wire_dns_name_eq(&name, &dotted));
    struct dns_name other = name_of("www.example.orh");
    assert_false(wire_dns_name_eq(&name, &other));
    other = name_of("www.example.or");
    assert_false(wire_dns_name_eq(&name, &other));
    name = name_of(".");
    assert_int_equal(name.length, 1);
    assert_int_equal(name.octet[0], 0);
    name = name_of("_sip-1.a");
    assert_memory_equal(name.octet, "\006_sip-1\001a", 10);

    static const char *const bad[] = { "", "..", ".a", "a..b", "a..", "a b", "a/b", "a:b",
                                       "h\xc3\xb6", "a@b", "*", "a\\.b", "[", "{", "`", "^" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(wire_dns_name_parse(bad[i], &name));
}

static void how_long_names_may_be(void **state)
{
    (void)state;
    struct dns_name name;
    char text[300];
    for (size_t n = 1; n <= 70; n++) {
        fill(text, 'x', n);
        assert_int_equal(wire_dns_name_parse(text, &name), n <= 63);
        strcat(text, ".de");
        assert_int_equal(wire_dns_name_parse(text, &name), n <= 63);
    }
    for (size_t n = 240; n <= 270; n++) {           /* labels of 1, 5 and 63 octets */
        static const size_t each[] = { 1, 5, 63 };
        for (size_t e = 0; e < 3; e++) {
            fill(text, 'y', n);
            for (size_t i = each[e]; i < n; i += each[e] + 1)
                text[i] = '.';
            if (text[n - 1] == '.')
                text[n - 1] = 'y', text[n - 2] = 'y';
            assert_int_equal(wire_dns_name_parse(text, &name), n <= 253);
            if (n <= 253)
                assert_int_equal(name.length, n + 2);
            strcat(text, ".");
            assert_int_equal(wire_dns_name_parse(text, &name), n <= 253);
            if (n <= 253)
                assert_int_equal(name.octet[name.length - 1], 0);
        }
    }
}

static void the_query(void **state)
{
    (void)state;
    static const uint8_t expected[] = "\x12\x34\x01\x00\0\1\0\0\0\0\0\1"
        "\003www\007example\003org\0\0\x1c\0\1"
        "\0\0\x29\x04\xd0\0\0\0\0\0";
    uint8_t octets[DNS_QUERY_MOST];
    struct dns_query q = { .id = 0x1234, .type = DNS_TYPE_AAAA, .edns = true };
    q.name = name_of("www.example.org");
    struct writer w = writer_of(octets, sizeof octets);
    wire_dns_query_build(&w, &q);
    assert_int_equal(writer_length(&w), sizeof expected);
    assert_memory_equal(octets, expected, sizeof expected);

    struct dns_message m;
    struct dns_question question;
    struct dns_record opt;
    assert_true(wire_dns_parse(octets, writer_length(&w), &m));
    assert_true(m.header.id == 0x1234 && !m.header.response && m.header.recursion_desired);
    assert_true(m.header.questions == 1 && m.header.answers == 0 && m.header.additionals == 1);
    assert_true(wire_dns_next_question(&m, &question));
    assert_true(wire_dns_name_eq(&question.name, &q.name));
    assert_true(question.type == DNS_TYPE_AAAA && question.class == DNS_CLASS_IN);
    assert_true(wire_dns_next_record(&m, &opt));
    assert_true(opt.type == DNS_TYPE_OPT && opt.class == 1232 && opt.length == 0);
    assert_false(wire_dns_next_record(&m, &opt));

    q.edns = false;
    w = writer_of(octets, sizeof octets);
    wire_dns_query_build(&w, &q);
    assert_int_equal(writer_length(&w), sizeof expected - 11);
    assert_int_equal(octets[11], 0);
    assert_memory_equal(octets + 12, expected + 12, sizeof expected - 11 - 12);
    for (size_t room = 0; room < sizeof expected - 11; room++) {
        w = writer_of(octets, room);
        wire_dns_query_build(&w, &q);
        assert_true(w.bad);
    }
    char longest[254];
    fill(longest, 'z', 253);
    longest[63] = longest[127] = longest[191] = '.';
    q = (struct dns_query){ .edns = true, .name = name_of(longest) };
    w = writer_of(octets, sizeof octets);
    wire_dns_query_build(&w, &q);
    assert_false(w.bad);
    assert_int_equal(writer_length(&w), DNS_QUERY_MOST);
}

/* An answer as servers give it: an alias, then addresses, names compressed. */
static const uint8_t answer[] = "\xab\xcd\x81\x80\0\1\0\4\0\0\0\0"
    "\003www\007example\003org\0\0\1\0\1"
    "\xc0\x0c\0\5\0\1\0\0\1\0\0\6\003foo\xc0\x10"
    "\xc0\x2d\0\1\0\1\0\0\0\x3c\0\4\x0a\1\2\3"
    "\003FOO\xc0\x10\0\x1c\0\1\0\0\0\x3c\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
    "\xc0\x10\0\x10\0\1\0\0\0\0\0\3\2hi";
static const size_t answer_length = sizeof answer - 1;

static void an_answer(void **state)
{
    (void)state;
    struct dns_message m;
    struct dns_question q;
    struct dns_record r;
    struct dns_name www = name_of("www.example.org"), foo = name_of("foo.example.org");
    struct dns_name example = name_of("example.org");
    assert_true(wire_dns_parse(answer, answer_length, &m));
    assert_true(m.header.id == 0xabcd && m.header.response && m.header.recursion_available);
    assert_true(!m.header.truncated && !m.header.authoritative && m.header.rcode == 0);
    assert_true(wire_dns_next_question(&m, &q) && wire_dns_name_eq(&q.name, &www));
    assert_true(wire_dns_next_record(&m, &r));
    assert_true(wire_dns_name_eq(&r.name, &www) && r.type == DNS_TYPE_CNAME && r.ttl == 256);
    assert_true(wire_dns_name_eq(&r.target, &foo));
    assert_true(wire_dns_next_record(&m, &r));
    assert_true(wire_dns_name_eq(&r.name, &foo) && r.type == DNS_TYPE_A && r.length == 4);
    assert_memory_equal(r.data, "\x0a\1\2\3", 4);
    assert_true(wire_dns_next_record(&m, &r));
    assert_true(wire_dns_name_eq(&r.name, &foo) && r.type == DNS_TYPE_AAAA && r.length == 16);
    assert_true(wire_dns_next_record(&m, &r));
    assert_true(wire_dns_name_eq(&r.name, &example) && r.type == 16 && r.length == 3);
    assert_int_equal(reader_left(&m.r), 0);
    assert_false(wire_dns_next_record(&m, &r));

    uint8_t flags[12] = { 0, 0, 0xfe, 0x0f };
    assert_true(wire_dns_parse(flags, 12, &m));
    assert_true(m.header.opcode == 15 && m.header.authoritative && m.header.truncated
                && !m.header.recursion_desired && !m.header.recursion_available
                && m.header.rcode == 15);
    for (size_t n = 0; n < 12; n++)
        assert_false(wire_dns_parse(flags, n, &m));
}

/* One question whose name starts at octet 12. */
static bool question_of(const void *text, size_t length, struct dns_question *out, size_t *left)
{
    uint8_t octets[700] = { 0 };
    struct dns_message m;
    memcpy(octets + 12, text, length);
    uint8_t *copy = exact_copy(octets, 12 + length);
    assert_true(wire_dns_parse(copy, 12 + length, &m));
    bool good = wire_dns_next_question(&m, out);
    assert_int_equal(good, !m.r.bad);
    *left = good ? reader_left(&m.r) : 0;
    free(copy);
    return good;
}

static void pointers(void **state)
{
    (void)state;
    struct dns_question q;
    size_t left;
    assert_true(question_of("\1a\0\0\1\0\1", 7, &q, &left));
    static const struct {
        const char *octets;
        size_t length;
    } bad[] = {
        { "\xc0\x0c\0\1\0\1", 6 },              /* itself */
        { "\xc0\x0e\1a\0\0\1\0\1", 9 },         /* forward */
        { "\xc0\x00\0\1\0\1", 6 },              /* into the header */
        { "\xc0\x0b\0\1\0\1", 6 },
        { "\1a\xc0\x0c\0\1\0\1", 8 },           /* to the labels that it ends */
        { "\1a\xc0\x0e\0\1\0\1", 8 },
        { "\x40\0\0\1\0\1", 6 },                /* reserved kinds of label */
        { "\x80\0\0\1\0\1", 6 },
        { "\xc0", 1 }, { "\1", 1 }, { "\77", 1 }, { "\1a", 2 }, { "\1a\0\0\1\0", 6 }, { "", 0 },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(question_of(bad[i].octets, bad[i].length, &q, &left));

    /* Two names that lead to each other: the second may go back, the first may not come forth */
    struct dns_message m;
    uint8_t ring[] = "\0\0\0\0\0\2\0\0\0\0\0\0" "\1a\xc0\x14\0\1\0\1" "\1b\xc0\x0c\0\1\0\1";
    assert_true(wire_dns_parse(ring, sizeof ring - 1, &m));
    assert_false(wire_dns_next_question(&m, &q));
    ring[14] = 0;
    ring[15] = 0;       /* now: a, then octets that are no question: read on by hand */
    assert_true(wire_dns_parse(ring, sizeof ring - 1, &m));
    m.r.at = ring + 20;
    assert_true(wire_dns_next_question(&m, &q));
    assert_memory_equal(q.name.octet, "\1b\1a", 5);
    assert_int_equal(q.name.length, 5);
    assert_false(wire_dns_next_question(&m, &q));
}

/* Every label points to the one before: as long a name as can be, and one that is longer. */
static void long_chains(void **state)
{
    (void)state;
    uint8_t octets[700] = { 0 };
    size_t at = 12, last = 12;
    struct dns_message m;
    struct dns_question q;
    octets[at++] = 1;
    octets[at++] = 'a';
    octets[at++] = 0;
    for (unsigned length = 3;; length += 2) {
        size_t here = at;
        octets[at++] = 1;
        octets[at++] = 'b';
        octets[at++] = (uint8_t)(0xc0 | last >> 8);
        octets[at++] = (uint8_t)last;
        last = here;
        assert_true(wire_dns_parse(octets, at + 4, &m));
        m.r.at = octets + here;
        bool good = wire_dns_next_question(&m, &q);
        assert_int_equal(good, length + 2 <= 255);
        if (!good)
            break;
        assert_int_equal(q.name.length, length + 2);
        assert_ptr_equal(m.r.at, octets + at + 4);
    }
    uint8_t flat[300] = { 0 };                      /* four labels of 63 octets are one too many */
    for (unsigned i = 0; i < 4; i++)
        flat[64 * i] = 63;
    size_t left;
    assert_false(question_of(flat, 261, &q, &left));
    flat[192] = 61;
    assert_true(question_of(flat, 259, &q, &left));
    assert_int_equal(q.name.length, 255);
    flat[192] = 62;
    assert_false(question_of(flat, 260, &q, &left));
}

static void data_of_the_wrong_length(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 40; type++) {
        for (unsigned length = 0; length < 40; length++) {
            uint8_t octets[12 + 11 + 40] = { [14] = (uint8_t)type, [16] = 1,
                                             [22] = (uint8_t)length };
            struct dns_message m;
            struct dns_record r;
            assert_true(wire_dns_parse(octets, 23 + length, &m));
            m.r.at = octets + 12;
            bool good = (type != DNS_TYPE_A || length == 4)
                     && (type != DNS_TYPE_AAAA || length == 16)
                     && (type != DNS_TYPE_CNAME || length == 1);
            assert_int_equal(wire_dns_next_record(&m, &r), good);
            assert_true(wire_dns_parse(octets, 22 + length, &m));      /* an octet too few */
            m.r.at = octets + 12;
            assert_false(wire_dns_next_record(&m, &r));
            octets[16] = 3;                                         /* another class: anything */
            assert_true(wire_dns_parse(octets, 23 + length, &m));
            m.r.at = octets + 12;
            assert_true(wire_dns_next_record(&m, &r));
        }
    }
}

/* All of it. What holds for any octets: reading ends, and what is borrowed lies inside. */
static bool parses(const uint8_t *data, size_t length)
{
    struct dns_message m;
    struct dns_question q;
    struct dns_record r;
    if (!wire_dns_parse(data, length, &m))
        return false;
    for (unsigned i = 0; i < m.header.questions; i++) {
        if (!wire_dns_next_question(&m, &q))
            return false;
        assert_int_equal(q.name.octet[q.name.length - 1], 0);
    }
    for (unsigned i = 0; i < m.header.answers; i++) {
        if (!wire_dns_next_record(&m, &r))
            return false;
        assert_in_range(r.name.length, 1, 255);
        assert_true(r.data >= data && r.data + r.length <= data + length);
        assert_true(r.type != DNS_TYPE_A || r.class != DNS_CLASS_IN || r.length == 4);
    }
    return true;
}

static void broken_messages(void **state)
{
    (void)state;
    assert_true(parse_exactly(parses, answer, answer_length));
    assert_int_equal(good_truncations(parses, answer, answer_length), 0);
    unsigned good = good_mutations(parses, answer, answer_length, 100000, 1);
    assert_in_range(good, 1000, 90000);
    uint64_t seed = 7;
    uint8_t noise[64];
    for (unsigned i = 0; i < 20000; i++) {
        chance_fill(&seed, noise, sizeof noise);
        noise[4] = noise[6] = 0;
        noise[5] = noise[7] = 2;
        parse_exactly(parses, noise, chance_below(&seed, sizeof noise + 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_from_text),
        cmocka_unit_test(how_long_names_may_be),
        cmocka_unit_test(the_query),
        cmocka_unit_test(an_answer),
        cmocka_unit_test(pointers),
        cmocka_unit_test(long_chains),
        cmocka_unit_test(data_of_the_wrong_length),
        cmocka_unit_test(broken_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
