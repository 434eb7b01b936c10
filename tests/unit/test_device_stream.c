/* test_device_stream.c - frames in a stream are whole whatever the system tears. */
#include "cable_help.h"

/* A reader of the stream that knows the samples. */
struct reading {
    uint8_t octets[2 * FRAME_MOST];
    size_t have;
    uint32_t frames;
};

static bool read_some(struct reading *r, int fd, size_t most)
{
    ssize_t n = recv(fd, r->octets + r->have, most, MSG_DONTWAIT);
    if (n <= 0)
        return false;
    r->have += (size_t)n;
    while (r->have >= 4 && r->have - 4 >= load_be32(r->octets)) {
        size_t length = load_be32(r->octets);
        assert_sample(r->octets + 4, length, r->frames++);
        r->have -= 4 + length;
        memmove(r->octets, r->octets + 4 + length, r->have);
    }
    return true;
}

/* As aksu_interface_move does it between turns (nothing new before what was left has gone), and as
 * it does within one, when it does not look. */
static enum aksu_transmit push(struct aksu_interface *i, const struct aksu_frame *frame, bool looks)
{
    if (i->blocked && looks) {
        if (!is_writable(i->fd))
            return AKSU_TRANSMIT_FULL;
        i->blocked = false;
        i->ops->flush(i);
        if (i->blocked)
            return AKSU_TRANSMIT_FULL;
    }
    return i->ops->transmit(i, frame);
}

static void stream_writes_are_whole(void **state)
{
    (void)state;
    static struct sample s;
    static struct reading r;
    struct cable c = cable_of(SOCK_STREAM, 4096);
    uint64_t seed = 7;
    uint32_t sent = 0, torn = 0, full = 0, most = 600;
    r = (struct reading){ 0 };
    for (unsigned turns = 0; r.frames < most; turns++) {
        assert_true(turns < 1000000);
        if (sent < most && chance_below(&seed, 3) != 0) {
            make_sample(&s, sent);
            enum aksu_transmit done = push(c.i, &s.frame, chance_below(&seed, 2) == 0);
            sent += done == AKSU_TRANSMIT_DONE;
            full += done == AKSU_TRANSMIT_FULL;
            torn += done == AKSU_TRANSMIT_DONE && c.i->blocked;
            assert_true(done == AKSU_TRANSMIT_DONE || done == AKSU_TRANSMIT_FULL);
        } else {
            read_some(&r, c.end, 1 + chance_below(&seed, 5000));
            if (sent == most && c.i->blocked && is_writable(c.i->fd)) {
                c.i->blocked = false;
                c.i->ops->flush(c.i);
            }
        }
    }
    assert_int_equal(r.have, 0);
    assert_true(torn > 50);
    assert_true(full > 50);
    cable_fini(&c);
}

/* What a sender of the samples has not written yet. */
struct writing {
    uint8_t octets[4 + FRAME_MOST];
    size_t at, end;
    uint32_t frames;
};

static void write_some(struct writing *w, int fd, size_t most)
{
    static struct sample s;
    if (w->at == w->end) {
        make_sample(&s, w->frames++);
        store_be32(w->octets, s.frame.length);
        memcpy(w->octets + 4, s.octets, s.frame.length);
        w->at = 0;
        w->end = 4 + s.frame.length;
    }
    size_t left = w->end - w->at;
    ssize_t n = send(fd, w->octets + w->at, left < most ? left : most, MSG_DONTWAIT | MSG_NOSIGNAL);
    w->at += n > 0 ? (size_t)n : 0;
}

static void stream_reads_are_whole(void **state)
{
    (void)state;
    static struct writing w;
    struct cable c = cable_of(SOCK_STREAM, 0);
    uint64_t seed = 8;
    uint32_t got = 0;
    w = (struct writing){ 0 };
    for (unsigned turns = 0; got < 600; turns++) {
        assert_true(turns < 1000000);
        if (chance_below(&seed, 4) != 0)
            write_some(&w, c.end, 1 + chance_below(&seed, 1u << chance_below(&seed, 18)));
        else
            got = receive_samples(c.i, 1 + chance_below(&seed, 64), got);
    }
    cable_fini(&c);
}

static void stream_octet_by_octet(void **state)
{
    (void)state;
    static const uint8_t stream[] = { 0, 0, 0, 3, 'a', 'b', 'c', 0, 0, 0, 1, 'd' };
    struct cable c = cable_of(SOCK_STREAM, 0);
    struct aksu_frame frame[4];
    for (size_t k = 0; k < sizeof stream; k++) {
        assert_int_equal(send(c.end, stream + k, 1, 0), 1);
        int n = c.i->ops->receive(c.i, frame, 4);
        assert_int_equal(n, k == 6 || k == 11);
        if (k == 6)
            assert_memory_equal(frame[0].part[0].data, "abc", 3);
    }
    assert_memory_equal(frame[0].part[0].data, "d", 1);
    assert_int_equal(c.i->ops->receive(c.i, frame, 4), 0);
    assert_false(c.i->gone);
    cable_fini(&c);
}

static void stream_lengths_that_are_none(void **state)
{
    (void)state;
    static const uint32_t bad[] = { 0, FRAME_MOST + 1, 0x16030100, UINT32_MAX };
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        struct cable c = cable_of(SOCK_STREAM, 0);
        struct aksu_frame frame[2];
        uint8_t stream[] = { 0, 0, 0, 1, 'a', 0, 0, 0, 0 };
        store_be32(stream + 5, bad[k]);
        assert_int_equal(send(c.end, stream, sizeof stream, 0), sizeof stream);
        assert_int_equal(c.i->ops->receive(c.i, frame, 2), 1);
        assert_memory_equal(frame[0].part[0].data, "a", 1);
        assert_gone(c.i, "4 octets of length");
        cable_fini(&c);
    }
}

static void stream_peer_that_ends(void **state)
{
    (void)state;
    static const uint8_t torn[] = { 0, 0, 0, 9, 'a' };
    struct aksu_frame frame = { .parts = 1, .length = 1,
                                .part = { { (const uint8_t *)"x", 1 } } };
    for (unsigned k = 0; k < 3; k++) {
        struct cable c = cable_of(SOCK_STREAM, 0);
        if (k == 1)
            assert_int_equal(send(c.end, torn, sizeof torn, 0), sizeof torn);
        close(c.end);
        c.end = -1;
        if (k == 2)
            assert_int_equal(c.i->ops->transmit(c.i, &frame), AKSU_TRANSMIT_GONE);
        assert_gone(c.i, k == 1 ? "in the middle of a frame" : "has closed the connection");
        cable_fini(&c);
    }
}

static void stream_frames_too_long(void **state)
{
    (void)state;
    static uint8_t octets[FRAME_MOST + 1];
    struct cable c = cable_of(SOCK_STREAM, 0);
    struct aksu_frame frame = { .parts = 1, .length = sizeof octets,
                                .part = { { octets, sizeof octets } } };
    assert_int_equal(c.i->ops->transmit(c.i, &frame), AKSU_TRANSMIT_LOST);
    uint8_t none[4];
    assert_int_equal(recv(c.end, none, 4, MSG_DONTWAIT), -1);
    cable_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_writes_are_whole),
        cmocka_unit_test(stream_reads_are_whole),
        cmocka_unit_test(stream_octet_by_octet),
        cmocka_unit_test(stream_lengths_that_are_none),
        cmocka_unit_test(stream_peer_that_ends),
        cmocka_unit_test(stream_frames_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
