/* test_device_socket.c - interfaces on sockets: a message is a frame, paths and descriptors that
 * can and cannot be, and stacks that exchange text over all kinds. */
#include "cable_help.h"

#include "stack_help.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>

static void messages_are_frames(void **state)
{
    (void)state;
    static const int type[] = { SOCK_DGRAM, SOCK_SEQPACKET };
    static uint8_t octets[FRAME_MOST];
    static struct sample s;
    for (unsigned k = 0; k < 2; k++) {
        struct cable c = cable_of(type[k], 300000);
        uint32_t sent = 0, seen = 0, got = 0, full = 0;
        uint64_t seed = 9;
        for (unsigned turns = 0; seen < 300; turns++) {
            assert_true(turns < 100000);
            make_sample(&s, sent);
            enum aksu_transmit done = c.i->ops->transmit(c.i, &s.frame);
            assert_true(done == AKSU_TRANSMIT_DONE || !is_writable(c.i->fd));
            sent += done == AKSU_TRANSMIT_DONE;
            full += done == AKSU_TRANSMIT_FULL;
            ssize_t n = chance_below(&seed, 3) == 0 ? -1
                                                    : recv(c.end, octets, sizeof octets, 0);
            if (n > 0)
                assert_sample(octets, (size_t)n, seen++);
        }
        assert_true(full > 0);
        for (sent = 0; got < 300;) {
            make_sample(&s, sent);
            sent += send(c.end, s.octets, s.frame.length, MSG_DONTWAIT) > 0;
            if (chance_below(&seed, 8) == 0)
                got = receive_samples(c.i, 1 + chance_below(&seed, 64), got);
        }
        assert_int_equal(c.i->lost, 0);
        cable_fini(&c);
    }
}

static void messages_too_long_are_counted(void **state)
{
    (void)state;
    static const uint8_t octets[4000];
    int fd[2];
    struct aksu_frame frame[8];
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd), 0);
    struct aksu_interface *i = open_fd(fd[0], NULL);
    assert_int_equal(i->device.mtu, 1500);
    assert_int_equal(send(fd[1], octets, 1514, 0), 1514);
    assert_int_equal(send(fd[1], octets, 1519, 0), 1519);
    assert_int_equal(send(fd[1], octets, 0, 0), 0);
    assert_int_equal(send(fd[1], octets, 4000, 0), 4000);
    assert_int_equal(send(fd[1], octets, 1518, 0), 1518);
    assert_int_equal(i->ops->receive(i, frame, 8), 2);
    assert_int_equal(frame[0].length, 1514);
    assert_int_equal(frame[1].length, 1518);
    assert_int_equal(i->lost, 3);
    assert_int_equal(i->ops->receive(i, frame, 8), 0);
    aksu_interface_close(i);
    close(fd[1]);
}

static void message_peers_that_end(void **state)
{
    (void)state;
    struct aksu_frame frame = { .parts = 1, .length = 1,
                                .part = { { (const uint8_t *)"x", 1 } } };
    struct cable c = cable_of(SOCK_SEQPACKET, 0);
    assert_int_equal(send(c.end, "y", 1, 0), 1);
    close(c.end);
    c.end = -1;
    assert_int_equal(c.i->ops->receive(c.i, &frame, 1), 1);
    assert_gone(c.i, "closed the socket");
    cable_fini(&c);

    c = cable_of(SOCK_DGRAM, 0);
    close(c.end);
    c.end = -1;
    frame = (struct aksu_frame){ .parts = 1, .length = 1, .part = { { (const uint8_t *)"x", 1 } } };
    assert_int_equal(c.i->ops->transmit(c.i, &frame), AKSU_TRANSMIT_GONE);
    assert_gone(c.i, "closed the socket");
    cable_fini(&c);
}

/* --- by path --- */

struct place {
    char directory[32], ours[64], peer[64], spec[160], back[160];
};

static void place_init(struct place *p)
{
    snprintf(p->directory, sizeof p->directory, "/tmp/aksu-test-XXXXXX");
    assert_non_null(mkdtemp(p->directory));
    snprintf(p->ours, sizeof p->ours, "%s/ours", p->directory);
    snprintf(p->peer, sizeof p->peer, "%s/peer", p->directory);
    snprintf(p->spec, sizeof p->spec, "dgram:%s,%s", p->ours, p->peer);
    snprintf(p->back, sizeof p->back, "dgram:%s,%s", p->peer, p->ours);
}

static void place_fini(struct place *p)
{
    unlink(p->ours);
    unlink(p->peer);
    assert_int_equal(rmdir(p->directory), 0);
}

static struct aksu_interface *open_spec(const char *spec)
{
    char why[AKSU_WHY];
    struct aksu_interface *i = aksu_interface_open(spec, NULL, why);
    if (i == NULL)
        fail_msg("%s: %s", spec, why);
    return i;
}

static void refused(const char *spec, const char *words)
{
    char why[AKSU_WHY];
    struct aksu_interface *i = aksu_interface_open(spec, NULL, why);
    if (i != NULL || strstr(why, words) == NULL)
        fail_msg("%s: \"%s\" does not say \"%s\"", spec, i != NULL ? "opened" : why, words);
}

static void dgram_finds_its_peer(void **state)
{
    (void)state;
    struct place p;
    static const uint8_t octets[1514] = { 1, 2, 3 };
    struct aksu_frame frame = { .parts = 2, .length = 1514,
                                .part = { { octets, 14 }, { octets + 14, 1500 } } }, in[4];
    place_init(&p);
    struct aksu_interface *a = open_spec(p.spec);
    assert_int_equal(a->ops->transmit(a, &frame), AKSU_TRANSMIT_LOST);      /* not there yet */
    struct aksu_interface *b = open_spec(p.back);
    unsigned sent = 0;
    enum aksu_transmit done;
    while ((done = a->ops->transmit(a, &frame)) == AKSU_TRANSMIT_DONE && sent < 5000)
        sent++;
    assert_int_equal(done, AKSU_TRANSMIT_LATER);    /* full, and POLLOUT does not say so */
    assert_true(is_writable(a->fd));
    assert_int_equal(b->ops->receive(b, in, 4), 4);
    assert_int_equal(in[3].length, 1514);
    assert_memory_equal(in[3].part[0].data, octets, 1514);
    assert_int_equal(a->ops->transmit(a, &frame), AKSU_TRANSMIT_DONE);
    aksu_interface_close(b);
    assert_int_equal(access(p.peer, F_OK), -1);
    assert_int_equal(a->ops->transmit(a, &frame), AKSU_TRANSMIT_LOST);      /* unplugged */
    b = open_spec(p.back);
    assert_int_equal(a->ops->transmit(a, &frame), AKSU_TRANSMIT_DONE);      /* plugged in */
    assert_int_equal(b->ops->receive(b, in, 4), 1);
    assert_int_equal(a->ops->receive(a, in, 4), 0);
    assert_false(a->gone);
    aksu_interface_close(a);
    aksu_interface_close(b);
    place_fini(&p);
}

static int bound(int type, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, type, 0);
    assert_true(strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void dgram_respects_what_is_there(void **state)
{
    (void)state;
    struct place p;
    struct stat s;
    place_init(&p);
    close(bound(SOCK_DGRAM, p.ours));                       /* of a process that is dead */
    struct aksu_interface *i = open_spec(p.spec);
    refused(p.spec, "a process that lives");
    assert_int_equal(unlink(p.ours), 0);
    int other = open(p.ours, O_CREAT | O_WRONLY, 0600);     /* somebody else's now */
    aksu_interface_close(i);
    assert_int_equal(stat(p.ours, &s), 0);
    refused(p.spec, "not a socket");
    assert_int_equal(stat(p.ours, &s), 0);
    close(other);
    assert_int_equal(unlink(p.ours), 0);
    for (unsigned k = 0; k < 2; k++) {
        int live = bound(k == 0 ? SOCK_DGRAM : SOCK_STREAM, p.ours);
        if (k == 1)
            assert_int_equal(listen(live, 1), 0);
        refused(p.spec, "a process that lives");
        assert_int_equal(stat(p.ours, &s), 0);
        close(live);
        assert_int_equal(unlink(p.ours), 0);
    }
    close(bound(SOCK_STREAM, p.peer));
    i = open_spec(p.spec);
    struct aksu_frame frame = { .parts = 1, .length = 1,
                                .part = { { (const uint8_t *)"x", 1 } } };
    assert_int_equal(i->ops->transmit(i, &frame), AKSU_TRANSMIT_LOST);      /* nobody has it */
    assert_int_equal(unlink(p.peer), 0);
    int stream = bound(SOCK_STREAM, p.peer);
    assert_int_equal(i->ops->transmit(i, &frame), AKSU_TRANSMIT_GONE);
    assert_non_null(strstr(i->why, "stream:PATH"));
    close(stream);
    aksu_interface_close(i);
    place_fini(&p);
}

static void paths_that_cannot_be(void **state)
{
    (void)state;
    char spec[400];
    refused("dgram:/tmp/only-one", "dgram:OURS,PEER");
    refused("dgram:,/tmp/x", "1 to 107");
    refused("dgram:/tmp/x,", "1 to 107");
    refused("stream:", "1 to 107");
    memset(spec, 'x', sizeof spec);
    memcpy(spec, "stream:", 7);
    spec[sizeof spec - 1] = 0;
    refused(spec, "1 to 107");
    refused("stream:/nowhere/at/all", "nobody listens");
    refused("dgram:/nowhere/at/all,/tmp/x", "No such file");
}

static void stream_connects(void **state)
{
    (void)state;
    struct place p;
    char spec[80];
    static const uint8_t frame_in[] = { 0, 0, 0, 2, 'h', 'i' };
    struct aksu_frame frame;
    place_init(&p);
    snprintf(spec, sizeof spec, "stream:%s", p.peer);
    int fd = bound(SOCK_STREAM, p.peer);
    refused(spec, "nobody listens");
    assert_int_equal(listen(fd, 0), 0);
    struct aksu_interface *i = open_spec(spec);
    refused(spec, "accepts nobody now");
    int end = accept(fd, NULL, NULL);
    assert_int_equal(send(end, frame_in, sizeof frame_in, 0), sizeof frame_in);
    assert_int_equal(i->ops->receive(i, &frame, 1), 1);
    assert_memory_equal(frame.part[0].data, "hi", 2);
    aksu_interface_close(i);
    close(end);
    close(fd);
    unlink(p.peer);
    fd = bound(SOCK_DGRAM, p.peer);
    refused(spec, "dgram:OURS,PEER");
    close(fd);
    place_fini(&p);
}

static void refused_fd(int fd, const char *words)
{
    char spec[16];
    snprintf(spec, sizeof spec, "fd:%d", fd);
    refused(spec, words);
    assert_int_equal(fcntl(fd, F_GETFD), -1);       /* it was taken over, and closed */
}

static void descriptors_of_other_kinds(void **state)
{
    (void)state;
    struct place p;
    int pipes[2];
    place_init(&p);
    assert_int_equal(pipe(pipes), 0);
    refused_fd(pipes[0], "a pipe");
    close(pipes[1]);
    refused_fd(open("/dev/null", O_RDWR), "a character device");
    refused_fd(open(p.ours, O_CREAT | O_RDWR, 0600), "a file");
    refused_fd(open("/tmp", O_RDONLY), "a directory");
    refused_fd(socket(AF_UNIX, SOCK_DGRAM, 0), "has no peer");
    refused_fd(socket(AF_INET, SOCK_STREAM, 0), "has no peer");
    int listening = bound(SOCK_STREAM, p.peer);
    assert_int_equal(listen(listening, 1), 0);
    refused_fd(listening, "listens");
    refused("fd:987", "not open");
    place_fini(&p);
}

/* --- with stacks --- */

enum { TEXT = 1 << 20 };
struct ends {
    struct aksu *net[2];
    struct aksu_interface *i[2];
    aksu_device device[2];
    aksu_time now;
};

static void ends_init(struct ends *e, int type, int buffer, const struct aksu_interface_config *how)
{
    static const char *const address[2][2] = { { "10.0.0.1/24", "fd00::1/64" },
                                               { "10.0.0.2/24", "fd00::2/64" } };
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, type, 0, fd), 0);
    *e = (struct ends){ .now = AKSU_SECONDS(5) };
    for (unsigned k = 0; k < 2; k++) {
        struct aksu_config config = { .seed = { (uint8_t)k } };
        if (buffer != 0)
            assert_int_equal(setsockopt(fd[k], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer), 0);
        e->i[k] = open_fd(fd[k], how);
        e->net[k] = aksu_new(&config, e->now);
        assert_non_null(e->net[k]);
        assert_int_equal(aksu_attach(e->net[k], &e->i[k]->device, &e->device[k]), AKSU_OK);
        for (unsigned a = 0; a < 2; a++)
            assert_int_equal(aksu_address_add(e->net[k], e->device[k], address[k][a]), AKSU_OK);
        announce_to_nobody(e->net[k], e->now);
    }
    e->now += ANNOUNCED;
}

static void ends_fini(struct ends *e)
{
    for (unsigned k = 0; k < 2; k++) {
        aksu_free(e->net[k]);
        aksu_interface_close(e->i[k]);
    }
}

static void turn(struct ends *e)
{
    bool moved = false;
    for (unsigned k = 0; k < 2; k++) {
        bool waits = e->i[k]->blocked && e->i[k]->retry_at == AKSU_NEVER;
        if (!waits || is_writable(e->i[k]->fd))
            moved |= aksu_interface_move(e->i[k], e->net[k], e->device[k], e->now);
        assert_false(e->i[k]->gone);
    }
    if (moved)
        return;
    e->now += AKSU_MS(1);
    for (unsigned k = 0; k < 2; k++)
        aksu_timeouts(e->net[k], e->now);
}

static void exchange(struct ends *e, const char *to)
{
    static uint8_t text[TEXT], got[TEXT + 1];
    uint64_t seed = 10;
    aksu_listener l;
    aksu_conn c[2] = { { 0, 0 }, { 0, 0 } };
    struct aksu_listen listening = { .local = { .port = 80 } };
    struct aksu_open how = { .remote = { .port = 80 } };
    size_t sent = 0, received = 0;
    chance_fill(&seed, text, sizeof text);
    assert_true(aksu_ip_parse(to, &how.remote.ip));
    assert_int_equal(aksu_listen(e->net[1], &listening, &l, e->now), AKSU_OK);
    assert_int_equal(aksu_open(e->net[0], &how, &c[0], e->now), AKSU_OK);
    for (unsigned turns = 0; received < TEXT; turns++) {
        assert_true(turns < 1000000);
        ptrdiff_t n = aksu_send(e->net[0], c[0], text + sent, TEXT - sent, 0, e->now);
        sent += n > 0 ? (size_t)n : 0;
        turn(e);
        if (c[1].index == 0 && aksu_accept(e->net[1], l, &c[1], e->now) != AKSU_OK)
            continue;
        n = aksu_receive(e->net[1], c[1], got + received, sizeof got - received, e->now);
        received += n > 0 ? (size_t)n : 0;
    }
    assert_int_equal(received, TEXT);
    assert_memory_equal(got, text, TEXT);
    assert_int_equal(aksu_abort(e->net[0], c[0], e->now), AKSU_OK);
    assert_int_equal(aksu_close_listener(e->net[1], l, e->now), AKSU_OK);
    aksu_abort(e->net[1], c[1], e->now);
    for (unsigned turns = 0; turns < 10; turns++)
        turn(e);
}

static void stacks_exchange_text(void **state)
{
    (void)state;
    static const int type[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
    static const struct aksu_interface_config config[] = {
        { .mtu = 0 }, { .bare_ip = true, .mtu = 1280 }, { .no_offload = true, .mtu = 9000 },
    };
    for (unsigned t = 0; t < 3; t++) {
        for (unsigned k = 0; k < 3; k++) {
            struct ends e;
            ends_init(&e, type[t], t == 0 ? 4096 : 0, &config[k]);
            assert_int_equal(e.i[0]->device.mac[0] == 0, k == 1);
            assert_int_equal(e.i[0]->device.offload == 0, k == 2);
            exchange(&e, "10.0.0.2");
            exchange(&e, "fd00::2");
            struct aksu_counters counters;
            aksu_counters(e.net[1], &counters);
            assert_int_equal(counters.event[AKSU_EV_frame_dropped], 0);
            aksu_counters(e.net[0], &counters);
            assert_int_equal(counters.event[AKSU_EV_retransmit], 0);
            ends_fini(&e);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_frames),
        cmocka_unit_test(messages_too_long_are_counted),
        cmocka_unit_test(message_peers_that_end),
        cmocka_unit_test(dgram_finds_its_peer),
        cmocka_unit_test(dgram_respects_what_is_there),
        cmocka_unit_test(paths_that_cannot_be),
        cmocka_unit_test(stream_connects),
        cmocka_unit_test(descriptors_of_other_kinds),
        cmocka_unit_test(stacks_exchange_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
