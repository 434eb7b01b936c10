/* dhcp_help.c - the server and the passing of time for the tests of the DHCP client. */
#include "dhcp_help.h"

#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/udp.h"

struct dhcp_world hw;

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };

static aksu_udp server_port(const char *address)
{
    aksu_udp out;
    struct aksu_udp_open how = { .local = { ip_text(address), DHCP_SERVER_PORT },
                                 .device = hw.two.pair.device[SERVER] };
    assert_int_equal(aksu_udp_open(hw.two.net[SERVER], &how, &out), AKSU_OK);
    return out;
}

int dhcp_setup(void **state)
{
    static const char *const address[] = { "10.0.0.1/24", "10.0.0.9/24", "192.168.7.1/24" };
    (void)state;
    memset(&hw, 0, sizeof hw);
    hw.two.now = AKSU_SECONDS(1000);
    for (unsigned i = 0; i < 2; i++) {
        struct aksu_config config = { .seed = { (uint8_t)(i + 1) } };
        struct aksu_device_config device = { .name = "pair", .mac = { 2, 0, 0, 0, 0,
                                                                      (uint8_t)(i + 1) } };
        hw.two.net[i] = hw.two.pair.net[i] = aksu_new(&config, hw.two.now);
        assert_int_equal(aksu_attach(hw.two.net[i], &device, &hw.two.pair.device[i]), AKSU_OK);
    }
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(aksu_address_add(hw.two.net[SERVER], hw.two.pair.device[SERVER],
                                          address[i]), AKSU_OK);
    hw.udp = server_port("0.0.0.0");
    hw.reply = (struct dhcp_message){
        .yiaddr = { 10, 0, 0, 7 }, .server = { 10, 0, 0, 1 }, .mask = { 255, 255, 255, 0 },
        .router = { 10, 0, 0, 1 }, .resolvers = 2, .resolver = { { 10, 0, 0, 1 }, { 9, 9, 9, 9 } },
        .lease = 1000, .mtu = 1400,
    };
    return 0;
}

int dhcp_teardown(void **state)
{
    (void)state;
    two_fini(&hw.two);
    return 0;
}

/* --- the server --- */

static void answer(const struct dhcp_seen *seen)
{
    uint8_t text[DHCP_TEXT];
    struct writer w = writer_of(text, sizeof text);
    static const uint8_t everybody[4] = { 255, 255, 255, 255 };
    struct aksu_endpoint to = { { { [10] = 0xff, [11] = 0xff } }, DHCP_CLIENT_PORT };
    struct dhcp_message r = hw.reply;
    static const uint8_t none[4];
    bool configured = memcmp(seen->m.ciaddr, none, 4) != 0;
    memcpy(to.ip.octet + 12, configured ? seen->m.ciaddr : everybody, 4);
    r.reply = true;
    r.xid = seen->m.xid;
    memcpy(r.chaddr, seen->m.chaddr, sizeof r.chaddr);
    r.type = seen->m.type == DHCP_DISCOVER ? DHCP_OFFER : hw.nak ? DHCP_NAK : DHCP_ACK;
    if (hw.lie != NULL)
        hw.lie(&r);
    wire_dhcp_build(&w, &r);
    assert_false(w.bad);
    size_t length = writer_length(&w);
    if (hw.damage != NULL)
        hw.damage(text, &length);
    assert_int_equal(aksu_udp_send(hw.two.net[SERVER], hw.udp, &to, text, length, hw.two.now),
                     AKSU_OK);
}

/* What the client has put into the frame; false: not a datagram to a DHCP server. */
static bool open_frame(struct reader *r, struct dhcp_seen *out, struct ethernet_header *ethernet,
                       struct ipv4_header *ip)
{
    struct udp_header udp;
    if (!wire_ethernet_parse(r, ethernet) || ethernet->type != ETHERTYPE_IPV4
        || wire_ipv4_parse(r, ip) != IPV4_GOOD || ip->protocol != IP_PROTOCOL_UDP)
        return false;
    assert_int_equal(wire_udp_parse(r, &ip->source, &ip->destination, false, &udp), UDP_GOOD);
    out->from = (struct aksu_endpoint){ ip->source, udp.source_port };
    return udp.destination_port == DHCP_SERVER_PORT;
}

/* The server reads the frames themselves: a host does not take packets from 0.0.0.0. */
static bool serve(const struct aksu_frame *frame)
{
    static const uint8_t all_ones[6] = { 255, 255, 255, 255, 255, 255 };
    uint8_t octets[DHCP_TEXT];
    struct writer w = writer_of(octets, sizeof octets);
    struct ethernet_header ethernet;
    struct ipv4_header ip;
    struct dhcp_seen s = { .at = hw.two.now };
    for (uint32_t i = 0; i < frame->parts; i++)
        memcpy(write_space(&w, frame->part[i].length), frame->part[i].data, frame->part[i].length);
    struct reader r = reader_of(octets, writer_length(&w));
    if (!open_frame(&r, &s, &ethernet, &ip))
        return false;
    struct aksu_ip everybody = ip_text("255.255.255.255");
    s.unicast = memcmp(&ip.destination, &everybody, sizeof everybody) != 0;
    assert_int_equal(s.unicast, memcmp(ethernet.destination, all_ones, 6) != 0);
    assert_in_range(reader_left(&r), 300, DHCP_MOST);
    assert_int_equal(wire_dhcp_parse(r.at, reader_left(&r), &s.m), DHCP_GOOD);
    assert_false(s.m.reply);
    assert_memory_equal(s.m.chaddr, mac, sizeof mac);
    assert_int_equal(s.m.client.length, 7);
    memcpy(s.client, s.m.client.data, s.m.client.length);
    s.parameters = (uint8_t)s.m.parameters.length;
    s.m.client = s.m.parameters = (struct aksu_slice){ NULL, 0 };
    hw.seen[hw.count++ % DHCP_SEEN] = s;
    if (!hw.silent && s.m.type != hw.silent_to
        && (s.m.type == DHCP_DISCOVER || s.m.type == DHCP_REQUEST))
        answer(&s);
    return true;
}

/* --- the world --- */

static void settle(void)
{
    struct aksu_frame frame;
    bool busy = true;
    for (unsigned turns = 0; busy; turns++) {
        assert_true(turns < 1000);
        busy = false;
        hw.news = aksu_dhcp_work(&hw.dhcp, hw.two.now) || hw.news;
        for (unsigned from = 0; from < 2; from++) {
            while (take_frame(&hw.two, from, &frame)) {
                busy = true;
                if (from == SERVER || !serve(&frame))
                    aksu_frame_in(hw.two.net[1 - from], hw.two.pair.device[1 - from], &frame,
                                  hw.two.now);
            }
        }
    }
}

void dhcp_pass(aksu_time time)
{
    aksu_time end = hw.two.now + time;
    settle();
    while (hw.two.now < end) {
        aksu_time next = aksu_dhcp_next_timeout(&hw.dhcp);
        assert_true(next > hw.two.now);
        for (unsigned i = 0; i < 2; i++) {
            aksu_time due = aksu_next_timeout(hw.two.net[i]);
            next = due < next ? due : next;
        }
        next = next < end ? next : end;
        hw.two.now = next > hw.two.now ? next : hw.two.now;
        for (unsigned i = 0; i < 2; i++)
            aksu_timeouts(hw.two.net[i], hw.two.now);
        settle();
    }
}

void dhcp_begin(void)
{
    assert_int_equal(aksu_dhcp_start(&hw.dhcp, hw.two.net[CLIENT], hw.two.pair.device[CLIENT], mac,
                                     77, hw.two.now), AKSU_OK);
}

void dhcp_bound(void)
{
    dhcp_begin();
    dhcp_pass(0);
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_BOUND);
    assert_true(hw.news);
    hw.news = false;
}

bool dhcp_in_stack(const char *address, uint8_t bits)
{
    struct aksu_address a;
    struct aksu_ip ip = ip_text(address);
    for (uint32_t i = 0; aksu_address_at(hw.two.net[CLIENT], i, &a); i++) {
        if (memcmp(&a.ip, &ip, sizeof ip) == 0 && a.bits == bits)
            return true;
    }
    return false;
}

bool dhcp_reaches(const char *address)
{
    aksu_udp udp;
    struct aksu_udp_open how = { .remote = { ip_text(address), 9 } };
    if (aksu_udp_open(hw.two.net[CLIENT], &how, &udp) != AKSU_OK)
        return false;
    assert_int_equal(aksu_udp_close(hw.two.net[CLIENT], udp), AKSU_OK);
    return true;
}
