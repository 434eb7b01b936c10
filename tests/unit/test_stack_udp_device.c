/* test_stack_udp_device.c - UDP endpoints of one device: broadcasts without an address, as DHCP
 * needs them (RFC 2131 4.1, RFC 1122 3.2.1.3), groups (RFC 1112 6, RFC 2464 7), and who gets
 * what. */
#include "alone_help.h"

#include "wire/checksum.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/udp.h"

static aksu_udp endpoint(struct alone *w, uint32_t device, const char *local, uint16_t port)
{
    aksu_udp u;
    struct aksu_udp_open how = { .local = { ip_of_text(local), port }, .device = { device } };
    assert_int_equal(aksu_udp_open(w->net, &how, &u), AKSU_OK);
    return u;
}

static enum aksu_status send_to(struct alone *w, aksu_udp u, const char *ip, uint16_t port)
{
    struct aksu_endpoint to = { ip_of_text(ip), port };
    return aksu_udp_send(w->net, u, &to, "text", 4, w->now);
}

static void datagram(struct alone *w, unsigned device, const char *source, const char *destination,
                     uint16_t port)
{
    uint8_t octets[12];
    struct packet_out p = { .source = ip_of_text(source), .destination = ip_of_text(destination),
                            .hop_limit = 64, .protocol = IP_PROTOCOL_UDP, .payload = octets,
                            .length = sizeof octets };
    store_be16(octets, 67);
    store_be16(octets + 2, port);
    store_be16(octets + 4, sizeof octets);
    store_be16(octets + 6, 0);
    memcpy(octets + 8, "back", 4);
    alone_packet(w, device, 1, &p);
}

static bool has_text(struct alone *w, aksu_udp u)
{
    char text[8];
    struct aksu_endpoint from;
    ptrdiff_t n = aksu_udp_receive(w->net, u, &from, text, sizeof text);
    assert_true(n == 4 || n == -AKSU_WOULD_BLOCK);
    return n == 4 && memcmp(text, "back", 4) == 0;
}

/* The exchange of DHCP before there is an address. */
static void a_broadcast_without_an_address(void **state)
{
    (void)state;
    struct alone w;
    alone_init(&w, 1, 7);
    aksu_udp any = endpoint(&w, 0, "0.0.0.0", 5000), u = endpoint(&w, 2, "0.0.0.0", 68);
    assert_int_equal(send_to(&w, any, "255.255.255.255", 67), AKSU_UNREACHABLE_NET);
    assert_int_equal(aksu_route_add(w.net, w.device[1], "192.0.2.0/24", NULL), AKSU_OK);
    assert_int_equal(aksu_route_add(w.net, w.device[1], "255.0.0.0/8", NULL), AKSU_OK);
    assert_int_equal(send_to(&w, any, "255.255.255.255", 67), AKSU_UNREACHABLE_NET);
    assert_int_equal(send_to(&w, u, "10.0.0.1", 67), AKSU_UNREACHABLE_NET);
    assert_int_equal(send_to(&w, u, "192.0.2.1", 67), AKSU_UNREACHABLE_NET);
    assert_int_equal(send_to(&w, u, "255.255.255.255", 67), AKSU_OK);
    alone_collect(&w);
    assert_int_equal(w.frames, 1);
    const struct sent *f = &w.frame[0];
    const uint8_t *ip = f->octet + ETHERNET_HEADER;
    assert_int_equal(f->device, 2);
    assert_memory_equal(f->octet, "\xff\xff\xff\xff\xff\xff\2\0\0\0\7\2\x08\0", 14);
    assert_memory_equal(ip + 12, "\0\0\0\0\xff\xff\xff\xff", 8);
    assert_int_equal(load_be16(ip + 20), 68);
    struct reader r = reader_of(ip + 20, 12);
    struct udp_header h;
    struct aksu_ip from = ip_of_text("0.0.0.0"), to = ip_of_text("255.255.255.255");
    assert_int_equal(wire_udp_parse(&r, &from, &to, false, &h), UDP_GOOD);

    datagram(&w, 1, "192.0.2.1", "255.255.255.255", 68);
    assert_true(has_text(&w, u));
    datagram(&w, 0, "192.0.2.1", "255.255.255.255", 68);        /* another device */
    datagram(&w, 1, "192.0.2.1", "255.255.255.255", 69);        /* another port */
    assert_false(has_text(&w, u));
    alone_collect(&w);
    assert_int_equal(w.frames, 1);                              /* no errors about broadcasts */
    alone_fini(&w);
}

/* RFC 2131 4.1: a server may send to the address that it offers, whatever was asked for. */
static void a_unicast_before_there_is_an_address(void **state)
{
    (void)state;
    struct alone w;
    alone_init(&w, 1, 7);
    alone_add(&w, 0, "10.0.0.2/24");
    alone_add(&w, 1, "fd00::2/64");
    aksu_udp any = endpoint(&w, 0, "0.0.0.0", 68), u = endpoint(&w, 2, "0.0.0.0", 68);
    aksu_udp other = endpoint(&w, 0, "0.0.0.0", 70);
    datagram(&w, 1, "192.0.2.1", "192.0.2.77", 68);
    assert_true(has_text(&w, u));
    alone_forget(&w);

    static const struct { unsigned device; const char *to; uint16_t port; } refused[] = {
        { 0, "192.0.2.77", 68 },        /* a device with an address */
        { 2, "192.0.2.77", 68 },        /* a device whose endpoint this is not */
        { 1, "192.0.2.77", 70 },        /* an endpoint of any device */
        { 1, "192.0.2.77", 71 },        /* nobody's port */
        { 1, "0.0.0.0", 68 }, { 1, "127.0.0.1", 68 }, { 1, "224.0.0.9", 68 },
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        datagram(&w, refused[i].device, "192.0.2.1", refused[i].to, refused[i].port);
        assert_false(has_text(&w, u) || has_text(&w, any) || has_text(&w, other));
        assert_true(alone_logged(&w, i < 5 ? "not for us" : i == 5 ? "loopback" : "group"));
        alone_forget(&w);
    }
    alone_add(&w, 1, "192.0.2.78/24");
    datagram(&w, 1, "192.0.2.1", "192.0.2.77", 68);
    assert_false(has_text(&w, u));
    assert_true(alone_logged(&w, "not for us"));
    alone_collect(&w);
    assert_int_equal(w.frames, 0);
    alone_fini(&w);
}

/* Nothing but that datagram reaches anybody: no answer may come from an address not ours. */
static void nothing_else_before_there_is_an_address(void **state)
{
    (void)state;
    struct alone w;
    uint8_t segment[20] = { [3] = 80, [12] = 0x50, [13] = 2 }, fragment[16] = { [3] = 68 };
    struct packet_out p = { .source = ip_of_text("192.0.2.1"),
                            .destination = ip_of_text("192.0.2.77"), .hop_limit = 64 };
    alone_init(&w, 1, 7);
    assert_int_equal(aksu_route_add(w.net, w.device[1], "192.0.2.0/24", NULL), AKSU_OK);
    aksu_udp u = endpoint(&w, 2, "0.0.0.0", 68);
    alone_icmp(&w, 1, 9, "192.0.2.1", "192.0.2.77", 64,
               &(struct icmp_message){ .kind = ICMP_ECHO_REQUEST });
    p.payload = segment;
    p.length = sizeof segment;
    p.protocol = IP_PROTOCOL_TCP;
    alone_packet(&w, 1, 9, &p);
    p.protocol = 132;
    alone_packet(&w, 1, 9, &p);

    /* a first fragment, and options that are broken: long headers made by hand */
    uint8_t frame[14 + 24 + 16] = { 2, 0, 0, 0, 7, 2, 2, 0, 0, 0, 99, 9, 8, 0 }, *ip = frame + 14;
    static const uint8_t header[2][24] = {
        { 0x45, 0, 0, 36, 0, 1, 0x20, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 77 },
        { 0x46, 0, 0, 40, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 77, 7, 99, 0, 0 },
    };
    for (unsigned i = 0; i < 2; i++) {
        size_t length = 20 + 4 * i;
        memcpy(ip, header[i], length);
        struct checksum sum = { 0 };
        checksum_add(&sum, ip, length);
        store_be16(ip + 10, checksum_finish(&sum));
        memcpy(ip + length, fragment, sizeof fragment);
        alone_give(&w, 1, frame, 14 + length + sizeof fragment);
    }
    unsigned told = 0;
    for (const char *at = w.log; (at = strstr(at, "not for us")) != NULL; at++)
        told++;
    assert_int_equal(told, 5);
    assert_false(has_text(&w, u));
    alone_wait(&w, AKSU_SECONDS(100));
    assert_int_equal(w.frames, 0);
    alone_fini(&w);
}

static void its_own_device_in_and_out(void **state)
{
    (void)state;
    struct alone w;
    alone_init(&w, 1, 7);
    for (unsigned i = 0; i < 2; i++) {
        char text[] = "10.0.0.2/24";
        text[3] = (char)('0' + i);
        alone_add(&w, i, text);
    }
    assert_int_equal(aksu_route_add(w.net, w.device[0], "0.0.0.0/0", "10.0.0.1"), AKSU_OK);
    aksu_udp first = endpoint(&w, 1, "0.0.0.0", 68), second = endpoint(&w, 2, "0.0.0.0", 68);
    aksu_udp all = endpoint(&w, 0, "0.0.0.0", 68);
    assert_int_equal(send_to(&w, second, "8.8.8.8", 9), AKSU_UNREACHABLE_NET);
    assert_int_equal(send_to(&w, second, "255.255.255.255", 9), AKSU_OK);
    assert_int_equal(send_to(&w, first, "255.255.255.255", 9), AKSU_OK);
    alone_collect(&w);
    assert_int_equal(w.frames, 2);
    assert_int_equal(w.frame[0].device, 2);
    assert_memory_equal(w.frame[0].octet + 26, "\12\1\0\2", 4);
    assert_int_equal(w.frame[1].device, 1);
    assert_memory_equal(w.frame[1].octet + 26, "\12\0\0\2", 4);

    datagram(&w, 1, "10.1.0.9", "10.1.0.2", 68);
    assert_true(has_text(&w, second) && !has_text(&w, all) && !has_text(&w, first));
    datagram(&w, 0, "10.0.0.9", "10.0.0.2", 68);
    assert_true(has_text(&w, first) && !has_text(&w, all) && !has_text(&w, second));
    datagram(&w, 2, "10.2.0.9", "255.255.255.255", 68);
    assert_true(has_text(&w, all) && !has_text(&w, first) && !has_text(&w, second));
    alone_fini(&w);
}

static void what_cannot_be_opened(void **state)
{
    (void)state;
    struct alone w;
    aksu_udp u;
    alone_init(&w, 1, 7);
    alone_add(&w, 0, "10.0.0.2/24");
    struct aksu_udp_open how = { .local = { .port = 68 }, .device = { 9 } };
    assert_int_equal(aksu_udp_open(w.net, &how, &u), AKSU_INVALID);
    how.device.index = 1;
    assert_int_equal(aksu_udp_open(w.net, &how, &u), AKSU_OK);
    assert_int_equal(aksu_udp_open(w.net, &how, &u), AKSU_ALREADY_EXISTS);
    how.local.ip = ip_of_text("10.0.0.3");
    assert_int_equal(aksu_udp_open(w.net, &how, &u), AKSU_ADDRESS_UNAVAILABLE);
    how.local = (struct aksu_endpoint){ .port = 0 };
    how.remote = (struct aksu_endpoint){ ip_of_text("10.0.0.1"), 67 };
    how.device.index = 2;
    assert_int_equal(aksu_udp_open(w.net, &how, &u), AKSU_UNREACHABLE_NET);
    how.device.index = 1;
    assert_int_equal(aksu_udp_open(w.net, &how, &u), AKSU_OK);
    assert_int_equal(aksu_udp_send(w.net, u, NULL, "text", 4, w.now), AKSU_OK);
    alone_collect(&w);
    assert_int_equal(load_be16(w.frame[0].octet + 12), 0x0806);     /* who has 10.0.0.1? */
    alone_fini(&w);
}

/* RFC 1112 6.1, 6.4, RFC 2464 7 */
static void groups_have_their_own_mac_addresses(void **state)
{
    (void)state;
    struct alone w;
    alone_init(&w, 1, 7);
    alone_add(&w, 0, "10.0.0.2/24");
    alone_add(&w, 0, "fd00::2/64");
    aksu_udp u = endpoint(&w, 0, "::", 5353);
    assert_int_equal(send_to(&w, u, "239.129.2.3", 5353), AKSU_OK);
    assert_int_equal(send_to(&w, u, "ff05::1:2345:6789", 5353), AKSU_OK);
    alone_collect(&w);
    assert_int_equal(w.frames, 2);
    assert_memory_equal(w.frame[0].octet, "\x01\x00\x5e\x01\x02\x03", 6);
    assert_int_equal(w.frame[0].octet[14 + 8], 1);              /* one hop */
    assert_memory_equal(w.frame[1].octet, "\x33\x33\x23\x45\x67\x89", 6);
    assert_int_equal(w.frame[1].octet[14 + 7], 1);
    alone_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broadcast_without_an_address),
        cmocka_unit_test(a_unicast_before_there_is_an_address),
        cmocka_unit_test(nothing_else_before_there_is_an_address),
        cmocka_unit_test(its_own_device_in_and_out),
        cmocka_unit_test(what_cannot_be_opened),
        cmocka_unit_test(groups_have_their_own_mac_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
