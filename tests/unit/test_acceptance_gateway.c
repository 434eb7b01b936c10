/* test_acceptance_gateway.c - what users of other gateways have missed: a SYN that is answered as
 * the far side answered, targets that do not answer and hold up nobody, long silence that ends
 * nothing. Named after the tests that were asked for; the others are acceptance_... in tests/sim
 * and tests/script. */
#include "stack_help.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/gateway.h"

enum { GUESTS = 1000, FILLERS = 3 };
enum { CTL_SYN = 2, CTL_RST = 4 };

/* --- a guest in virtual time, and sockets of the host --- */

struct behind {
    struct aksu_sink sink;              /* of the guest; first */
    struct two w;                       /* CLIENT: the guest; SERVER: the gateway's stack */
    struct gateway_poller poller;
    struct gateway *gateway;
    bool cut;                           /* no frame arrives any more */
    unsigned syn_acks, resets, unreachable;     /* what the guest got */
};

static void hear(struct aksu_sink *sink, const struct aksu_event *e)
{
    struct behind *b = (struct behind *)sink;
    if (e->kind == AKSU_EV_segment_in) {
        b->syn_acks += (e->segment_in.ctl & CTL_SYN) != 0;
        b->resets += (e->segment_in.ctl & CTL_RST) != 0;
    }
    b->unreachable += e->kind == AKSU_EV_icmp_in;
}

static void behind_init(struct behind *b)
{
    struct link_options o = { .carries_loopback = true };
    *b = (struct behind){ .sink = { hear } };
    o.config[CLIENT].sink = &b->sink;
    o.config[CLIENT].max_connections = o.config[SERVER].max_connections = 4096;
    two_init(&b->w, &o);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(aksu_route_add(b->w.net[i], b->w.pair.device[i], "0.0.0.0/0", NULL),
                         AKSU_OK);
    assert_int_equal(aksu_accept_any(b->w.net[SERVER], b->w.pair.device[SERVER], true), AKSU_OK);
    assert_true(gateway_poller_init(&b->poller));
    struct gateway_config config = { .poller = &b->poller, .net = b->w.net[SERVER] };
    b->gateway = gateway_new(&config, b->w.now);
    assert_non_null(b->gateway);
}

static void behind_fini(struct behind *b)
{
    gateway_free(b->gateway, b->w.now);
    gateway_poller_fini(&b->poller);
    two_fini(&b->w);
}

/* All that is possible without time passing for the guest. */
static void behind_turn(struct behind *b)
{
    struct aksu_frame f;
    bool any = true;
    while (any) {
        for (unsigned side = 0; b->cut && side < 2; side++)
            while (take_frame(&b->w, side, &f))
                continue;
        any = move(&b->w) > 0;
        gateway_poller_look(&b->poller, b->w.now);
        any = gateway_work(b->gateway, b->w.now) || any;
    }
}

/* A millisecond for the kernel, whose loopback is at once, or nearly so. */
static void behind_breathe(void)
{
    (void)poll(NULL, 0, 1);
}

/* Turns until the condition holds; fails after some seconds of real time. */
#define behind_until(b, condition)                                                                \
    do {                                                                                          \
        unsigned turns = 0;                                                                       \
        for (behind_turn(b); !(condition); behind_turn(b)) {                                      \
            assert_true(turns++ < 10000);                                                         \
            behind_breathe();                                                                     \
        }                                                                                         \
    } while (0)
static void behind_pass(struct behind *b, aksu_time time)
{
    const aksu_time end = b->w.now + time;
    behind_turn(b);
    while (b->w.now < end) {
        aksu_time next = end;
        for (unsigned i = 0; i < 2; i++) {
            aksu_time due = aksu_next_timeout(b->w.net[i]);
            next = due < next ? due : next;
        }
        b->w.now = next > b->w.now ? next : b->w.now;
        for (unsigned i = 0; i < 2; i++)
            aksu_timeouts(b->w.net[i], b->w.now);
        behind_turn(b);
    }
}

static aksu_conn behind_open(struct behind *b, const char *ip, uint16_t port)
{
    aksu_conn c;
    struct aksu_open how = { .remote = { ip_text(ip), port } };
    assert_int_equal(aksu_open(b->w.net[CLIENT], &how, &c, b->w.now), AKSU_OK);
    return c;
}

/* On loopback: listening with so long a queue; -1: bound, not listening. */
static int host_listen(int backlog, uint16_t *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &length), 0);
    if (backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

/* A listener that answers nobody any more. */
static int host_silent(uint16_t *port, int filler[], unsigned fillers)
{
    int fd = host_listen(0, port);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(*port) };
    unsigned waiting = 0;
    for (unsigned i = 0; i < fillers; i++) {
        filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(filler[i], (struct sockaddr *)&a, sizeof a);
        struct pollfd p = { .fd = filler[i], .events = POLLOUT };
        waiting += poll(&p, 1, 50) == 0;
    }
    assert_true(waiting > 0);
    return fd;
}

static unsigned in_state(struct aksu *net, enum aksu_tcp_state wanted)
{
    uint32_t cursor = 0;
    unsigned n = 0;
    aksu_conn c;
    while (aksu_next_connection(net, &cursor, &c))
        n += state_of(net, c) == wanted;
    return n;
}

static enum aksu_status reason_of(struct behind *b, aksu_conn c)
{
    struct aksu_info info;
    assert_int_equal(aksu_status(b->w.net[CLIENT], c, &info), AKSU_OK);
    return info.reason;
}

static enum aksu_tcp_state guest_state(struct behind *b, aksu_conn c)
{
    return state_of(b->w.net[CLIENT], c);
}

static void expect_nothing_left(struct behind *b)
{
    struct aksu_counters c;
    aksu_counters(b->w.net[SERVER], &c);
    assert_int_equal(c.connections, 0);
    assert_int_equal(gateway_connections(b->gateway), 0);
}

/* heiher/hev-socks5-tunnel 179, superradcompany/microsandbox 606, meow-rs/meow-ios 367: refused,
 * unreachable, filtered and open; nobody sees a SYN,ACK before the far side has connected. */
static void acceptance_gate(void **state)
{
    (void)state;
    struct behind b;
    uint16_t closed, silent, open;
    int filler[FILLERS];
    behind_init(&b);
    int bound = host_listen(-1, &closed), full = host_silent(&silent, filler, FILLERS);
    int listening = host_listen(16, &open);

    aksu_conn c = behind_open(&b, "127.0.0.1", closed);
    behind_until(&b, reason_of(&b, c) != AKSU_OK);
    assert_int_equal(reason_of(&b, c), AKSU_REFUSED);
    assert_int_equal(b.resets, 1);
    assert_int_equal(b.syn_acks + b.unreachable, 0);

    c = behind_open(&b, "127.255.255.255", open);       /* to a broadcast address: ENETUNREACH */
    behind_until(&b, b.unreachable > 0);
    assert_int_equal(b.resets, 1);
    assert_int_equal(b.syn_acks, 0);
    behind_pass(&b, AKSU_SECONDS(200));
    assert_int_equal(reason_of(&b, c), AKSU_UNREACHABLE_NET);

    c = behind_open(&b, "127.0.0.1", silent);
    behind_pass(&b, AKSU_SECONDS(200));
    assert_int_equal(reason_of(&b, c), AKSU_TIMED_OUT);
    assert_int_equal(b.resets, 1);
    assert_int_equal(b.syn_acks, 0);

    c = behind_open(&b, "127.0.0.1", open);
    behind_until(&b, guest_state(&b, c) == AKSU_TCP_ESTABLISHED);
    assert_int_equal(b.syn_acks, 1);
    assert_true(accept(listening, NULL, NULL) >= 0);    /* it really had connected */
    behind_fini(&b);
    close(bound);
    close(full);
    close(listening);
}

/* containers/gvisor-tap-vsock 676: ten targets that do not answer, then a thousand, and who has
 * one that does is connected before any time has passed. */
static void acceptance_half_open_table(void **state)
{
    (void)state;
    struct behind b;
    struct aksu_counters counters;
    struct rlimit files;
    uint16_t silent, open;
    int filler[FILLERS];
    static const unsigned targets[2] = { 10, GUESTS };
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    behind_init(&b);
    int full = host_silent(&silent, filler, FILLERS), listening = host_listen(16, &open);
    for (unsigned i = 0, round = 0; round < 2; round++) {
        for (; i < targets[round]; i++)
            (void)behind_open(&b, "127.0.0.1", silent);
        behind_turn(&b);
        assert_int_equal(gateway_connections(b.gateway), targets[round] + round);
        const aksu_time before = b.w.now;
        aksu_conn c = behind_open(&b, "127.0.0.1", open);
        behind_until(&b, guest_state(&b, c) == AKSU_TCP_ESTABLISHED);
        assert_true(b.w.now == before);
    }
    aksu_counters(b.w.net[SERVER], &counters);
    assert_int_equal(counters.connections, GUESTS + 2);
    assert_int_equal(counters.event[AKSU_EV_syn_held], GUESTS + 2);
    assert_int_equal(counters.event[AKSU_EV_syn_refused], 0);
    behind_fini(&b);
    close(full);
    close(listening);
}

/* containers/gvisor-tap-vsock 127: SYN, SYN,ACK, RST, as health checks do: nothing is left. */
static void acceptance_half_open_table_is_emptied(void **state)
{
    (void)state;
    struct behind b;
    uint16_t open;
    behind_init(&b);
    int listening = host_listen(16, &open);
    for (unsigned i = 0; i < GUESTS; i++) {
        struct aksu_frame f;
        aksu_conn c = behind_open(&b, "127.0.0.1", open);
        assert_true(take_frame(&b.w, CLIENT, &f));
        aksu_frame_in(b.w.net[SERVER], b.w.pair.device[SERVER], &f, b.w.now);
        int host;
        gateway_work(b.gateway, b.w.now);
        for (unsigned turns = 0; !take_frame(&b.w, SERVER, &f); turns++) {
            assert_true(turns < 10000);
            gateway_poller_look(&b.poller, b.w.now);
            gateway_work(b.gateway, b.w.now);
        }
        aksu_frame_in(b.w.net[CLIENT], b.w.pair.device[CLIENT], &f, b.w.now);
        assert_int_equal(aksu_abort(b.w.net[CLIENT], c, b.w.now), AKSU_OK);
        behind_turn(&b);
        expect_nothing_left(&b);
        while ((host = accept(listening, NULL, NULL)) >= 0)
            close(host);
    }
    assert_int_equal(b.syn_acks, GUESTS);
    behind_fini(&b);
    close(listening);
}

/* --- through --- */

enum ends { QUIET, GUEST_CLOSED, HOST_CLOSED, BOTH, GUEST_GOES, ENDS };

struct flow_end {
    aksu_conn guest;
    int host;
};

static struct flow_end connected(struct behind *b, int listening, uint16_t port)
{
    struct flow_end e = { behind_open(b, "127.0.0.1", port), -1 };
    behind_until(b, guest_state(b, e.guest) == AKSU_TCP_ESTABLISHED);
    behind_until(b, (e.host = accept(listening, NULL, NULL)) >= 0);
    struct aksu *guest = b->w.net[CLIENT];
    assert_int_equal(aksu_set(guest, e.guest, AKSU_OPTION_KEEPALIVE_IDLE, 60000, b->w.now),
                     AKSU_OK);
    assert_int_equal(aksu_set(guest, e.guest, AKSU_OPTION_KEEPALIVE, 1, b->w.now), AKSU_OK);
    return e;
}

static void to_host(struct behind *b, struct flow_end *e)
{
    char got[16];
    assert_int_equal(aksu_send(b->w.net[CLIENT], e->guest, "from guest", 10, 0, b->w.now), 10);
    behind_until(b, recv(e->host, got, sizeof got, MSG_DONTWAIT) == 10);
}

static void to_guest(struct behind *b, struct flow_end *e)
{
    char got[16];
    assert_int_equal(send(e->host, "from host", 9, 0), 9);
    behind_until(b, aksu_receive(b->w.net[CLIENT], e->guest, got, sizeof got, b->w.now) == 9);
}

static void guest_closes(struct behind *b, struct flow_end *e)
{
    char got[16];
    assert_int_equal(aksu_shutdown(b->w.net[CLIENT], e->guest, b->w.now), AKSU_OK);
    behind_until(b, recv(e->host, got, sizeof got, MSG_DONTWAIT) == 0);
}

static void host_closes(struct behind *b, struct flow_end *e)
{
    char got[16];
    assert_int_equal(shutdown(e->host, SHUT_WR), 0);
    behind_until(b, aksu_receive(b->w.net[CLIENT], e->guest, got, sizeof got, b->w.now) == 0);
}

/* A guest that is gone without a word: the host hears of it, half-closed or not. */
static void the_guest_goes(struct behind *b, int host)
{
    int error = 0;
    socklen_t length = sizeof error;
    b->cut = true;
    behind_pass(b, AKSU_SECONDS(24 * 3600));
    expect_nothing_left(b);
    assert_int_equal(getsockopt(host, SOL_SOCKET, SO_ERROR, &error, &length), 0);
    assert_int_equal(error, EPIPE);                     /* a reset of what was half-closed */
}

/* moby/vpnkit 414, docker/for-mac 1374: 24 hours of silence and of half-closed connections, and
 * everything goes on; and afterwards no CLOSE-WAIT is left. */
static void acceptance_through(void **state)            /* RFC 9293 3.8.4, 3.6 */
{
    (void)state;
    struct behind b;
    struct flow_end e[ENDS];
    uint16_t port;
    behind_init(&b);
    int listening = host_listen(16, &port);
    for (unsigned i = 0; i < ENDS; i++)
        e[i] = connected(&b, listening, port);
    guest_closes(&b, &e[GUEST_CLOSED]);
    guest_closes(&b, &e[GUEST_GOES]);
    host_closes(&b, &e[HOST_CLOSED]);
    behind_pass(&b, AKSU_SECONDS(24 * 3600));

    assert_int_equal(gateway_connections(b.gateway), ENDS);
    assert_int_equal(in_state(b.w.net[SERVER], AKSU_TCP_ESTABLISHED), 2);
    assert_int_equal(in_state(b.w.net[SERVER], AKSU_TCP_CLOSE_WAIT), 2);
    assert_int_equal(in_state(b.w.net[SERVER], AKSU_TCP_FIN_WAIT_2), 1);
    assert_true(counted(b.w.net[CLIENT], AKSU_EV_timer) >= ENDS * 24 * 60 / 10);
    assert_int_equal(b.resets, 0);
    to_host(&b, &e[QUIET]);
    to_guest(&b, &e[QUIET]);
    to_guest(&b, &e[GUEST_CLOSED]);
    to_host(&b, &e[HOST_CLOSED]);
    host_closes(&b, &e[GUEST_CLOSED]);
    guest_closes(&b, &e[HOST_CLOSED]);
    guest_closes(&b, &e[BOTH]);
    host_closes(&b, &e[BOTH]);
    host_closes(&b, &e[QUIET]);
    guest_closes(&b, &e[QUIET]);
    behind_until(&b, gateway_connections(b.gateway) == 1);
    assert_int_equal(in_state(b.w.net[SERVER], AKSU_TCP_CLOSE_WAIT), 1);
    the_guest_goes(&b, e[GUEST_GOES].host);
    behind_fini(&b);
    for (unsigned i = 0; i < ENDS; i++)
        close(e[i].host);
    close(listening);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acceptance_gate),
        cmocka_unit_test(acceptance_half_open_table),
        cmocka_unit_test(acceptance_half_open_table_is_emptied),
        cmocka_unit_test(acceptance_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
