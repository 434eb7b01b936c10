/* checksum.c - the checksum of a segment (RFC 9293 3.1). What we send is checked by wire.c,
 * octet by octet. */
#include <string.h>

#include "tests/script/script.h"

enum { ROOM = TCP_HEADER_MOST + 64 };

SCRIPT(every_segment_has_its_checksum)              /* RFC 9293 3.1 [MUST-2] */
{
    for (int ipv6 = 0; ipv6 < 2; ipv6++)
        for (int ts = 0; ts < 2; ts++) {
            given(ESTABLISHED, .ipv6 = ipv6, .timestamps = ts, .sack = ts);
            user_set(NODELAY, 1);
            for (uint32_t n = 1; n < 40; n++) {     /* odd and even */
                uint32_t at = SND_NXT;
                user_send(n);
                out(PSH|ACK, .seq = at, .ack = 1, .len = n);
            }
            in (PSH|ACK, .seq = 12, .ack = SND_NXT, .len = 7);
            check_eq(discard(), 1);
            user_abort();
            any_reset();
        }
}

static size_t packet_of(uint8_t *packet, uint32_t text)
{
    static const uint8_t letters[] = "abcdefghijklmnopqrstuvwxyz";
    struct tcp_segment seg = { .source_port = 7000, .destination_port = 5000, .seq = w.irs,
        .ack = w.iss, .ctl = PSH|ACK, .wnd = 12345, .text_len = text, .parts = text > 0 };
    seg.options.has = HAS_TIMESTAMPS;
    seg.options.ts_val = 0x01020304;
    seg.text[0] = (struct aksu_slice){ letters, text };
    struct writer to = writer_of(packet, ROOM);
    wire_tcp_build(&to, &w.tuple.remote_ip, &w.tuple.local_ip, &seg, false);
    memcpy(packet + writer_length(&to), letters, text);
    return writer_length(&to) + text;
}

static enum tcp_fault parse(const uint8_t *packet, size_t length, struct tcp_segment *seg)
{
    return wire_tcp_parse(packet, length, NULL, 0, &w.tuple.remote_ip, &w.tuple.local_ip, false,
                          seg);
}

SCRIPT(a_wrong_bit_is_noticed)                      /* RFC 9293 3.1 [MUST-3] */
{
    uint8_t packet[ROOM];
    struct tcp_segment seg;
    for (int ipv6 = 0; ipv6 < 2; ipv6++)
        for (uint32_t text = 0; text < 26; text++) {
            given(CLOSED, .ipv6 = ipv6);
            size_t length = packet_of(packet, text);
            check_eq(parse(packet, length, &seg), TCP_GOOD);
            for (size_t bit = 0; bit < 8 * length; bit++) {
                packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
                check(parse(packet, length, &seg) != TCP_GOOD);
                packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
            }
            w.tuple.local_ip.octet[15] ^= 1;        /* meant for somebody else */
            check_eq(parse(packet, length, &seg), TCP_CHECKSUM);
            w.tuple.local_ip.octet[15] ^= 1;
        }
}

SCRIPT(reserved_bits_are_ignored)                   /* RFC 9293 3.1 */
{
    uint8_t packet[ROOM];
    struct tcp_segment seg;
    given(CLOSED);
    for (unsigned bits = 0; bits < 16; bits++) {
        size_t length = packet_of(packet, 5);
        packet[12] |= (uint8_t)bits;
        store_be16(packet + 16, 0);
        store_be16(packet + 16,
                   naive_checksum(&w.tuple.remote_ip, &w.tuple.local_ip, packet, length));
        check_eq(parse(packet, length, &seg), TCP_GOOD);
        check_eq(seg.ctl, PSH|ACK);
        check_eq(seg.text_len, 5);
        check_eq(seg.options.ts_val, 0x01020304);
    }
}
