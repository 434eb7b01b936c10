/* test_device_packet.c - a packet socket on one end of a cable (veth) against the kernel's TCP on
 * the other, in a network namespace of this process: what comes in and what does not, and an
 * interface that goes down, overflows or is deleted. */
#include "kernel_help.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/bytes.h"

static bool not_here(char why[AKSU_WHY])
{
    static bool asked, possible;
    static char reason[AKSU_WHY];
    if (!asked) {
        asked = true;
        possible = kernel_namespace(reason);
        if (possible && system("ip link add va type veth peer name vb") != 0) {
            possible = false;
            snprintf(reason, sizeof reason, "no veth interfaces can be made here");
        }
        if (possible)
            ip_command("link del va");
    }
    memcpy(why, reason, AKSU_WHY);
    return !possible;
}

#define NEEDS_VETH(name)                        \
    char why[AKSU_WHY];                         \
    (void)state;                                \
    if (not_here(why)) {                        \
        print_message("skip %s: %s\n", name, why); \
        skip();                                 \
    }

static struct aksu_interface *open_cable(const struct aksu_interface_config *config)
{
    char why[AKSU_WHY];
    uint32_t mtu = config != NULL && config->mtu != 0 ? config->mtu : 1500;
    ip_command("link add va mtu %u type veth peer name vb mtu %u", mtu, mtu);
    ip_command("link set vb up");
    kernel_addresses("va");
    struct aksu_interface *i = aksu_interface_open("packet:vb", config, why);
    if (i == NULL)
        fail_msg("%s", why);
    return i;
}

static void text_both_ways(void **state)
{
    NEEDS_VETH("text_both_ways");
    for (unsigned kind = 0; kind < 16; kind++) {
        struct aksu_interface_config config = { .no_offload = kind & 1,
                                                .mtu = kind & 8 ? 9000 : 1500 };
        struct peer p;
        struct aksu_interface *i = open_cable(&config);
        peer_init(&p, i);
        peer_connect(&p, kind & 2, kind & 4);
        assert_true(peer_exchange(&p, PEER_TEXT, peer_now() + AKSU_SECONDS(20)));
        assert_int_equal(i->lost, 0);
        assert_int_equal(i->device.mtu, config.mtu);
        assert_true(i->octets_in / i->frames_in > 2000);    /* veth hands over what was not cut */
        assert_int_equal(i->octets_out / i->frames_out > config.mtu + 14, !config.no_offload);
        peer_close(&p);
        peer_fini(&p);
        ip_command("link del va");
    }
}

/* --- which frames come in --- */

static int raw_socket(const char *interface)
{
    struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(3),
                             .sll_ifindex = (int)if_nametoindex(interface) };
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

enum { MARK = 60 };                 /* where a frame of this test has its number */

static void send_frame(int fd, const uint8_t destination[6], unsigned type, size_t length,
                       unsigned number)
{
    uint8_t frame[2000] = { 0 };
    memcpy(frame, destination, 6);
    memcpy(frame + 6, (uint8_t[]){ 2, 9, 9, 9, 9, 9 }, 6);
    store_be16(frame + 12, (uint16_t)type);
    store_be32(frame + MARK, 0xabcd0000 | number);
    assert_int_equal(send(fd, frame, length, 0), length);
}

/* Numbers of this test's frames that came, at most `most`; the kernel sends some of its own. */
static unsigned numbers(struct aksu_interface *i, unsigned out[], unsigned most)
{
    struct aksu_frame frame[16];
    unsigned count = 0;
    int n;
    while ((n = i->ops->receive(i, frame, 16)) > 0)
        for (int k = 0; k < n; k++) {
            assert_int_equal(frame[k].parts, 1);
            assert_int_equal(frame[k].length, frame[k].part[0].length);
            if (frame[k].length < MARK + 4)
                continue;
            uint32_t mark = load_be32(frame[k].part[0].data + MARK);
            if (mark >> 16 == 0xabcd && count < most)
                out[count++] = mark & 0xffff;
        }
    assert_int_equal(n, 0);
    return count;
}

static void only_our_frames_come_in(void **state)
{
    NEEDS_VETH("only_our_frames_come_in");
    static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 }, group[6] = { 0x33, 0x33, 0xff },
                         other[6] = { 2, 1, 1, 1, 1, 1 };
    struct aksu_interface *i = open_cable(NULL);
    uint8_t near[2][6];             /* differ from ours in one octet */
    unsigned got[16];
    int from = raw_socket("va"), own = raw_socket("vb");
    for (unsigned k = 0; k < 2; k++) {
        memcpy(near[k], i->device.mac, 6);
        near[k][k == 0 ? 3 : 5] ^= 1;
    }
    send_frame(from, other, 0x0800, 100, 1);
    send_frame(from, i->device.mac, 0x0800, 100, 2);
    send_frame(from, near[0], 0x0800, 100, 3);
    send_frame(from, near[1], 0x86dd, 100, 4);
    send_frame(from, all, 0x0806, 100, 5);
    send_frame(from, group, 0x86dd, 100, 6);
    send_frame(from, i->device.mac, 0x8100, 100, 7);    /* a tagged frame */
    send_frame(from, all, 0x88cc, 100, 8);
    send_frame(from, i->device.mac, 0x86dd, 1514, 9);
    send_frame(own, i->device.mac, 0x0800, 100, 10);    /* this machine's own */
    send_frame(own, all, 0x0806, 100, 11);
    send_frame(from, i->device.mac, 0x0806, 64, 12);
    assert_int_equal(numbers(i, got, 16), 5);
    static const unsigned ours[] = { 2, 5, 6, 9, 12 };
    assert_memory_equal(got, ours, sizeof ours);
    assert_int_equal(i->lost, 0);
    close(from);
    close(own);
    aksu_interface_close(i);
    ip_command("link del va");
}

/* Many more than the ring has room for: the first ones are there, the others are counted. */
static void what_the_ring_cannot_hold_is_counted(void **state)
{
    NEEDS_VETH("what_the_ring_cannot_hold_is_counted");
    enum { FRAMES = 6000 };
    static unsigned got[FRAMES];
    struct aksu_interface *i = open_cable(NULL);
    int from = raw_socket("va");
    for (unsigned round = 0; round < 3; round++) {
        uint64_t lost = i->lost;
        for (unsigned k = 0; k < FRAMES; k++)
            send_frame(from, i->device.mac, 0x0800, 100, k);
        unsigned n = numbers(i, got, FRAMES);
        for (unsigned k = 0; k < n; k++)
            assert_int_equal(got[k], k);
        assert_true(n > 1000);
        send_frame(from, i->device.mac, 0x0800, 100, 1);    /* says how many there were */
        assert_int_equal(numbers(i, got, FRAMES), 1);
        assert_true(n < FRAMES && i->lost - lost >= FRAMES - n);
    }
    close(from);
    aksu_interface_close(i);
    ip_command("link del va");
}

/* --- the interface goes --- */

static void down_and_up_again(void **state)
{
    NEEDS_VETH("down_and_up_again");
    struct peer p;
    struct aksu_interface *i = open_cable(NULL);
    peer_init(&p, i);
    peer_connect(&p, false, false);
    assert_false(peer_exchange(&p, 1u << 30, peer_now() + AKSU_MS(100)));
    assert_true(p.received > 0 && p.kernel_received > 0);
    ip_command("link set vb down");
    assert_false(peer_exchange(&p, 1u << 30, peer_now() + AKSU_MS(1500)));
    assert_false(i->gone);
    assert_true(i->lost > 0);
    struct pollfd fd = { .fd = i->fd, .events = POLLIN };
    assert_int_equal(poll(&fd, 1, 0), 0);               /* no error is left that would wake us */
    ip_command("link set vb up");
    size_t most = p.received > p.kernel_received ? p.received : p.kernel_received;
    assert_true(peer_exchange(&p, most + 1000000, peer_now() + AKSU_SECONDS(20)));
    peer_fini(&p);
    ip_command("link del va");
}

static void an_interface_is_deleted(void **state)
{
    NEEDS_VETH("an_interface_is_deleted");
    for (unsigned kind = 0; kind < 3; kind++) {     /* noticed by reading, by writing, while down */
        struct peer p;
        struct aksu_interface *i = open_cable(NULL);
        peer_init(&p, i);
        peer_connect(&p, false, false);
        if (kind == 2) {
            ip_command("link set vb down");
            for (unsigned k = 0; k < 5; k++)
                peer_turn(&p, 1);
            assert_false(i->gone);
        }
        ip_command("link del va");
        if (kind == 1)
            assert_true(aksu_send(p.net, p.conn, "x", 1, 0, peer_now()) == 1);
        for (unsigned k = 0; k < 100 && !i->gone; k++)
            peer_turn(&p, 1);
        assert_true(i->gone);
        assert_string_equal(i->why,
                            "the interface vb was deleted: make it again, and open it again");
        peer_fini(&p);
    }
}

static void what_cannot_be_opened(void **state)
{
    NEEDS_VETH("what_cannot_be_opened");
    assert_null(aksu_interface_open("packet:eth7", NULL, why));
    assert_string_equal(why, "there is no interface eth7 here; there are: lo");
    ip_command("link add va type veth peer name vb");
    assert_null(aksu_interface_open("packet:eth7", NULL, why));
    assert_non_null(strstr(why, "va"));
    assert_non_null(strstr(why, "vb"));
    assert_null(aksu_interface_open("packet:lo", NULL, why));
    assert_non_null(strstr(why, "lo is no Ethernet interface"));
    struct aksu_interface_config config = { .mac = { 1, 2, 3, 4, 5, 6 } };
    assert_null(aksu_interface_open("packet:va", &config, why));
    assert_non_null(strstr(why, "belongs to a group"));
    ip_command("link del va");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_both_ways),
        cmocka_unit_test(only_our_frames_come_in),
        cmocka_unit_test(what_the_ring_cannot_hold_is_counted),
        cmocka_unit_test(down_and_up_again),
        cmocka_unit_test(an_interface_is_deleted),
        cmocka_unit_test(what_cannot_be_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
