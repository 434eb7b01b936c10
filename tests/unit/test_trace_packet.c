/* test_trace_packet.c - captured packets to segments: link types, what a snapshot length cuts off,
 * fragments, segments that a device was to cut, checksums that a device was to complete. */
#include "help.h"

#include "trace_help.h"
#include "wire/ipv4.h"

enum { A = CTL_ACK, ROOM = 2048 };

static struct talk talk;
static struct trace_fragments fragments;
static struct trace_segment got;
static struct trace_icmp error;

/* `captured` octets of `length`, in memory of exactly that size. */
static enum trace_verdict read_some(int link, const uint8_t *data, size_t captured, size_t length)
{
    uint8_t *copy = exact_copy(data, captured);
    enum trace_verdict v = trace_packet_read(&fragments, &(struct trace_packet){ .link = link,
        .data = copy, .captured = (uint32_t)captured, .length = (uint32_t)length }, true, &got,
        &error);

    free(copy);
    return v;
}

static enum trace_verdict read_all(int link, const uint8_t *data, size_t length)
{
    return read_some(link, data, length, length);
}

/* 100 octets of text behind an IPv4 or IPv6 header. */
static size_t some_packet(bool v6, uint8_t out[ROOM])
{
    talk.v6 = v6;
    talk.port = 20000;
    return talk_packet(&talk, 0, (struct talk_segment){ .ctl = A, .seq = 5, .ack = 7, .len = 100,
                                                        .ts = 3 }, out);
}

static void assert_it_is(enum trace_verdict v)
{
    assert_int_equal(v, TRACE_SEGMENT);
    assert_int_equal(got.tcp.text_len, 100);
    assert_int_equal(got.tcp.source_port, 20000);
    assert_int_equal(got.tcp.options.ts_val, 3);
    assert_false(got.damaged);
}

static void every_link_type(void **state)
{
    static const struct {
        int link;
        uint8_t length, header[2][24];
    } links[] = {
        { TRACE_LINK_ETHERNET, 14, { { [12] = 8, 0 }, { [12] = 0x86, 0xdd } } },
        { TRACE_LINK_ETHERNET, 18, { { [12] = 0x81, 0, 0, 5, 8, 0 },
                                     { [12] = 0x81, 0, 0, 5, 0x86, 0xdd } } },
        { TRACE_LINK_ETHERNET, 22, { { [12] = 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0 },
                                     { [12] = 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 0x86, 0xdd } } },
        { TRACE_LINK_ETHERNET, 22, { { [12] = 0x88, 0x64, 0x11, [20] = 0, 0x21 },
                                     { [12] = 0x88, 0x64, 0x11, [20] = 0, 0x57 } } },
        { TRACE_LINK_COOKED, 16, { { [14] = 8, 0 }, { [14] = 0x86, 0xdd } } },
        { TRACE_LINK_COOKED_2, 20, { { 8, 0 }, { 0x86, 0xdd } } },
        { TRACE_LINK_NULL, 4, { { 2 }, { 30 } } },
        { TRACE_LINK_LOOP, 4, { { 0, 0, 0, 2 }, { 0, 0, 0, 24 } } },
        { TRACE_LINK_RAW, 0, { { 0 }, { 0 } } }, { TRACE_LINK_RAW_12, 0, { { 0 }, { 0 } } },
        { TRACE_LINK_RAW_14, 0, { { 0 }, { 0 } } }, { TRACE_LINK_IPV4, 0, { { 0 }, { 0 } } },
        { TRACE_LINK_IPV6, 0, { { 0 }, { 0 } } },
    };
    uint8_t packet[ROOM], frame[ROOM];
    (void)state;
    for (size_t i = 0; i < 2 * sizeof links / sizeof links[0]; i++) {
        size_t length = some_packet(i % 2, packet), skip = links[i / 2].length;
        memcpy(frame, links[i / 2].header[i % 2], skip);
        memcpy(frame + skip, packet, length);
        assert_true(trace_link_known(links[i / 2].link));
        assert_it_is(read_all(links[i / 2].link, frame, skip + length));
        for (size_t n = 0; n < skip + (i % 2 ? 40u : 20u); n++)
            assert_true(read_some(links[i / 2].link, frame, n, skip + length) != TRACE_SEGMENT);
    }
    assert_false(trace_link_known(105));
}

static void what_is_not_tcp(void **state)
{
    static const uint8_t arp[42] = { [12] = 8, 6 };
    uint8_t packet[ROOM];
    (void)state;
    assert_int_equal(read_all(TRACE_LINK_ETHERNET, arp, sizeof arp), TRACE_NOT_TCP);
    size_t length = some_packet(true, packet);
    packet[6] = 17;
    assert_int_equal(read_all(TRACE_LINK_RAW, packet, length), TRACE_NOT_TCP);
    packet[0] = 0x50;
    assert_int_equal(read_all(TRACE_LINK_RAW, packet, length), TRACE_NOT_TCP);
}

static void a_snapshot_length_takes_no_text_away(void **state)
{
    uint8_t packet[ROOM];
    (void)state;
    size_t length = some_packet(false, packet), headers = length - 100;
    for (size_t n = headers; n <= length; n++)
        assert_it_is(read_some(TRACE_LINK_RAW, packet, n, length));
    /* in the options: those that are there */
    assert_int_equal(read_some(TRACE_LINK_RAW, packet, headers - 1, length), TRACE_SEGMENT);
    assert_int_equal(got.tcp.text_len, 100);
    assert_false(got.tcp.options.has & HAS_TIMESTAMPS);
    assert_int_equal(read_some(TRACE_LINK_RAW, packet, 39, length), TRACE_CUT);
}

static void lengths_that_a_device_was_to_write(void **state)
{
    uint8_t packet[ROOM];
    (void)state;
    size_t length = some_packet(false, packet);
    packet[2] = packet[3] = 0;
    assert_it_is(read_all(TRACE_LINK_RAW, packet, length));
    length = some_packet(true, packet);
    packet[4] = packet[5] = 0;
    assert_it_is(read_all(TRACE_LINK_RAW, packet, length));
    /* the jumbo payload option: RFC 2675 2 */
    uint8_t jumbo[ROOM] = { [40] = IP_PROTOCOL_TCP, 0, 0xc2, 4, 0, 0, 0, (uint8_t)(length - 32) };
    memcpy(jumbo, packet, 40);
    jumbo[6] = 0;
    memcpy(jumbo + 48, packet + 40, length - 40);
    assert_it_is(read_all(TRACE_LINK_RAW, jumbo, length + 8));
}

static void padding_is_no_text(void **state)
{
    uint8_t packet[ROOM] = { 0 };
    (void)state;
    size_t length = some_packet(false, packet);
    assert_it_is(read_all(TRACE_LINK_RAW, packet, length + 6));
}

static void checksums(void **state)
{
    uint8_t packet[ROOM];
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        size_t length = some_packet(v6, packet), tcp = v6 ? 40 : 20;
        packet[length - 1] ^= 1;
        assert_int_equal(read_all(TRACE_LINK_RAW, packet, length), TRACE_SEGMENT);
        assert_true(got.damaged);
        assert_int_equal(read_some(TRACE_LINK_RAW, packet, length - 1, length), TRACE_SEGMENT);
        assert_false(got.damaged);              /* nobody can know */
        for (uint32_t said = 0; said < 2; said++) {     /* left to a device, in two manners */
            struct checksum c = checksum_pseudo(&got.source, &got.destination, IP_PROTOCOL_TCP,
                                                said * (uint32_t)(length - tcp));
            store_be16(packet + tcp + 16, (uint16_t)~checksum_finish(&c));
            assert_it_is(read_all(TRACE_LINK_RAW, packet, length));
        }
    }
}

static void malformed(void **state)
{
    uint8_t packet[ROOM];
    (void)state;
    size_t length = some_packet(false, packet);
    packet[32] = 0x10;                          /* a TCP header of 4 octets */
    assert_int_equal(read_all(TRACE_LINK_RAW, packet, length), TRACE_MALFORMED);
    length = some_packet(false, packet);
    packet[0] = 0x41;                           /* an IP header of 4 */
    assert_int_equal(read_all(TRACE_LINK_RAW, packet, length), TRACE_MALFORMED);
    length = some_packet(false, packet);
    store_be16(packet + 2, 24);                 /* ends inside of the TCP header */
    assert_int_equal(read_all(TRACE_LINK_RAW, packet, length), TRACE_MALFORMED);
}

/* A piece of `packet` with `from` to `to` of what IP carries. */
static enum trace_verdict fragment(const uint8_t *packet, size_t from, size_t to, bool more)
{
    uint8_t piece[ROOM];

    memcpy(piece, packet, IPV4_HEADER);
    memcpy(piece + IPV4_HEADER, packet + IPV4_HEADER + from, to - from);
    store_be16(piece + 2, (uint16_t)(IPV4_HEADER + to - from));
    store_be16(piece + 6, (uint16_t)((more ? 0x2000u : 0u) | from / 8));
    return read_all(TRACE_LINK_RAW, piece, IPV4_HEADER + to - from);
}

static void fragments_are_put_together_in_any_order(void **state)
{
    uint8_t packet[ROOM];
    (void)state;
    talk.identification = 9;
    size_t length = some_packet(false, packet) - IPV4_HEADER;
    assert_int_equal(fragment(packet, 0, 64, true), TRACE_FRAGMENT);
    assert_int_equal(fragment(packet, 64, 96, true), TRACE_FRAGMENT);
    assert_it_is(fragment(packet, 96, length, false));
    assert_int_equal(fragment(packet, 96, length, false), TRACE_FRAGMENT);
    assert_int_equal(fragment(packet, 64, 96, true), TRACE_FRAGMENT);
    assert_it_is(fragment(packet, 0, 64, true));
    assert_int_equal(fragment(packet, 64, length, false), TRACE_FRAGMENT);
    for (uint16_t i = 0; i < TRACE_FRAGMENTED; i++) {   /* as many others take its place */
        store_be16(packet + 4, (uint16_t)(100 + i));
        assert_int_equal(fragment(packet, 0, 64, true), TRACE_FRAGMENT);
    }
    store_be16(packet + 4, 9);
    assert_int_equal(fragment(packet, 0, 64, true), TRACE_FRAGMENT);
    talk.identification = 0;
}

static bool takes(const uint8_t *data, size_t length)
{
    return read_all(TRACE_LINK_ETHERNET, data, length) == TRACE_SEGMENT;
}

static void nothing_outside_of_a_packet_is_read(void **state)
{
    uint8_t frame[14 + ROOM] = { [12] = 8, 0 };
    (void)state;
    size_t length = 14 + some_packet(false, frame + 14);
    assert_true(good_truncations(takes, frame, length) > 0);
    assert_true(good_mutations(takes, frame, length, 20000, 1) > 0);
    memcpy(frame + 12, (uint8_t[]){ 0x86, 0xdd }, 2);
    length = 14 + some_packet(true, frame + 14);
    assert_true(good_mutations(takes, frame, length, 20000, 2) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_link_type), cmocka_unit_test(what_is_not_tcp),
        cmocka_unit_test(a_snapshot_length_takes_no_text_away),
        cmocka_unit_test(lengths_that_a_device_was_to_write),
        cmocka_unit_test(padding_is_no_text), cmocka_unit_test(checksums),
        cmocka_unit_test(malformed), cmocka_unit_test(fragments_are_put_together_in_any_order),
        cmocka_unit_test(nothing_outside_of_a_packet_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
