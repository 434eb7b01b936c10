/* test_host.c - a host in one call (host.h): what it opens and refuses, its loop, names. Two hosts
 * are joined by a pair of AF_UNIX sockets, so time is real here, and waits are short. */
#include "help.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "aksu/host.h"
#include "aksu/ip.h"
#include "aksu/udp.h"
#include "host/host_internal.h"

enum { LEFT, RIGHT, TURNS = 2000 };

static struct aksu_ip ip_of(const char *text)
{
    struct aksu_ip ip;
    assert_true(aksu_ip_parse(text, &ip));
    return ip;
}

/* On a descriptor, which becomes the host's. */
static struct aksu_host *open_on(int fd, struct aksu_host_config *config, char why[AKSU_WHY])
{
    char device[16];
    snprintf(device, sizeof device, "fd:%d", fd);
    config->device = device;
    struct aksu_host *host = aksu_host_open(config, why);
    config->device = NULL;
    return host;
}

static struct aksu_host *host_with(int fd, const char *v4, const char *v6)
{
    const char *const addresses[] = { v4, v6, NULL };
    struct aksu_host_config config = { .addresses = addresses };
    char why[AKSU_WHY] = "";
    struct aksu_host *host = open_on(fd, &config, why);
    assert_string_equal(why, "");
    assert_non_null(host);
    return host;
}

static void open_two(struct aksu_host *host[2])
{
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fd), 0);
    host[LEFT] = host_with(fd[0], "10.0.0.1/24", "fd00::1/64");
    host[RIGHT] = host_with(fd[1], "10.0.0.2/24", "fd00::2/64");
}

static void close_two(struct aksu_host *host[2])
{
    aksu_host_close(host[LEFT]);
    aksu_host_close(host[RIGHT]);
}

/* One turn of both, without waiting. */
static void turn_both(struct aksu_host *host[2])
{
    assert_true(aksu_host_wait(host[LEFT], NULL, 0, 0));
    assert_true(aksu_host_wait(host[RIGHT], NULL, 0, 0));
}

/* What `host` is told, within some turns of both; 0: nothing. */
static uint32_t told(struct aksu_host *host[2], int side, uint32_t wanted, struct aksu_ready *ready)
{
    for (int i = 0; i < TURNS; i++) {
        turn_both(host);
        while (aksu_host_next_ready(host[side], ready)) {
            if (ready->what & wanted)
                return ready->what;
        }
    }
    return 0;
}

static aksu_conn connect_to(struct aksu_host *host[2], const char *address, aksu_conn *accepted)
{
    struct aksu_ready ready;
    aksu_listener listener;
    aksu_conn conn;
    struct aksu_listen l = { .local = { .port = 7 } };
    struct aksu_open o = { .remote = { .ip = ip_of(address), .port = 7 } };
    assert_int_equal(aksu_listen(aksu_host_stack(host[RIGHT]), &l, &listener, aksu_host_now()), 0);
    assert_int_equal(aksu_open(aksu_host_stack(host[LEFT]), &o, &conn, aksu_host_now()), 0);
    assert_true(told(host, RIGHT, AKSU_ACCEPTABLE, &ready) & AKSU_ACCEPTABLE);
    assert_int_equal(aksu_accept(aksu_host_stack(host[RIGHT]), ready.listener, accepted,
                                 aksu_host_now()), 0);
    return conn;
}

static void two_hosts_talk(const char *address)
{
    struct aksu_host *host[2];
    struct aksu_ready ready;
    aksu_conn accepted;
    char text[16] = "";
    open_two(host);
    aksu_conn conn = connect_to(host, address, &accepted);
    assert_int_equal(aksu_send(aksu_host_stack(host[LEFT]), conn, "hello", 5, 0, aksu_host_now()),
                     5);
    assert_true(told(host, RIGHT, AKSU_READABLE, &ready) & AKSU_READABLE);
    assert_int_equal(aksu_receive(aksu_host_stack(host[RIGHT]), accepted, text, sizeof text,
                                  aksu_host_now()), 5);
    assert_string_equal(text, "hello");
    close_two(host);
}

static void hosts_talk_over_ipv4_and_ipv6(void **state)
{
    (void)state;
    two_hosts_talk("10.0.0.2");
    two_hosts_talk("fd00::2");
}

/* Nothing to wait for, an end that was closed, and one that never will be. */
static void drain_waits_for_what_is_not_closed(void **state)
{
    struct aksu_host *host[2];
    struct aksu_ready ready;
    aksu_conn accepted;
    (void)state;
    open_two(host);
    aksu_time start = aksu_host_now();
    aksu_host_drain(host[LEFT], start + AKSU_SECONDS(60));
    aksu_conn conn = connect_to(host, "10.0.0.2", &accepted);
    aksu_time before = aksu_host_now();
    aksu_host_drain(host[LEFT], before + AKSU_MS(20));
    assert_true(aksu_host_now() >= before + AKSU_MS(20));

    aksu_close(aksu_host_stack(host[LEFT]), conn, aksu_host_now());
    assert_true(told(host, RIGHT, AKSU_PEER_CLOSED, &ready) & AKSU_PEER_CLOSED);
    aksu_close(aksu_host_stack(host[RIGHT]), accepted, aksu_host_now());
    turn_both(host);
    aksu_host_drain(host[LEFT], start + AKSU_SECONDS(60));
    turn_both(host);
    aksu_host_drain(host[RIGHT], start + AKSU_SECONDS(60));
    assert_true(aksu_host_now() < start + AKSU_SECONDS(30));
    close_two(host);
}

static void wait_ends_with_the_time_or_a_descriptor(void **state)
{
    struct aksu_host *host[2];
    struct pollfd more[2] = { { .events = POLLIN }, { .events = POLLIN, .revents = POLLIN } };
    int a[2], b[2];
    (void)state;
    open_two(host);
    assert_int_equal(pipe(a), 0);
    assert_int_equal(pipe(b), 0);
    more[0].fd = a[0];
    more[1].fd = b[0];

    aksu_time start = aksu_host_now();
    assert_true(aksu_host_wait(host[LEFT], more, 2, start + AKSU_MS(15)));
    assert_true(aksu_host_now() >= start + AKSU_MS(15));
    assert_int_equal(more[0].revents, 0);
    assert_int_equal(more[1].revents, 0);

    assert_int_equal(write(b[1], "x", 1), 1);
    start = aksu_host_now();
    assert_true(aksu_host_wait(host[LEFT], more, 2, start + AKSU_SECONDS(60)));
    assert_true(aksu_host_now() < start + AKSU_SECONDS(30));
    assert_int_equal(more[0].revents, 0);
    assert_int_equal(more[1].revents, POLLIN);
    assert_true(aksu_host_wait(host[LEFT], more, 2, 0));
    assert_int_equal(more[1].revents, POLLIN);      /* also without waiting */
    for (int i = 0; i < 2; i++) {
        close(a[i]);
        close(b[i]);
    }
    close_two(host);
}

static void ignore(int signal)
{
    (void)signal;
}

static void wait_ends_with_a_signal(void **state)
{
    struct aksu_host *host[2];
    struct sigaction action = { .sa_handler = ignore }, before;
    struct itimerval soon = { .it_value = { .tv_usec = 10000 }, .it_interval = { .tv_sec = 1 } };
    struct itimerval never = { .it_interval = { 0, 0 } };
    (void)state;
    open_two(host);
    sigaction(SIGALRM, &action, &before);
    aksu_time start = aksu_host_now();
    setitimer(ITIMER_REAL, &soon, NULL);
    assert_true(aksu_host_wait(host[LEFT], NULL, 0, start + AKSU_SECONDS(60)));
    assert_true(aksu_host_now() < start + AKSU_SECONDS(30));
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
    close_two(host);
}

/* Text that waits to be read does not end an internal wait, and is still told of afterwards. */
static void readiness_is_kept_for_the_caller(void **state)
{
    struct aksu_host *host[2];
    struct aksu_ready ready;
    aksu_conn accepted;
    char why[AKSU_WHY] = "";
    struct aksu_ip ip;
    (void)state;
    open_two(host);
    aksu_conn conn = connect_to(host, "10.0.0.2", &accepted);
    aksu_send(aksu_host_stack(host[LEFT]), conn, "x", 1, 0, aksu_host_now());
    turn_both(host);
    turn_both(host);
    assert_int_equal(aksu_host_resolve(host[RIGHT], "no.resolver.example", &ip, 1,
                                       aksu_host_now() + AKSU_MS(20), why), 0);
    assert_non_null(strstr(why, "no resolver to ask"));
    assert_true(told(host, RIGHT, AKSU_READABLE, &ready) & AKSU_READABLE);
    close_two(host);
}

static void an_interface_that_is_gone_is_told(void **state)
{
    int fd[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    struct aksu_host *host = host_with(fd[0], "10.0.0.1/24", NULL);
    aksu_time start = aksu_host_now();
    assert_true(aksu_host_wait(host, NULL, 0, start + AKSU_MS(5)));
    close(fd[1]);
    bool there = true;
    for (int i = 0; i < 10 && there; i++)
        there = aksu_host_wait(host, NULL, 0, start + AKSU_SECONDS(60));
    assert_false(there);
    assert_true(aksu_host_now() < start + AKSU_SECONDS(30));
    assert_true(strlen(aksu_host_why(host)) > 10);
    aksu_host_close(host);
}

static void given_addresses_are_there_at_once(void **state)
{
    int fd[2];
    bool v4, v6;
    char why[AKSU_WHY] = "";
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fd), 0);
    struct aksu_host *host = host_with(fd[0], "10.0.0.1/24", NULL);
    assert_true(aksu_host_ready(host, &v4, &v6));
    assert_true(v4);
    assert_false(v6);
    assert_true(aksu_host_settle(host, 0, why));
    aksu_host_close(host);
    close(fd[1]);
}

static void addresses_that_do_not_come_are_told(void **state)
{
    static const char *const asked[3][2] = { { NULL, NULL }, { "dhcp", NULL }, { "auto", NULL } };
    static const char *const told_of[3] = { "neither a DHCP", "no DHCP", "no IPv6 router" };
    (void)state;
    for (int i = 0; i < 3; i++) {
        int fd[2];
        bool v4, v6;
        char why[AKSU_WHY] = "";
        assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fd), 0);
        struct aksu_host_config config = { .addresses = asked[i] };
        struct aksu_host *host = open_on(fd[0], &config, why);
        assert_non_null(host);
        assert_false(aksu_host_ready(host, &v4, &v6));
        assert_false(v4 || v6);
        assert_false(aksu_host_settle(host, aksu_host_now() + AKSU_MS(10), why));
        assert_non_null(strstr(why, told_of[i]));
        aksu_host_close(host);
        close(fd[1]);
    }
}

/* What is given, and a word of the sentence that says what is wrong with it. */
struct refusal {
    const char *address, *route, *resolver, *word;
    bool bare_ip;
};

static void what_makes_no_sense_is_refused_in_words(void **state)
{
    static const struct refusal refusals[] = {
        { .address = "10.0.0.300/24", .word = "10.0.0.300/24" },
        { .address = "dchp", .word = "'dchp'" },
        { .address = "224.0.0.1/24", .word = "224.0.0.1/24" },
        { .address = "10.0.0.1/24", .route = "gateway", .word = "'gateway'" },
        { .address = "10.0.0.1/24", .route = "10.9.0.0/16 via", .word = "10.9.0.0/16 via" },
        { .address = "10.0.0.1/24", .route = "10.9.0.0/33 via 10.0.0.9", .word = "10.9.0.0/33" },
        { .address = "10.0.0.1/24", .route = "10.9.0.0/16 via fd00::1", .word = "one family" },
        { .address = "10.0.0.1/24", .resolver = "dns.example", .word = "'dns.example'" },
        { .address = "dhcp", .bare_ip = true, .word = "without Ethernet" },
        { .address = "auto", .bare_ip = true, .word = "without Ethernet" },
        { .bare_ip = true, .word = "without Ethernet" },
    };
    char why[AKSU_WHY] = "";
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *r = &refusals[i];
        const char *const addresses[] = { r->address, NULL }, *const routes[] = { r->route, NULL };
        const char *const resolvers[] = { r->resolver, NULL };
        struct aksu_host_config config = { .addresses = addresses, .routes = routes,
                                           .resolvers = resolvers,
                                           .interface = { .bare_ip = r->bare_ip } };
        int fd[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fd), 0);
        assert_null(open_on(fd[0], &config, why));
        assert_non_null(strstr(why, r->word));
        close(fd[1]);
    }
    assert_null(aksu_host_open(&(struct aksu_host_config){ .device = NULL }, why));
    assert_non_null(strstr(why, "tap:NAME"));
    assert_null(aksu_host_open(&(struct aksu_host_config){ .device = "tapp:x" }, why));
    assert_non_null(strstr(why, "tapp"));
}

static void routes_are_taken_in_every_form(void **state)
{
    static const char *const good[] = { "10.0.0.9", "10.9.0.0/16 via 10.0.0.9", "10.8.0.0/16",
                                        "default via 10.0.0.9", "fd00::9", "::/0 via fd00::9",
                                        NULL };
    static const char *const addresses[] = { "10.0.0.1/24", "fd00::1/64", NULL };
    int fd[2];
    char why[AKSU_WHY] = "";
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fd), 0);
    struct aksu_host_config config = { .addresses = addresses, .routes = good };
    struct aksu_host *host = open_on(fd[0], &config, why);
    assert_string_equal(why, "");
    aksu_host_close(host);
    close(fd[1]);
}

static void addresses_resolve_to_themselves(void **state)
{
    struct aksu_host *host[2];
    struct aksu_ip ip[2], wanted = ip_of("2001:db8::7");
    char why[AKSU_WHY] = "";
    (void)state;
    open_two(host);
    assert_int_equal(aksu_host_resolve(host[LEFT], "2001:db8::7", ip, 2, 0, why), 1);
    assert_memory_equal(&ip[0], &wanted, sizeof wanted);
    assert_int_equal(aksu_host_resolve(host[LEFT], "10.0.0.2", ip, 0, 0, why), 0);
    close_two(host);
}

/* --- time --- */

enum { SLOW_MS = 3 };
static struct {
    enum aksu_transmit (*transmit)(struct aksu_interface *i, const struct aksu_frame *frame);
    struct aksu_host **host;
} slow;

/* The other side has answered before this returns. */
static enum aksu_transmit transmit_slowly(struct aksu_interface *i, const struct aksu_frame *frame)
{
    enum aksu_transmit answer = slow.transmit(i, frame);
    usleep(SLOW_MS * 1000);
    for (int n = 0; n < 10; n++)
        assert_true(aksu_host_wait(slow.host[RIGHT], NULL, 0, 0));
    return answer;
}

/* What has left in a turn may be answered in the same turn. */
static void a_round_trip_takes_its_time(void **state)
{
    (void)state;
    struct aksu_host *host[2];
    struct aksu_interface_ops ops;
    struct aksu_ip to = ip_of("10.0.0.2");
    struct aksu_echo echo;
    open_two(host);
    ops = *host[LEFT]->interface->ops;
    slow.transmit = ops.transmit;
    slow.host = host;
    ops.transmit = transmit_slowly;
    host[LEFT]->interface->ops = &ops;
    for (uint16_t n = 0; n < 5; n++) {
        bool told_of = false;
        aksu_time sent = aksu_host_now();
        assert_int_equal(aksu_echo_send(aksu_host_stack(host[LEFT]), &to, 1, n, "x", 1, 0, sent),
                         AKSU_OK);
        for (int turns = 0; turns < TURNS && !told_of; turns++) {
            turn_both(host);
            told_of = aksu_echo_receive(aksu_host_stack(host[LEFT]), &echo);
        }
        assert_true(told_of);
        assert_true(echo.at - sent >= AKSU_MS(SLOW_MS));
    }
    close_two(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_talk_over_ipv4_and_ipv6),
        cmocka_unit_test(drain_waits_for_what_is_not_closed),
        cmocka_unit_test(wait_ends_with_the_time_or_a_descriptor),
        cmocka_unit_test(wait_ends_with_a_signal),
        cmocka_unit_test(a_round_trip_takes_its_time),
        cmocka_unit_test(readiness_is_kept_for_the_caller),
        cmocka_unit_test(an_interface_that_is_gone_is_told),
        cmocka_unit_test(given_addresses_are_there_at_once),
        cmocka_unit_test(addresses_that_do_not_come_are_told),
        cmocka_unit_test(what_makes_no_sense_is_refused_in_words),
        cmocka_unit_test(routes_are_taken_in_every_form),
        cmocka_unit_test(addresses_resolve_to_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
