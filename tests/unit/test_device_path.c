/* test_device_path.c - an interface behind two paths in real time: nothing comes before its time,
 * all comes in the end, also when the device is full meanwhile; and a host of which this is the
 * device. */
#include "cable_help.h"

#include <time.h>

#include "aksu/host.h"
#include "aksu/path.h"

static aksu_time clock_now(void)
{
    return aksu_host_now();
}

static void sleep_until(aksu_time at)
{
    while (clock_now() < at)
        nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
}

static struct aksu_path *delay_of(aksu_time delay)
{
    struct aksu_path_node node = { .kind = AKSU_PATH_DELAY, .delay = delay };
    struct aksu_path *p = aksu_path_new(&node, 1, 1, 0);
    assert_non_null(p);
    return p;
}

static void put_behind(struct cable *c, struct aksu_path *out, struct aksu_path *in)
{
    c->i = aksu_path_interface(c->i, out, in);
    assert_non_null(c->i);
    assert_int_equal(c->i->due_at, 0);
    assert_false(c->i->blocked);
}

static void send_out(struct aksu_interface *i, const struct aksu_frame *frame)
{
    assert_int_equal(i->ops->transmit(i, frame), AKSU_TRANSMIT_DONE);
    i->ops->flush(i);
}

static void frames_come_at_their_time(void **state)
{
    (void)state;
    static struct sample s;
    static uint8_t octets[FRAME_MOST];
    struct aksu_frame frame;
    struct cable c = cable_of(SOCK_DGRAM, 0);
    put_behind(&c, delay_of(AKSU_MS(20)), delay_of(AKSU_MS(10)));
    make_sample(&s, 0);

    aksu_time before = clock_now();
    send_out(c.i, &s.frame);
    aksu_time due = c.i->due_at;
    assert_in_range(due, before + AKSU_MS(20), clock_now() + AKSU_MS(20));
    if (clock_now() < due - AKSU_MS(1))
        assert_int_equal(c.i->ops->receive(c.i, &frame, 1), 0);
    if (clock_now() < due)
        assert_int_equal(recv(c.end, octets, sizeof octets, MSG_DONTWAIT), -1);
    sleep_until(due);
    assert_int_equal(c.i->ops->receive(c.i, &frame, 1), 0);     /* whoever is due leaves */
    assert_sample(octets, (size_t)recv(c.end, octets, sizeof octets, MSG_DONTWAIT), 0);
    assert_int_equal(c.i->due_at, 0);

    assert_int_equal(send(c.end, s.octets, s.frame.length, 0), s.frame.length);
    before = clock_now();
    assert_int_equal(receive_samples(c.i, 1, 0), 0);
    due = c.i->due_at;
    assert_in_range(due, before + AKSU_MS(10), clock_now() + AKSU_MS(10));
    sleep_until(due);
    assert_int_equal(receive_samples(c.i, 1, 0), 1);
    assert_int_equal(c.i->due_at, 0);
    cable_fini(&c);
}

/* A device that is full: what is due waits, in its order, and nothing is lost. */
static void a_full_device_delays(void **state)
{
    (void)state;
    enum { COUNT = 400 };
    static struct sample s;
    static uint8_t octets[FRAME_MOST];
    struct aksu_frame frame;
    struct cable c = cable_of(SOCK_DGRAM, 300000);
    unsigned blocked = 0, seen = 0;
    put_behind(&c, delay_of(AKSU_US(100)), delay_of(0));
    for (uint32_t n = 0; n < COUNT; n++) {
        make_sample(&s, n);
        send_out(c.i, &s.frame);
    }
    for (aksu_time end = clock_now() + AKSU_SECONDS(10); seen < COUNT && clock_now() < end;) {
        sleep_until(clock_now() + AKSU_US(100));
        assert_int_equal(c.i->ops->receive(c.i, &frame, 1), 0);
        blocked += c.i->blocked;
        c.i->blocked = false;
        ssize_t n;
        while ((n = recv(c.end, octets, sizeof octets, MSG_DONTWAIT)) > 0)
            assert_sample(octets, (size_t)n, seen++);
    }
    assert_int_equal(seen, COUNT);
    assert_true(blocked > 0);
    assert_int_equal(c.i->lost, 0);
    assert_int_equal(c.i->due_at, 0);
    cable_fini(&c);
}

/* The router on the way out says to us, that on the way in to the others, what would fit. */
static void routers_are_heard_on_both_sides(void **state)
{
    (void)state;
    static uint8_t packet[14 + 1400] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0,
                                         (1400 >> 8), (1400 & 255), [22] = 64, 17, [26] = 10, 0, 0,
                                         1, 10, 0, 0, 2 };
    struct aksu_frame frame = { .parts = 1, .length = sizeof packet,
                                .part = { { packet, sizeof packet } } };
    struct aksu_path_node node = { .kind = AKSU_PATH_MTU, .mtu = 1280, .tell = true };
    uint8_t octets[2048];
    struct cable c = cable_of(SOCK_DGRAM, 0);
    put_behind(&c, aksu_path_new(&node, 1, 1, 0), aksu_path_new(&node, 1, 1, 0));
    send_out(c.i, &frame);
    assert_int_equal(recv(c.end, octets, sizeof octets, MSG_DONTWAIT), -1);
    assert_true(c.i->due_at != 0 && c.i->due_at <= clock_now());
    assert_int_equal(c.i->ops->receive(c.i, &frame, 1), 1);
    assert_memory_equal(frame.part[0].data, packet + 6, 6);
    assert_int_equal(frame.part[0].data[14 + 9], 1);
    assert_int_equal(send(c.end, packet, sizeof packet, 0), sizeof packet);
    assert_int_equal(c.i->ops->receive(c.i, &frame, 1), 0);
    assert_int_equal(c.i->ops->receive(c.i, &frame, 1), 0);
    assert_true(recv(c.end, octets, sizeof octets, MSG_DONTWAIT) > 0);
    assert_memory_equal(octets, packet + 6, 6);
    cable_fini(&c);
}

static void the_end_is_told(void **state)
{
    (void)state;
    struct cable c = cable_of(SOCK_SEQPACKET, 0);
    put_behind(&c, delay_of(1), delay_of(1));
    close(c.end);
    c.end = -1;
    assert_gone(c.i, "");
    assert_true(c.i->why[0] != 0);
    cable_fini(&c);
}

/* Two hosts, one of them behind a path: a round trip takes what the path says, with a capture in
 * between, too. */
static void hosts_meet_over_a_path(void **state)
{
    (void)state;
    static const char *const address[2][2] = { { "10.0.0.1/24" }, { "10.0.0.2/24" } };
    struct aksu_path_node node = { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(15) };
    struct aksu_host *host[2];
    char why[AKSU_WHY], spec[2][16], capture[] = "/tmp/aksu-path-XXXXXX";
    int fd[2], file = mkstemp(capture);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fd), 0);
    for (unsigned k = 0; k < 2; k++) {
        snprintf(spec[k], sizeof spec[k], "fd:%d", fd[k]);
        struct aksu_host_config config = { .device = spec[k], .addresses = address[k] };
        if (k == 0) {
            config.path_out = config.path_in = (struct aksu_host_path){ &node, 1, 7 };
            config.capture = capture;
        }
        host[k] = aksu_host_open(&config, why);
        assert_non_null(host[k]);
        assert_int_equal(aksu_host_path(host[k], true) != NULL, k == 0);
    }
    struct aksu_listen listen = { .local.port = 80 };
    struct aksu_open open = { .remote.port = 80 };
    aksu_listener listener;
    aksu_conn conn;
    aksu_time now = clock_now();
    struct aksu_info info = { 0 };
    assert_true(aksu_ip_parse("10.0.0.2", &open.remote.ip));
    assert_int_equal(aksu_listen(aksu_host_stack(host[1]), &listen, &listener, now), AKSU_OK);
    assert_int_equal(aksu_open(aksu_host_stack(host[0]), &open, &conn, now), AKSU_OK);
    for (unsigned turns = 0; turns < 20000 && info.state != AKSU_TCP_ESTABLISHED; turns++) {
        for (unsigned k = 0; k < 2; k++)
            assert_true(aksu_host_wait(host[k], NULL, 0, clock_now() + AKSU_US(100)));
        assert_int_equal(aksu_status(aksu_host_stack(host[0]), conn, &info), AKSU_OK);
    }
    assert_int_equal(info.state, AKSU_TCP_ESTABLISHED);
    assert_in_range(clock_now() - now, AKSU_MS(30), AKSU_SECONDS(2));
    assert_in_range(info.srtt_us, 30000, 60000);
    for (unsigned k = 0; k < 2; k++)
        aksu_host_close(host[k]);
    close(file);
    unlink(capture);
}

static void impossible_paths_are_refused(void **state)
{
    (void)state;
    static const char *const address[] = { "10.0.0.1/24", NULL };
    struct aksu_path_node node = { .kind = AKSU_PATH_RATE };
    int fd[2];
    char why[AKSU_WHY] = "", spec[16];
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fd), 0);
    snprintf(spec, sizeof spec, "fd:%d", fd[0]);
    struct aksu_host_config config = { .device = spec, .addresses = address,
                                       .path_in = { &node, 1, 7 } };
    assert_null(aksu_host_open(&config, why));
    assert_non_null(strstr(why, "out of range"));
    close(fd[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_at_their_time),
        cmocka_unit_test(a_full_device_delays),
        cmocka_unit_test(routers_are_heard_on_both_sides),
        cmocka_unit_test(the_end_is_told),
        cmocka_unit_test(hosts_meet_over_a_path),
        cmocka_unit_test(impossible_paths_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
