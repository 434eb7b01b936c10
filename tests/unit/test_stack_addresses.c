/* test_stack_addresses.c - which addresses a connection may have and keeps (RFC 9293 3.9.1.1,
 * 3.9.2.3), and what its owner sets in the IP header (3.9.1.9, 3.9.2). */
#include "stack_help.h"

#include <string.h>

enum { V4_SOURCE = 12, V4_DESTINATION = 16, V6_SOURCE = 8, V6_DESTINATION = 24 };

/* A frame of a device without Ethernet, copied in one piece. */
struct packet {
    uint8_t octet[2000];
    size_t length;
};

static bool take_packet(struct two *w, unsigned side, struct packet *out)
{
    struct aksu_frame f;
    out->length = 0;
    if (!take_frame(w, side, &f))
        return false;
    for (uint32_t i = 0; i < f.parts; i++) {
        memcpy(out->octet + out->length, f.part[i].data, f.part[i].length);
        out->length += f.part[i].length;
    }
    return true;
}

static void give_packet(struct two *w, unsigned side, const struct packet *p)
{
    struct aksu_frame f = { .device = w->pair.device[side], .parts = 1,
                            .length = (uint32_t)p->length };
    f.part[0] = (struct aksu_slice){ p->octet, p->length };
    aksu_frame_in(w->net[side], w->pair.device[side], &f, w->now);
}

static uint32_t sum_of(const uint8_t *data, size_t length)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < length; i++)
        sum += i & 1 ? data[i] : (uint32_t)data[i] << 8;
    return sum;
}

static void store_checksum(uint8_t *at, uint32_t sum)
{
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    at[0] = (uint8_t)(~sum >> 8);
    at[1] = (uint8_t)~sum;
}

/* Puts another address into a packet of TCP and makes its checksums right. */
static void change_address(struct packet *p, bool v6, bool source, const char *text)
{
    struct aksu_ip ip = ip_text(text);
    size_t at = v6 ? (source ? V6_SOURCE : V6_DESTINATION) : source ? V4_SOURCE : V4_DESTINATION;
    size_t size = v6 ? 16 : 4, header = v6 ? 40 : 20, from = v6 ? V6_SOURCE : V4_SOURCE;
    uint8_t *tcp = p->octet + header;
    memcpy(p->octet + at, ip.octet + 16 - size, size);
    tcp[16] = tcp[17] = 0;
    uint32_t length = (uint32_t)(p->length - header);
    store_checksum(tcp + 16, sum_of(p->octet + from, 2 * size) + 6 + length + sum_of(tcp, length));
    if (!v6) {
        p->octet[10] = p->octet[11] = 0;
        store_checksum(p->octet + 10, sum_of(p->octet, header));
    }
}

static struct aksu_info status_of(const struct two *w, unsigned side, aksu_conn c)
{
    struct aksu_info info;
    assert_int_equal(aksu_status(w->net[side], c, &info), AKSU_OK);
    return info;
}

static void add_address(struct two *w, unsigned side, const char *text)
{
    assert_int_equal(aksu_address_add(w->net[side], w->pair.device[side], text), AKSU_OK);
}

static void set(struct two *w, aksu_conn c, enum aksu_option option, int64_t value)
{
    assert_int_equal(aksu_set(w->net[CLIENT], c, option, value, w->now), AKSU_OK);
}

static void same_ip(struct aksu_ip a, struct aksu_ip b)
{
    assert_memory_equal(&a, &b, sizeof a);
}

/* Whether the server answers the client's SYN with one address changed. */
static bool is_answered(bool v6, bool source, const char *text)
{
    struct two w;
    struct packet syn, answer;
    two_init(&w, &(struct link_options){ .v6 = v6 });
    listen_on(&w, SERVER, 80, false);
    open_to(&w, 80);
    assert_true(take_packet(&w, CLIENT, &syn));
    change_address(&syn, v6, source, text);
    give_packet(&w, SERVER, &syn);
    bool answered = take_packet(&w, SERVER, &answer);
    struct aksu_counters c;
    aksu_counters(w.net[SERVER], &c);
    assert_int_equal(c.connections, answered);
    two_fini(&w);
    return answered;
}

/* Whether IP takes it from such a link. */
static bool is_taken(bool carries_loopback, bool v6, bool source, const char *text)
{
    struct two w;
    struct packet syn;
    two_init(&w, &(struct link_options){ .v6 = v6, .carries_loopback = carries_loopback });
    open_to(&w, 80);
    assert_true(take_packet(&w, CLIENT, &syn));
    change_address(&syn, v6, source, text);
    give_packet(&w, SERVER, &syn);
    uint64_t heard = counted(w.net[SERVER], AKSU_EV_segment_in);
    assert_int_equal(heard + counted(w.net[SERVER], AKSU_EV_frame_dropped), 1);
    two_fini(&w);
    return heard == 1;
}

/* RFC 1122 3.2.1.3: loopback addresses, and our own as a source, never come over a network. */
static void only_a_link_in_memory_carries_loopback(void **state)
{
    static const char *const source[2][2] = { { "127.0.0.1", "10.0.0.2" }, { "::1", "fd00::2" } };
    static const char *const destination[2] = { "127.0.0.1", "::1" };
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        for (unsigned carries = 0; carries < 2; carries++) {
            assert_int_equal(is_taken(carries, v6, true, source[v6][0]), carries);
            assert_int_equal(is_taken(carries, v6, true, source[v6][1]), carries);
            assert_int_equal(is_taken(carries, v6, false, destination[v6]), carries);
        }
        assert_false(is_answered(v6, true, source[v6][0]));
        assert_false(is_answered(v6, true, source[v6][1]));
    }
}

/* RFC 9293 3.9.2.3 [MUST-63] */
static void a_syn_from_an_invalid_source_is_ignored(void **state)
{
    static const char *const v4[] = { "224.0.0.1", "255.255.255.255", "10.0.0.255", "0.0.0.0",
                                      "127.0.0.1", "10.0.0.2" };
    static const char *const v6[] = { "::", "::1", "ff02::1", "fd00::2" };
    (void)state;
    assert_true(is_answered(false, true, "10.0.0.7"));
    assert_true(is_answered(true, true, "fd00::7"));
    for (size_t i = 0; i < sizeof v4 / sizeof v4[0]; i++)
        assert_false(is_answered(false, true, v4[i]));
    for (size_t i = 0; i < sizeof v6 / sizeof v6[0]; i++)
        assert_false(is_answered(true, true, v6[i]));
}

/* RFC 9293 3.9.2.3 [MUST-57] */
static void a_syn_to_a_group_or_broadcast_is_dropped(void **state)
{
    static const char *const v4[] = { "10.0.0.255", "255.255.255.255", "224.0.0.1" };
    (void)state;
    assert_true(is_answered(false, false, "10.0.0.2"));
    for (size_t i = 0; i < sizeof v4 / sizeof v4[0]; i++)
        assert_false(is_answered(false, false, v4[i]));
    assert_true(is_answered(true, false, "fd00::2"));
    assert_false(is_answered(true, false, "ff02::1"));
}

/* Nor does anything else to a group draw a RST: RFC 9293 3.9.2.3 [MUST-57]. */
static void an_ack_to_a_broadcast_draws_no_reset(void **state)
{
    struct two w;
    struct packet p, answer;
    aksu_conn c[2];
    (void)state;
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    connect_pair(&w, l, 80, c);
    assert_int_equal(aksu_send(w.net[CLIENT], c[CLIENT], "text", 4, 0, w.now), 4);
    assert_true(take_packet(&w, CLIENT, &p));
    change_address(&p, false, false, "10.0.0.255");
    give_packet(&w, SERVER, &p);
    assert_false(take_packet(&w, SERVER, &answer));
    change_address(&p, false, false, "10.0.0.2");
    give_packet(&w, SERVER, &p);
    assert_true(ready_bits(w.net[SERVER], c[SERVER]) & AKSU_READABLE);
    two_fini(&w);
}

/* RFC 9293 3.9.1.1 [MUST-43] */
static void a_local_address_may_be_given(void **state)
{
    struct two w;
    struct packet syn;
    aksu_conn c;
    aksu_listener l;
    (void)state;
    two_init(&w, NULL);
    add_address(&w, CLIENT, "10.0.0.3/24");
    struct aksu_open how = { .remote = { ip_of(&w, SERVER), 80 },
                             .local = { ip_text("10.0.0.3"), 0 } };
    assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_OK);
    assert_true(take_packet(&w, CLIENT, &syn));
    assert_memory_equal(syn.octet + V4_SOURCE, "\x0a\0\0\x03", 4);
    how.local.ip = ip_text("10.0.0.4");
    assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_ADDRESS_UNAVAILABLE);

    /* a listener on one address: the other one refuses */
    struct aksu_listen on = { .local = { ip_text("10.0.0.5"), 80 } };
    assert_int_equal(aksu_listen(w.net[SERVER], &on, &l, w.now), AKSU_ADDRESS_UNAVAILABLE);
    add_address(&w, SERVER, "10.0.0.5/24");
    assert_int_equal(aksu_listen(w.net[SERVER], &on, &l, w.now), AKSU_OK);
    c = open_to(&w, 80);
    move(&w);
    assert_int_equal(state_of(w.net[CLIENT], c), AKSU_TCP_CLOSED);
    assert_int_equal(status_of(&w, CLIENT, c).reason, AKSU_REFUSED);
    how = (struct aksu_open){ .remote = { on.local.ip, 80 } };
    assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_OK);
    move(&w);
    assert_int_equal(state_of(w.net[CLIENT], c), AKSU_TCP_ESTABLISHED);
    two_fini(&w);
}

/* RFC 9293 3.9.1.1 [MUST-44] */
static void a_local_address_is_chosen_by_route(void **state)
{
    struct two w;
    aksu_conn c;
    (void)state;
    two_init(&w, NULL);
    add_address(&w, CLIENT, "192.0.2.1/24");
    same_ip(status_of(&w, CLIENT, open_to(&w, 80)).local.ip, ip_text("10.0.0.1"));
    struct aksu_open how = { .remote = { ip_text("192.0.2.9"), 80 } };
    assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_OK);
    same_ip(status_of(&w, CLIENT, c).local.ip, ip_text("192.0.2.1"));
    how.remote.ip = ip_text("fd00::9");
    assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_OK);
    same_ip(status_of(&w, CLIENT, c).local.ip, ip_text("fd00::1"));
    how.remote.ip = ip_text("198.51.100.1");
    assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_UNREACHABLE_NET);
    two_fini(&w);
}

/* RFC 9293 3.9.1.1 [MUST-45] */
static void the_local_address_stays(void **state)
{
    struct two w;
    struct packet p;
    aksu_conn c[2];
    (void)state;
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    connect_pair(&w, l, 80, c);
    /* now another address is nearer to the peer */
    add_address(&w, CLIENT, "10.0.0.3/29");
    assert_int_equal(aksu_send(w.net[CLIENT], c[CLIENT], "text", 4, 0, w.now), 4);
    assert_true(take_packet(&w, CLIENT, &p));
    assert_memory_equal(p.octet + V4_SOURCE, "\x0a\0\0\x01", 4);
    give_packet(&w, SERVER, &p);
    move(&w);
    assert_int_equal(status_of(&w, SERVER, c[SERVER]).receive_queued, 4);
    same_ip(status_of(&w, CLIENT, c[CLIENT]).local.ip, ip_text("10.0.0.1"));
    two_fini(&w);
}

/* RFC 9293 3.9.1.1 [MUST-42], 3.9.1.1 [MUST-41] */
static void a_port_with_half_open_connections_can_listen(void **state)
{
    struct two w;
    struct packet p;
    aksu_conn c[2], half;
    aksu_listener l;
    (void)state;
    two_init(&w, NULL);
    aksu_listener any = listen_on(&w, SERVER, 80, false);
    connect_pair(&w, any, 80, c);
    half = open_to(&w, 80);
    assert_true(take_packet(&w, CLIENT, &p));
    give_packet(&w, SERVER, &p);
    assert_true(take_packet(&w, SERVER, &p));       /* SYN-RECEIVED; the SYN,ACK is lost */
    struct aksu_open out = { .remote = { ip_text("10.0.0.77"), 80 }, .local = { .port = 81 } };
    aksu_conn lonely;
    assert_int_equal(aksu_open(w.net[SERVER], &out, &lonely, w.now), AKSU_OK);

    struct aksu_listen how = { .local = { ip_of(&w, SERVER), 80 } };
    assert_int_equal(aksu_listen(w.net[SERVER], &how, &l, w.now), AKSU_OK);
    how.local.port = 81;
    assert_int_equal(aksu_listen(w.net[SERVER], &how, &l, w.now), AKSU_OK);
    assert_int_equal(state_of(w.net[SERVER], lonely), AKSU_TCP_SYN_SENT);

    aksu_conn late = open_to(&w, 81);
    wait_for(&w, AKSU_SECONDS(3));
    assert_int_equal(state_of(w.net[CLIENT], half), AKSU_TCP_ESTABLISHED);
    assert_int_equal(state_of(w.net[CLIENT], late), AKSU_TCP_ESTABLISHED);
    assert_int_equal(aksu_send(w.net[CLIENT], c[CLIENT], "text", 4, 0, w.now), 4);
    move(&w);
    assert_int_equal(status_of(&w, SERVER, c[SERVER]).receive_queued, 4);
    two_fini(&w);
}

/* RFC 9293 3.9.1.9 [MUST-48], 3.9.1.9 [SHLD-21], 3.9.1.9 [SHLD-22], 3.9.2 [MUST-49] */
static void dscp_and_ttl_go_out(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct two w;
        struct packet p;
        aksu_conn c[2];
        two_init(&w, &(struct link_options){ .v6 = v6 });
        aksu_listener l = listen_on(&w, SERVER, 80, false);
        connect_pair(&w, l, 80, c);
        for (uint8_t dscp = 0; dscp < 64; dscp++) {
            uint8_t ttl = (uint8_t)(255 - dscp);
            set(&w, c[CLIENT], AKSU_OPTION_DSCP, dscp);
            set(&w, c[CLIENT], AKSU_OPTION_TTL, ttl);
            assert_int_equal(aksu_send(w.net[CLIENT], c[CLIENT], "text", 4, 0, w.now), 4);
            assert_true(take_packet(&w, CLIENT, &p));
            unsigned class = v6 ? (p.octet[0] & 15u) << 4 | p.octet[1] >> 4 : p.octet[1];
            assert_int_equal(class >> 2, dscp);
            assert_int_equal(p.octet[v6 ? 7 : 8], ttl);
            give_packet(&w, SERVER, &p);
            wait_for(&w, AKSU_MS(100));
        }
        two_fini(&w);
    }
}

/* RFC 9293 3.8.3 [MUST-20]: at R1 the neighbour is asked whether it is still there. */
static void r1_is_told_to_the_network_layer(void **state)
{
    struct two w;
    struct aksu_frame f;
    aksu_conn c[2];
    unsigned questions = 0;
    (void)state;
    two_init(&w, &(struct link_options){ .ethernet = true });
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    c[CLIENT] = open_to(&w, 80);
    wait_for(&w, AKSU_SECONDS(1));
    assert_int_equal(aksu_accept(w.net[SERVER], l, &c[SERVER], w.now), AKSU_OK);
    assert_int_equal(aksu_send(w.net[CLIENT], c[CLIENT], "text", 4, 0, w.now), 4);
    while (take_frame(&w, CLIENT, &f))
        ;                                           /* from here on all is lost */
    while (status_of(&w, CLIENT, c[CLIENT]).retransmits < 6) {
        w.now = aksu_next_timeout(w.net[CLIENT]);
        assert_true(w.now != AKSU_NEVER);
        aksu_timeouts(w.net[CLIENT], w.now);
        while (take_frame(&w, CLIENT, &f)) {
            bool arp = f.part[0].data[12] == 8 && f.part[0].data[13] == 6;
            assert_true(!arp || status_of(&w, CLIENT, c[CLIENT]).retransmits >= 3);
            questions += arp;
        }
        if (questions > 0)
            break;
    }
    assert_true(questions > 0);
    two_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_link_in_memory_carries_loopback),
        cmocka_unit_test(a_syn_from_an_invalid_source_is_ignored),
        cmocka_unit_test(a_syn_to_a_group_or_broadcast_is_dropped),
        cmocka_unit_test(an_ack_to_a_broadcast_draws_no_reset),
        cmocka_unit_test(a_local_address_may_be_given),
        cmocka_unit_test(a_local_address_is_chosen_by_route),
        cmocka_unit_test(the_local_address_stays),
        cmocka_unit_test(a_port_with_half_open_connections_can_listen),
        cmocka_unit_test(dscp_and_ttl_go_out),
        cmocka_unit_test(r1_is_told_to_the_network_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
