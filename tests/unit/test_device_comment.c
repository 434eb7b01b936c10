/* test_device_comment.c - the lines of a packet's comment, and the checksum that a capture
 * completes, each alone. */
#include "help.h"

#include "device/comment.h"
#include "device/complete.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/udp.h"

#include <stdio.h>

static struct aksu_event dropped(const char *why)
{
    return (struct aksu_event){ .kind = AKSU_EV_dropped,
                                .dropped = { .rule = "rule", .why = why } };
}

static void put(struct comment *c, const char *why)
{
    struct aksu_event e = dropped(why);
    comment_event(c, &e);
}

static void put_shown(struct comment *c, const char *why)
{
    struct aksu_event e = dropped(why);
    comment_shown_event(c, &e);
}

static void assert_taken(struct comment *c, const char *expected)
{
    struct aksu_slice text = comment_take(c);
    if (text.length != strlen(expected) || memcmp(text.data, expected, text.length) != 0)
        fail_msg("\"%.*s\" is not \"%s\"", (int)text.length, (const char *)text.data, expected);
}

#define LINE(why) "0.000000 segment dropped: rule rule, why " why

static void lines_are_joined(void **state)
{
    (void)state;
    struct comment *c = malloc(sizeof *c);
    comment_init(c);
    assert_taken(c, "");
    put(c, "one");
    put(c, "two");
    comment_add(c, "of our own\n");
    assert_taken(c, LINE("one") "\n" LINE("two") "\nof our own");
    assert_taken(c, "");
    put(c, "earlier");
    comment_set_earlier(c);
    assert_taken(c, "before this packet:\n" LINE("earlier"));
    put(c, "earlier");
    comment_set_earlier(c);
    put(c, "now");
    assert_taken(c, "before this packet:\n" LINE("earlier") "\nthis packet:\n" LINE("now"));
    free(c);
}

static void what_the_packet_shows_goes(void **state)
{
    (void)state;
    struct comment *c = malloc(sizeof *c);
    comment_init(c);
    comment_forget_shown(c);
    put(c, "one");
    put_shown(c, "lost before");
    put_shown(c, "shown");
    put(c, "two");
    comment_forget_shown(c);
    comment_forget_shown(c);
    assert_taken(c, LINE("one") "\n" LINE("lost before") "\n" LINE("two"));
    put_shown(c, "shown");
    put(c, "one");
    comment_set_earlier(c);
    put(c, "two");
    comment_forget_shown(c);
    assert_taken(c, "before this packet:\n" LINE("one") "\nthis packet:\n" LINE("two"));
    put_shown(c, "taken with the others");
    assert_taken(c, LINE("taken with the others"));
    put(c, "next");
    comment_forget_shown(c);
    assert_taken(c, LINE("next"));
    free(c);
}

/* A short line after one that found no room would be out of its place. */
static void the_rest_is_counted(void **state)
{
    (void)state;
    struct comment *c = malloc(sizeof *c);
    char long_line[1000], ending[32];
    comment_init(c);
    memset(long_line, 'x', sizeof long_line - 1);
    long_line[sizeof long_line - 1] = 0;
    unsigned lines = 0;
    for (size_t before = 1; before != c->used; lines++) {
        before = c->used;
        put(c, long_line);
    }
    assert_true(c->used > COMMENT_MOST - 1100);
    put(c, "short");
    comment_add(c, "x\n");
    struct aksu_slice text = comment_take(c);
    snprintf(ending, sizeof ending, "\n... %u more", 3);
    assert_true(text.length < 65532);
    assert_memory_equal(text.data + text.length - strlen(ending), ending, strlen(ending));
    assert_true(lines > 50);
    put(c, "room again");
    assert_taken(c, LINE("room again"));
    free(c);
}

enum { FIELD_UDP = 6, TEXT = 5 };

/* A datagram whose checksum field is wrong. Returns the octets before the UDP header. */
static size_t datagram(struct writer *w, bool v4, bool fragment, uint16_t field)
{
    struct aksu_ip from, to;
    assert_true(aksu_ip_parse(v4 ? "10.0.0.1" : "fd00::1", &from));
    assert_true(aksu_ip_parse(v4 ? "10.0.0.2" : "fd00::2", &to));
    struct ipv4_header h4 = { .source = from, .destination = to, .ttl = 64,
                              .protocol = IP_PROTOCOL_UDP, .more_fragments = fragment,
                              .total_length = IPV4_HEADER + UDP_HEADER + TEXT };
    struct ipv6_header h6 = { .source = from, .destination = to, .hop_limit = 64,
                              .next_header = IP_PROTOCOL_UDP, .payload_length = UDP_HEADER + TEXT };
    if (v4)
        wire_ipv4_build(w, &h4);
    else
        wire_ipv6_build(w, &h6);
    size_t at = writer_length(w);
    write_be16(w, 1000);
    write_be16(w, 2000);
    write_be16(w, UDP_HEADER + TEXT);
    write_be16(w, field);
    memcpy(write_space(w, TEXT), "hello", TEXT);
    return at;
}

static bool adds_up(const uint8_t *udp, bool v4)
{
    struct aksu_ip from, to;
    struct udp_header h;
    struct reader r = reader_of(udp, UDP_HEADER + TEXT);
    assert_true(aksu_ip_parse(v4 ? "10.0.0.1" : "fd00::1", &from));
    assert_true(aksu_ip_parse(v4 ? "10.0.0.2" : "fd00::2", &to));
    return wire_udp_parse(&r, &from, &to, false, &h) == UDP_GOOD;
}

static void datagrams_are_completed(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        uint8_t octets[100];
        struct writer w = writer_of(octets, sizeof octets);
        size_t at = datagram(&w, k == 0, false, 0x1234);
        assert_false(adds_up(octets + at, k == 0));
        device_complete_checksum(octets, writer_length(&w), false);
        assert_true(adds_up(octets + at, k == 0));
    }
}

static void other_frames_stay(void **state)
{
    (void)state;
    uint8_t octets[100], before[100];
    uint64_t seed = 3;
    struct writer w = writer_of(octets, sizeof octets);
    (void)datagram(&w, true, true, 0x1234);
    memcpy(before, octets, sizeof before);
    device_complete_checksum(octets, writer_length(&w), false);     /* a fragment */
    assert_memory_equal(octets, before, writer_length(&w));
    w = writer_of(octets, sizeof octets);
    (void)datagram(&w, true, false, 0x1234);
    for (size_t n = 0; n < writer_length(&w); n++) {                /* cut off */
        uint8_t *copy = exact_copy(octets, n);
        device_complete_checksum(copy, n, false);
        assert_memory_equal(copy, octets, n);
        device_complete_checksum(copy, n, true);
        assert_memory_equal(copy, octets, n);
        free(copy);
    }
    for (unsigned n = 0; n < 20000; n++) {                          /* anything */
        size_t length = chance_below(&seed, 80);
        uint8_t *copy = malloc(length + 1);
        chance_fill(&seed, copy, length);
        if (length > 20 && n % 2 == 0)
            memcpy(copy, octets, 10);
        device_complete_checksum(copy, length, n % 3 == 0);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_joined),
        cmocka_unit_test(what_the_packet_shows_goes),
        cmocka_unit_test(the_rest_is_counted),
        cmocka_unit_test(datagrams_are_completed),
        cmocka_unit_test(other_frames_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
