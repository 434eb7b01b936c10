/* kernel_help.c - see kernel_help.h. */
#include "kernel_help.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include "base/bytes.h"

enum { PORT = 5000 };

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        close(fd);
    return good;
}

static bool user_namespace(void)
{
    char map[64];
    unsigned uid = getuid(), gid = getgid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return false;
    snprintf(map, sizeof map, "0 %u 1", uid);
    if (!write_file("/proc/self/setgroups", "deny") || !write_file("/proc/self/uid_map", map))
        return false;
    snprintf(map, sizeof map, "0 %u 1", gid);
    return write_file("/proc/self/gid_map", map);
}

bool kernel_namespace(char why[AKSU_WHY])
{
    if (unshare(CLONE_NEWNET) != 0 && !user_namespace()) {
        snprintf(why, AKSU_WHY, "no network namespace can be made here: %s", strerror(errno));
        return false;
    }
    if (system("ip link set lo up") != 0) {
        snprintf(why, AKSU_WHY, "there is no ip(8) here");
        return false;
    }
    return true;
}

void ip_command(const char *format, ...)
{
    char command[256] = "ip ";
    va_list list;
    va_start(list, format);
    vsnprintf(command + 3, sizeof command - 3, format, list);
    va_end(list);
    if (system(command) != 0)
        fail_msg("%s", command);
}

aksu_time peer_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return AKSU_SECONDS(t.tv_sec) + (aksu_time)t.tv_nsec;
}

void kernel_addresses(const char *interface)
{
    ip_command("link set %s up", interface);
    ip_command("addr add 10.9.0.1/24 dev %s", interface);
    ip_command("addr add fd09::1/64 dev %s nodad", interface);
}

void peer_init(struct peer *p, struct aksu_interface *i)
{
    struct aksu_config config = { .seed = { 1 }, .rto_initial = AKSU_MS(300) };
    *p = (struct peer){ .i = i, .fd = -1 };
    p->net = aksu_new(&config, peer_now());
    assert_non_null(p->net);
    assert_int_equal(aksu_attach(p->net, &i->device, &p->device), AKSU_OK);
    assert_int_equal(aksu_address_add(p->net, p->device, "10.9.0.2/24"), AKSU_OK);
    assert_int_equal(aksu_address_add(p->net, p->device, "fd09::2/64"), AKSU_OK);
}

void peer_fini(struct peer *p)
{
    if (p->fd >= 0)
        close(p->fd);
    aksu_free(p->net);
    aksu_interface_close(p->i);
}

void peer_turn(struct peer *p, int ms)
{
    aksu_time now = peer_now();
    aksu_timeouts(p->net, now);
    if (aksu_interface_move(p->i, p->net, p->device, now) || ms == 0)
        return;
    struct pollfd fd = { .fd = p->i->fd, .events = POLLIN };
    if (p->i->blocked && p->i->retry_at == AKSU_NEVER)
        fd.events |= POLLOUT;
    poll(&fd, 1, ms);
}

/* --- connections --- */

static socklen_t address_of(bool v6, unsigned host, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (v6) {
        struct sockaddr_in6 *a = (void *)out;
        a->sin6_family = AF_INET6;
        a->sin6_port = htons(PORT);
        a->sin6_addr.s6_addr[0] = 0xfd;
        a->sin6_addr.s6_addr[1] = 0x09;
        a->sin6_addr.s6_addr[15] = (uint8_t)host;
        return sizeof *a;
    }
    struct sockaddr_in *a = (void *)out;
    a->sin_family = AF_INET;
    a->sin_port = htons(PORT);
    a->sin_addr.s_addr = htonl(10u << 24 | 9u << 16 | host);
    return sizeof *a;
}

static int kernel_socket(bool v6)
{
    int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, one = 1;
    int fd = socket(v6 ? AF_INET6 : AF_INET, type, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), 0);
    return fd;
}

static void connect_to_kernel(struct peer *p, bool v6)
{
    struct sockaddr_storage a;
    socklen_t length = address_of(v6, 1, &a);
    int listener = kernel_socket(v6);
    assert_int_equal(bind(listener, (struct sockaddr *)&a, length), 0);
    assert_int_equal(listen(listener, 1), 0);
    struct aksu_open how = { .remote = { .port = PORT } };
    assert_true(aksu_ip_parse(v6 ? "fd09::1" : "10.9.0.1", &how.remote.ip));
    assert_int_equal(aksu_open(p->net, &how, &p->conn, peer_now()), AKSU_OK);
    for (unsigned turns = 0; p->fd < 0; turns++) {
        assert_true(turns < 1000);
        peer_turn(p, 10);
        p->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    }
    close(listener);
}

static void connect_from_kernel(struct peer *p, bool v6)
{
    struct sockaddr_storage a;
    socklen_t length = address_of(v6, 2, &a);
    aksu_listener l;
    struct aksu_listen how = { .local = { .port = PORT } };
    assert_int_equal(aksu_listen(p->net, &how, &l, peer_now()), AKSU_OK);
    p->fd = kernel_socket(v6);
    assert_int_equal(connect(p->fd, (struct sockaddr *)&a, length), -1);
    assert_int_equal(errno, EINPROGRESS);
    for (unsigned turns = 0; aksu_accept(p->net, l, &p->conn, peer_now()) != AKSU_OK; turns++) {
        assert_true(turns < 1000);
        peer_turn(p, 10);
    }
    assert_int_equal(aksu_close_listener(p->net, l, peer_now()), AKSU_OK);
}

void peer_connect(struct peer *p, bool v6, bool by_kernel)
{
    if (by_kernel)
        connect_from_kernel(p, v6);
    else
        connect_to_kernel(p, v6);
    p->sent = p->received = p->kernel_sent = p->kernel_received = 0;
}

/* --- text --- */

enum { PATTERN = 65537, CHUNK = 65536 };

/* What the stream has from octet `at` on; the two directions differ. */
static const uint8_t *text_at(size_t at, bool of_kernel)
{
    static uint8_t text[2][PATTERN + CHUNK];
    uint8_t *t = text[of_kernel];
    if (t[0] == 0) {
        uint64_t seed = of_kernel ? 8 : 7;
        chance_fill(&seed, t, PATTERN);
        t[0] = 1;
        memcpy(t + PATTERN, t, CHUNK);
    }
    return t + at % PATTERN;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void stack_turn_of_text(struct peer *p, size_t most)
{
    uint8_t got[CHUNK];
    aksu_time now = peer_now();
    ptrdiff_t n;
    while (p->sent < most
           && (n = aksu_send(p->net, p->conn, text_at(p->sent, false),
                             least(most - p->sent, CHUNK), 0, now)) > 0)
        p->sent += (size_t)n;
    while ((n = aksu_receive(p->net, p->conn, got, sizeof got, now)) > 0) {
        assert_memory_equal(got, text_at(p->received, true), (size_t)n);
        p->received += (size_t)n;
    }
}

static void kernel_turn_of_text(struct peer *p, size_t most)
{
    uint8_t got[CHUNK];
    ssize_t n;
    if (p->kernel_sent < most
        && (n = send(p->fd, text_at(p->kernel_sent, true), least(most - p->kernel_sent, CHUNK),
                     MSG_NOSIGNAL)) > 0)
        p->kernel_sent += (size_t)n;
    while ((n = recv(p->fd, got, sizeof got, 0)) > 0) {
        assert_memory_equal(got, text_at(p->kernel_received, false), (size_t)n);
        p->kernel_received += (size_t)n;
    }
}

bool peer_exchange(struct peer *p, size_t most, aksu_time until)
{
    while (p->received < most || p->kernel_received < most) {
        size_t before = p->received + p->kernel_received;
        if (peer_now() >= until || p->i->gone)
            return false;
        stack_turn_of_text(p, most);
        kernel_turn_of_text(p, most);
        peer_turn(p, p->received + p->kernel_received == before ? 1 : 0);
    }
    return true;
}

void peer_close(struct peer *p)
{
    uint8_t octet;
    aksu_time until = peer_now() + AKSU_SECONDS(5);
    assert_int_equal(aksu_close(p->net, p->conn, peer_now()), AKSU_OK);
    while (recv(p->fd, &octet, 1, 0) != 0) {
        assert_true(peer_now() < until);
        peer_turn(p, 1);
    }
    close(p->fd);
    p->fd = -1;
    for (unsigned k = 0; k < 10; k++)
        peer_turn(p, 1);
}
