/* test_packetdrill.c - the shared object of tests/packetdrill, driven as packetdrill does: a stack
 * of our own stands for the script's peer, and time passes only when it is asked to. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "stack_help.h"
#include "tests/packetdrill/interface.h"

static struct packetdrill_interface pd;
static void (*init)(const char *flags, struct packetdrill_interface *out);

struct peer {
    struct aksu *net;
    aksu_device device;
    aksu_time now;
};

static int load(void **state)
{
    char path[512];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 32);
    (void)state;
    assert_true(n > 0);
    path[n] = '\0';
    char *file = strstr(path, "unit/test_packetdrill");
    assert_non_null(file);
    strcpy(file, "packetdrill.so");
    void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!so)
        fail_msg("%s", dlerror());
    *(void **)&init = dlsym(so, "packetdrill_interface_init");
    assert_non_null(init);
    return 0;
}

static aksu_time time_now(void)
{
    struct timeval t;
    pd.gettimeofday(NULL, &t, NULL);
    return AKSU_SECONDS(t.tv_sec) + AKSU_US(t.tv_usec);
}

static struct peer begin(const char *flags)
{
    struct aksu_config config = { .memory_limit = 4 << 20, .seed = { 7 } };
    struct peer peer = { 0 };
    init(flags, &pd);
    peer.now = time_now();
    peer.net = aksu_new(&config, peer.now);
    assert_non_null(peer.net);
    struct aksu_device_config device = { .name = "peer" };
    assert_int_equal(aksu_attach(peer.net, &device, &peer.device), AKSU_OK);
    assert_int_equal(aksu_address_add(peer.net, peer.device, "192.0.2.1/24"), AKSU_OK);
    assert_int_equal(aksu_route_add(peer.net, peer.device, "0.0.0.0/0", NULL), AKSU_OK);
    return peer;
}

static void end(struct peer *peer)
{
    aksu_free(peer->net);
    pd.free(pd.userdata);
}

/* What the peer has to say, each as one packet. */
static unsigned say(struct peer *peer)
{
    struct aksu_frame frame;
    uint8_t packet[2048];
    unsigned said = 0;
    for (; aksu_frame_out(peer->net, &frame, peer->now); said++) {
        size_t length = 0;
        for (uint32_t i = 0; i < frame.parts; i++) {
            memcpy(packet + length, frame.part[i].data, frame.part[i].length);
            length += frame.part[i].length;
        }
        assert_int_equal(pd.netdev_send(NULL, packet, length), 0);
    }
    return said;
}

/* The next packet of the stack under test: its control bits, and when it left. */
static aksu_time hear(struct peer *peer, uint8_t *flags)
{
    uint8_t packet[2048];
    size_t length = sizeof packet;
    long long microseconds = 0;
    assert_int_equal(pd.netdev_receive(NULL, packet, &length, &microseconds), 0);
    assert_true(length >= 40);
    *flags = packet[33];
    if (AKSU_US(microseconds) > peer->now)
        peer->now = AKSU_US(microseconds);
    struct aksu_frame frame = { .parts = 1, .length = (uint32_t)length };
    frame.part[0] = (struct aksu_slice){ packet, length };
    aksu_frame_in(peer->net, peer->device, &frame, peer->now);
    return AKSU_US(microseconds);
}

static int listener(void)
{
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(8080) };
    inet_pton(AF_INET, "192.168.0.1", &here.sin_addr);
    int fd = pd.socket(NULL, AF_INET, SOCK_STREAM, IPPROTO_TCP);
    assert_true(fd >= 0 && fcntl(fd, F_GETFD) >= 0);    /* packetdrill closes it for real */
    assert_int_equal(pd.bind(NULL, fd, (struct sockaddr *)&here, sizeof here), 0);
    assert_int_equal(pd.listen(NULL, fd, 1), 0);
    return fd;
}

static aksu_conn knock(struct peer *peer)
{
    struct aksu_open how = { .remote = { ip_text("192.168.0.1"), 8080 } };
    aksu_conn conn;
    assert_int_equal(aksu_open(peer->net, &how, &conn, peer->now), AKSU_OK);
    assert_int_equal(say(peer), 1);
    return conn;
}

static void text_both_ways(int fd, aksu_conn conn, struct peer *peer)
{
    uint8_t text[4096] = { 1 }, flags = 0;
    assert_int_equal(pd.read(NULL, fd, text, sizeof text), -1);     /* nothing more can happen */
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(aksu_send(peer->net, conn, text, 100, 0, peer->now), 100);
    assert_int_equal(say(peer), 1);
    assert_int_equal(pd.recv(NULL, fd, text, sizeof text, MSG_PEEK), 100);
    assert_int_equal(pd.read(NULL, fd, text, sizeof text), 100);
    assert_int_equal(pd.write(NULL, fd, text, 1000), 1000);
    hear(peer, &flags);
    if (flags == AKSU_ACK)              /* of the 100 */
        hear(peer, &flags);
    assert_int_equal(flags, AKSU_PSH | AKSU_ACK);
    assert_int_equal(aksu_receive(peer->net, conn, text, sizeof text, peer->now), 1000);
}

static void from_handshake_to_time_wait(void **state)
{
    (void)state;
    struct peer peer = begin("local=192.168.0.1,mtu=1500");
    struct sockaddr_in who = { 0 };
    socklen_t length = sizeof who;
    uint8_t flags = 0, text[100];
    int error = -1;
    socklen_t error_length = sizeof error;
    int l = listener();
    aksu_conn conn = knock(&peer);
    hear(&peer, &flags);
    assert_int_equal(flags, AKSU_SYN | AKSU_ACK);
    assert_int_equal(say(&peer), 1);
    int fd = pd.accept(NULL, l, (struct sockaddr *)&who, &length);
    assert_true(fd >= 0);
    assert_int_equal(who.sin_addr.s_addr, inet_addr("192.0.2.1"));
    text_both_ways(fd, conn, &peer);
    say(&peer);
    assert_int_equal(pd.close(NULL, fd), 0);
    assert_int_equal(pd.read(NULL, fd, text, sizeof text), -1);
    assert_int_equal(errno, EBADF);
    hear(&peer, &flags);
    assert_int_equal(flags, AKSU_FIN | AKSU_ACK);
    aksu_close(peer.net, conn, peer.now);
    assert_true(say(&peer) >= 1);
    hear(&peer, &flags);
    assert_int_equal(flags, AKSU_ACK);
    assert_int_equal(pd.getsockopt(NULL, l, SOL_SOCKET, SO_ERROR, &error, &error_length), 0);
    assert_int_equal(error, 0);
    end(&peer);
}

/* RFC 6298 2: a second, then twice that each time; no real time passes. */
static void timers_run_in_virtual_time(void **state)
{
    (void)state;
    struct peer peer = begin("local=192.168.0.1");
    uint8_t flags = 0;
    listener();
    knock(&peer);
    aksu_time first = hear(&peer, &flags), after = AKSU_SECONDS(1);
    for (unsigned i = 0; i < 5; i++) {
        aksu_time again = hear(&peer, &flags);
        assert_int_equal(flags, AKSU_SYN | AKSU_ACK);
        assert_in_range(again - first, after, after + AKSU_MS(100));
        after = after * 2 + AKSU_SECONDS(1);
    }
    aksu_time now = time_now();
    assert_true(now >= first + AKSU_SECONDS(31));
    pd.usleep(NULL, 500000);
    assert_in_range(time_now() - now, AKSU_MS(500), AKSU_MS(501));
    end(&peer);
}

struct blocked {
    int listener, fd;
    aksu_time ended;
    _Atomic bool noted;
};

static void *accept_later(void *argument)
{
    struct blocked *b = argument;
    struct sockaddr_in who;
    socklen_t length = sizeof who;
    b->fd = pd.accept(NULL, b->listener, (struct sockaddr *)&who, &length);
    b->ended = time_now();              /* packetdrill does so before all else */
    for (clock_t until = clock() + CLOCKS_PER_SEC / 50; clock() < until;)
        continue;
    b->noted = true;                    /* and then what came of the call */
    return NULL;
}

/* A call on another thread sleeps, and ends at the time of what it waited for. */
static void a_call_that_blocks_ends_in_time(void **state)
{
    (void)state;
    struct peer peer = begin("local=192.168.0.1");
    struct blocked blocked = { .listener = listener(), .fd = -1 };
    pthread_t thread;
    uint8_t flags = 0;
    assert_int_equal(pthread_create(&thread, NULL, accept_later, &blocked), 0);
    for (unsigned i = 0; i < 3; i++) {
        pd.usleep(NULL, 1000000);
        usleep(10000);                  /* whenever the thread comes to it, nobody has connected */
    }
    peer.now = time_now();
    knock(&peer);
    hear(&peer, &flags);
    aksu_time due = peer.now;
    assert_int_equal(say(&peer), 1);
    pd.usleep(NULL, 1000000);
    assert_true(blocked.noted);
    pthread_join(thread, NULL);
    assert_true(blocked.fd >= 0);
    assert_in_range(blocked.ended, due, due + AKSU_MS(1));
    end(&peer);
}

/* A connection that is accepted, and how the peer knows it. */
static int accepted(struct peer *peer, aksu_conn *conn)
{
    struct sockaddr_in who;
    socklen_t length = sizeof who;
    uint8_t flags = 0;
    int l = listener();
    *conn = knock(peer);
    hear(peer, &flags);
    assert_int_equal(say(peer), 1);
    int fd = pd.accept(NULL, l, (struct sockaddr *)&who, &length);
    assert_true(fd >= 0);
    return fd;
}

static uint32_t text_of(const struct peer *peer, aksu_conn conn)
{
    struct aksu_info info;
    assert_int_equal(aksu_status(peer->net, conn, &info), AKSU_OK);
    return info.receive_queued;
}

/* As on Linux: MSG_MORE is for one call, and TCP_CORK stays. */
static void an_ack_ends_what_msg_more_holds_back(void **state)
{
    (void)state;
    for (int cork = 0; cork < 2; cork++) {
        struct peer peer = begin("local=192.168.0.1,mtu=1500,nodelay");
        uint8_t text[2000] = { 0 }, flags = 0;
        aksu_conn conn;
        int fd = accepted(&peer, &conn);
        assert_int_equal(pd.setsockopt(NULL, fd, IPPROTO_TCP, TCP_CORK, &cork, sizeof cork), 0);
        assert_int_equal(pd.send(NULL, fd, text, 1500, MSG_MORE), 1500);
        hear(&peer, &flags);
        uint32_t whole = text_of(&peer, conn);
        assert_in_range(whole, 1400, 1460);
        peer.now += AKSU_MS(50);                /* its delayed ACK */
        aksu_timeouts(peer.net, peer.now);
        pd.usleep(NULL, 50000);
        assert_int_equal(say(&peer), 1);
        aksu_time asked = time_now(), left = hear(&peer, &flags);
        assert_int_equal(text_of(&peer, conn), 1500);
        assert_true(cork ? left >= asked + AKSU_MS(100) : left <= asked);
        end(&peer);
    }
}

/* One whose size was given lets the last piece in whole. */
static void a_full_send_buffer(void **state)
{
    (void)state;
    struct peer peer = begin("local=192.168.0.1,mtu=1500,tcp_timestamps=0");
    int size = 20000, doubled = 0;
    socklen_t length = sizeof doubled;
    uint8_t text[100000] = { 0 };
    aksu_conn conn;
    int fd = accepted(&peer, &conn);
    assert_int_equal(pd.setsockopt(NULL, fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
    assert_int_equal(pd.getsockopt(NULL, fd, SOL_SOCKET, SO_SNDBUF, &doubled, &length), 0);
    assert_int_equal(doubled, 40000);
    assert_int_equal(pd.fcntl(NULL, fd, F_SETFL, O_NONBLOCK), 0);
    ssize_t took = pd.write(NULL, fd, text, sizeof text);
    assert_in_range(took, 40001, 80000);
    assert_int_equal(pd.write(NULL, fd, text, 1), -1);
    assert_int_equal(errno, EAGAIN);
    struct pollfd one = { .fd = fd, .events = POLLOUT };
    assert_int_equal(pd.poll(NULL, &one, 1, 0), 0);
    end(&peer);
}

/* RFC 5961 5.2: what would be challenged finds silence, when that was asked for. */
static void a_flag_of_the_stack_reaches_it(void **state)
{
    (void)state;
    for (unsigned silent = 0; silent < 2; silent++) {
        struct peer peer = begin(silent ? "local=192.168.0.1,no_challenge_acks"
                                        : "local=192.168.0.1");
        aksu_conn conn;
        uint8_t packet[2048] = { 0 };
        size_t length = sizeof packet;
        long long microseconds = 0;
        int fd = accepted(&peer, &conn);
        struct aksu_frame frame;
        assert_true(fd >= 0);
        assert_int_equal(aksu_send(peer.net, conn, packet, 10, 0, peer.now), 10);
        assert_true(aksu_frame_out(peer.net, &frame, peer.now));
        for (uint32_t i = 0, at = 0; i < frame.parts; at += (uint32_t)frame.part[i++].length)
            memcpy(packet + at, frame.part[i].data, frame.part[i].length);
        packet[20 + 8] ^= 0x40;                 /* SEG.ACK: something never sent */
        packet[20 + 16] ^= 0x40;                /* and the checksum that goes with it */
        assert_int_equal(pd.netdev_send(NULL, packet, frame.length), 0);
        assert_int_equal(pd.netdev_receive(NULL, packet, &length, &microseconds), 0);
        assert_int_equal(length > 0, !silent);
        end(&peer);
    }
}

static void nothing_to_come_is_an_empty_packet(void **state)
{
    (void)state;
    struct peer peer = begin("local=192.168.0.1,mtu=1500,tcp_timestamps=0");
    uint8_t packet[100];
    size_t length = sizeof packet;
    long long microseconds = 0;
    assert_int_equal(pd.netdev_receive(NULL, packet, &length, &microseconds), 0);
    assert_int_equal(length, 0);
    assert_int_equal(pd.bind(NULL, 9999, NULL, 0), -1);
    assert_int_equal(errno, EBADF);
    end(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_handshake_to_time_wait),
        cmocka_unit_test(timers_run_in_virtual_time),
        cmocka_unit_test(a_call_that_blocks_ends_in_time),
        cmocka_unit_test(an_ack_ends_what_msg_more_holds_back),
        cmocka_unit_test(a_full_send_buffer),
        cmocka_unit_test(a_flag_of_the_stack_reaches_it),
        cmocka_unit_test(nothing_to_come_is_an_empty_packet),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}
