/* test_device_tap.c - TAP and TUN devices against the kernel's TCP, in a network namespace of this
 * process: large frames and small, pulled cables, devices deleted, descriptors of others. */
#include "kernel_help.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

static bool not_here(char why[AKSU_WHY])
{
    static bool asked, possible;
    static char reason[AKSU_WHY];
    if (!asked) {
        asked = true;
        possible = kernel_namespace(reason);
        struct aksu_interface *i = possible ? aksu_interface_open("tap:probe", NULL, reason) : NULL;
        possible = i != NULL;
        aksu_interface_close(i);
    }
    memcpy(why, reason, AKSU_WHY);
    return !possible;
}

#define NEEDS_TAP(name)                         \
    char why[AKSU_WHY];                         \
    (void)state;                                \
    if (not_here(why)) {                        \
        print_message("skip %s: %s\n", name, why); \
        skip();                                 \
    }

static struct aksu_interface *open_or_fail(const char *spec,
                                           const struct aksu_interface_config *config)
{
    char why[AKSU_WHY];
    struct aksu_interface *i = aksu_interface_open(spec, config, why);
    if (i == NULL)
        fail_msg("%s: %s", spec, why);
    return i;
}

static void exchange(const char *spec, const struct aksu_interface_config *config, bool v6,
                     bool by_kernel)
{
    struct peer p;
    struct aksu_interface *i = open_or_fail(spec, config);
    kernel_addresses(i->name);
    peer_init(&p, i);
    peer_connect(&p, v6, by_kernel);
    assert_true(peer_exchange(&p, PEER_TEXT, peer_now() + AKSU_SECONDS(20)));
    assert_int_equal(i->lost, 0);
    bool large = !config->no_offload;
    assert_int_equal(i->device.offload, large ? AKSU_OFFLOAD_TSO | AKSU_OFFLOAD_CHECKSUM : 0);
    /* Both kinds of traffic are in each number: text one way, ACKs for the other. */
    if (large)
        assert_true(i->octets_out / i->frames_out > 2 * i->device.mtu
                    && i->octets_in / i->frames_in > 2 * i->device.mtu);
    else
        assert_true(i->octets_out / i->frames_out <= i->device.mtu + 14);
    peer_close(&p);
    peer_fini(&p);
}

static void text_both_ways(void **state)
{
    NEEDS_TAP("text_both_ways");
    for (unsigned kind = 0; kind < 16; kind++) {
        struct aksu_interface_config config = { .no_offload = kind & 2 };
        exchange(kind & 1 ? "tun:dev0" : "tap:dev0", &config, kind & 4, kind & 8);
    }
}

static void the_mtu_is_that_of_the_device(void **state)
{
    NEEDS_TAP("the_mtu_is_that_of_the_device");
    static const uint32_t mtu[] = { 1280, 1500, 9000 };
    for (unsigned k = 0; k < 3; k++) {
        ip_command("tuntap add dev0 mode tap");
        ip_command("link set dev0 mtu %u", mtu[k]);
        struct aksu_interface *i = open_or_fail("tap:dev0", NULL);
        assert_int_equal(i->device.mtu, mtu[k]);
        assert_string_equal(i->device.name, "dev0");
        assert_int_equal(i->device.mac[0] & 3, 2);
        aksu_interface_close(i);
        struct aksu_interface_config config = { .mtu = 1400, .mac = { 2, 1, 1, 1, 1, 1 } };
        i = open_or_fail("tap:dev0", &config);
        assert_int_equal(i->device.mtu, 1400);
        assert_int_equal(i->device.mac[5], 1);
        aksu_interface_close(i);
        ip_command("tuntap del dev0 mode tap");
    }
}

/* Runs the exchange on until `until` or its end. */
static void a_cable_is_pulled_and_put_back(void **state)
{
    NEEDS_TAP("a_cable_is_pulled_and_put_back");
    struct peer p;
    struct aksu_interface *i = open_or_fail("tap:dev0", NULL);
    kernel_addresses("dev0");
    peer_init(&p, i);
    peer_connect(&p, false, false);
    assert_false(peer_exchange(&p, 1u << 30, peer_now() + AKSU_MS(100)));
    size_t moved = p.received;
    assert_true(moved > 0 && p.kernel_received > 0);
    ip_command("link set dev0 down");
    assert_false(peer_exchange(&p, 1u << 30, peer_now() + AKSU_MS(1500)));
    assert_false(i->gone);
    assert_true(i->lost > 0);
    ip_command("link set dev0 up");
    size_t more = p.received + p.kernel_received;
    assert_true(peer_exchange(&p, p.received > p.kernel_received ? p.received + 1000000
                                                                 : p.kernel_received + 1000000,
                              peer_now() + AKSU_SECONDS(20)));
    assert_true(p.received + p.kernel_received > more + 1000000);
    peer_fini(&p);
}

static void a_device_is_deleted(void **state)
{
    NEEDS_TAP("a_device_is_deleted");
    for (unsigned kind = 0; kind < 2; kind++) {         /* noticed by reading, by writing */
        struct peer p;
        struct aksu_interface *i = open_or_fail("tap:dev0", NULL);
        kernel_addresses("dev0");
        peer_init(&p, i);
        peer_connect(&p, false, false);
        ip_command("link del dev0");
        struct pollfd fd = { .fd = i->fd, .events = POLLIN };
        assert_int_equal(poll(&fd, 1, 1000), 1);
        if (kind == 1)
            assert_true(aksu_send(p.net, p.conn, "x", 1, 0, peer_now()) == 1);
        assert_false(aksu_interface_move(i, p.net, p.device, peer_now()));
        assert_true(i->gone);
        assert_string_equal(i->why,
                            "the device dev0 was deleted: make it again, and open it again");
        assert_false(aksu_interface_move(i, p.net, p.device, peer_now()));
        peer_fini(&p);
    }
}

/* --- descriptors that somebody else opened --- */

static int attach(const char *name, int flags)
{
    struct ifreq request = { .ifr_flags = (short)flags };
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    strcpy(request.ifr_name, name);
    assert_int_equal(ioctl(fd, TUNSETIFF, &request), 0);
    return fd;
}

static void a_descriptor_of_others(void **state)
{
    NEEDS_TAP("a_descriptor_of_others");
    for (unsigned kind = 0; kind < 16; kind++) {
        bool vnet = kind & 4, wide = kind & 8;
        int fd = attach("dev1", (kind & 1 ? IFF_TUN : IFF_TAP) | (kind & 2 ? IFF_NO_PI : 0)
                                | (vnet ? IFF_VNET_HDR : 0));
        int size = 12;
        char spec[16];
        if (wide)
            assert_int_equal(ioctl(fd, TUNSETVNETHDRSZ, &size), 0);
        struct peer p;
        snprintf(spec, sizeof spec, "fd:%d", fd);
        struct aksu_interface *i = open_or_fail(spec, NULL);
        assert_string_equal(i->name, "dev1");
        assert_int_equal(i->device.mac[0] != 0, !(kind & 1));
        assert_int_equal(i->device.offload, vnet ? AKSU_OFFLOAD_TSO | AKSU_OFFLOAD_CHECKSUM : 0);
        kernel_addresses("dev1");
        peer_init(&p, i);
        peer_connect(&p, kind & 1, false);
        assert_true(peer_exchange(&p, PEER_TEXT / 4, peer_now() + AKSU_SECONDS(20)));
        assert_int_equal(i->lost, 0);
        peer_close(&p);
        peer_fini(&p);
        assert_int_equal(fcntl(fd, F_GETFD), -1);
    }
}

/* --- what cannot be opened --- */

static void says(const char *spec, const char *words)
{
    char why[AKSU_WHY];
    struct aksu_interface *i = aksu_interface_open(spec, NULL, why);
    if (i != NULL || strstr(why, words) == NULL)
        fail_msg("%s: %s", spec, i != NULL ? "was opened" : why);
}

static void what_cannot_be_opened(void **state)
{
    NEEDS_TAP("what_cannot_be_opened");
    struct aksu_interface *i = open_or_fail("tap:dev0", NULL);
    says("tap:dev0", "another program has it");
    aksu_interface_close(i);
    ip_command("tuntap add dev0 mode tun");
    says("tap:dev0", "that is no TAP device");
    ip_command("tuntap del dev0 mode tun");
    says("tun:lo", "that is no TUN device; take another name, or tap:lo");
}

/* In a child, as a user who may do nothing. Its exit code counts what went wrong. */
static int as_nobody(void)
{
    char why[AKSU_WHY] = "";
    if (setgid(65534) != 0 || setuid(65534) != 0)
        return 100;
    int wrong = aksu_interface_open("tap:dev9", NULL, why) != NULL
                || strstr(why, "not permitted; use sudo") == NULL;
    wrong += aksu_interface_open("packet:lo", NULL, why) != NULL
             || strstr(why, "not permitted; use sudo") == NULL;
    return wrong;
}

static void permission_is_needed(void **state)
{
    NEEDS_TAP("permission_is_needed");
    if (getuid() != 0) {
        print_message("skip permission_is_needed: only root can become somebody else\n");
        skip();
    }
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(as_nobody());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void several_queues_and_many_openings(void **state)
{
    NEEDS_TAP("several_queues_and_many_openings");
    ip_command("tuntap add dev0 mode tap multi_queue");
    for (unsigned k = 0; k < 20; k++)
        aksu_interface_close(open_or_fail("tap:dev0", NULL));
    ip_command("tuntap del dev0 mode tap multi_queue");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_both_ways),
        cmocka_unit_test(the_mtu_is_that_of_the_device),
        cmocka_unit_test(a_cable_is_pulled_and_put_back),
        cmocka_unit_test(a_device_is_deleted),
        cmocka_unit_test(a_descriptor_of_others),
        cmocka_unit_test(what_cannot_be_opened),
        cmocka_unit_test(permission_is_needed),
        cmocka_unit_test(several_queues_and_many_openings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
