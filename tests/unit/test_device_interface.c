/* test_device_interface.c - a turn between a stack and an interface that takes frames, or not, as
 * the test wants: nothing is lost, doubled or disordered, nothing spins. And what is said of specs
 * that name nothing. */
#include "stack_help.h"

#include <fcntl.h>
#include <stdio.h>

enum { TEXT = 300000, HEADERS = 54 };

/* What it transmits arrives at the server of `w` at once. */
struct fake {
    struct aksu_interface base;
    struct two *w;
    uint64_t seed;
    unsigned refuse;                /* of 8 frames are answered with `answer` */
    enum aksu_transmit answer;
    unsigned asked, taken, flushed, gone_in;
    bool batches, full;             /* flush leaves something */
    unsigned arrived;               /* frames in the last batch of receive_many */
    uint8_t octets[1 << 16], in[64][1514];
};

static struct fake *fake_of(struct aksu_interface *i)
{
    return (struct fake *)i;
}

static int receive(struct aksu_interface *i, struct aksu_frame *out, unsigned most)
{
    struct fake *f = fake_of(i);
    if (f->gone_in > 0 && --f->gone_in == 0) {
        strcpy(i->why, "it went");
        return -1;
    }
    assert_true(most > 0);
    return aksu_frame_out(f->w->net[SERVER], out, f->w->now) ? 1 : 0;
}

/* As a device that queues. */
static int receive_many(struct aksu_interface *i, struct aksu_frame *out, unsigned most)
{
    struct fake *f = fake_of(i);
    for (f->arrived = 0; f->arrived < most && receive(i, &out[f->arrived], 1) == 1; f->arrived++) {
        struct aksu_frame *frame = &out[f->arrived];
        uint8_t *to = f->in[f->arrived];
        assert_true(frame->length <= sizeof f->in[0]);
        for (uint32_t k = 0; k < frame->parts; to += frame->part[k++].length)
            memcpy(to, frame->part[k].data, frame->part[k].length);
        frame->parts = 1;
        frame->part[0] = (struct aksu_slice){ f->in[f->arrived], frame->length };
    }
    return (int)f->arrived;
}

static enum aksu_transmit transmit(struct aksu_interface *i, const struct aksu_frame *frame)
{
    struct fake *f = fake_of(i);
    struct aksu_frame copy = *frame;
    size_t used = 0;
    f->asked++;
    if (i->cuts) {
        assert_int_equal(frame->gso_size, 0);
        assert_false(frame->checksum_partial);
    }
    if (chance_below(&f->seed, 8) < f->refuse)
        return f->answer;
    for (uint32_t k = 0; k < frame->parts; k++) {
        memcpy(f->octets + used, frame->part[k].data, frame->part[k].length);
        used += frame->part[k].length;
    }
    assert_int_equal(used, frame->length);
    copy.parts = 1;
    copy.part[0] = (struct aksu_slice){ f->octets, used };
    aksu_frame_in(f->w->net[SERVER], f->w->pair.device[SERVER], &copy, f->w->now);
    f->taken++;
    return AKSU_TRANSMIT_DONE;
}

static void flush(struct aksu_interface *i)
{
    fake_of(i)->flushed++;
    i->blocked = fake_of(i)->full;
}

static void close_fake(struct aksu_interface *i)
{
    i->fd = -2;
}

static struct fake *fake_new(struct two *w, bool cuts)
{
    static const struct aksu_interface_ops plain = { receive, transmit, NULL, close_fake };
    static struct fake f;
    f = (struct fake){ .base = { .ops = &plain, .fd = -1, .cuts = cuts, .retry_at = AKSU_NEVER,
                                 .device.mac = { 2, 0, 0, 0, 0, 1 } },
                       .w = w, .seed = 4 };
    return &f;
}

/* --- a transfer --- */

struct transfer {
    struct two w;
    struct fake *f;
    aksu_listener l;
    aksu_conn conn[2];
    size_t sent, got;
    uint8_t text[TEXT];
};

static bool turn(struct transfer *t)
{
    return aksu_interface_move(&t->f->base, t->w.net[CLIENT], t->w.pair.device[CLIENT], t->w.now);
}

static void begin(struct transfer *t, bool cuts, uint32_t offload)
{
    uint64_t seed = 6;
    chance_fill(&seed, t->text, TEXT);
    t->sent = t->got = 0;
    two_init(&t->w, &(struct link_options){ .ethernet = true, .offload = offload });
    t->f = fake_new(&t->w, cuts);
    t->l = listen_on(&t->w, SERVER, 80, false);
    connect_pair(&t->w, t->l, 80, t->conn);
}

static void end(struct transfer *t)
{
    aksu_interface_close(&t->f->base);
    assert_int_equal(t->f->base.fd, -2);
    two_fini(&t->w);
}

/* Sends and receives what can be now, and compares. */
static void feed(struct transfer *t)
{
    uint8_t got[20000];
    ptrdiff_t n = aksu_send(t->w.net[CLIENT], t->conn[CLIENT], t->text + t->sent, TEXT - t->sent, 0,
                            t->w.now);
    t->sent += n > 0 ? (size_t)n : 0;
    while ((n = aksu_receive(t->w.net[SERVER], t->conn[SERVER], got, sizeof got, t->w.now)) > 0) {
        assert_memory_equal(got, t->text + t->got, (size_t)n);
        t->got += (size_t)n;
    }
}

/* Until all is there; each turn that does nothing lets a millisecond pass. */
static void transfer(struct transfer *t)
{
    for (unsigned turns = 0; t->got < TEXT; turns++) {
        assert_true(turns < 100000);
        feed(t);
        if (turn(t))
            continue;
        t->w.now += AKSU_MS(1);
        for (unsigned k = 0; k < 2; k++)
            aksu_timeouts(t->w.net[k], t->w.now);
    }
}

static uint32_t retransmits(const struct transfer *t)
{
    struct aksu_info info;
    assert_int_equal(aksu_status(t->w.net[CLIENT], t->conn[CLIENT], &info), AKSU_OK);
    return info.retransmits;
}

static void frames_that_are_not_taken_wait(void **state)
{
    (void)state;
    static struct transfer t;
    for (unsigned kind = 0; kind < 8; kind++) {
        bool cuts = kind & 1, offload = cuts || kind & 4;
        begin(&t, cuts, offload ? AKSU_OFFLOAD_TSO : 0);
        t.f->answer = kind & 2 ? AKSU_TRANSMIT_LATER : AKSU_TRANSMIT_FULL;
        t.f->refuse = 3;
        transfer(&t);
        assert_true(t.f->asked > t.f->taken + 3);
        assert_int_equal(t.f->base.lost, 0);
        assert_int_equal(retransmits(&t), 0);
        assert_int_equal(t.f->base.frames_out, t.f->taken);
        assert_true(t.f->base.octets_out > TEXT + HEADERS * t.f->taken);
        assert_true(t.f->base.frames_in > 4);
        assert_int_equal(counted(t.w.net[SERVER], AKSU_EV_frame_dropped), 0);
        assert_int_equal(counted(t.w.net[SERVER], AKSU_EV_dropped), 0);
        end(&t);
    }
}

static void lost_frames_are_counted_and_repaired(void **state)
{
    (void)state;
    static struct transfer t;
    begin(&t, true, AKSU_OFFLOAD_TSO);
    t.f->answer = AKSU_TRANSMIT_LOST;
    t.f->refuse = 1;
    transfer(&t);
    assert_int_equal(t.f->base.lost, t.f->asked - t.f->taken);
    assert_true(t.f->base.lost > 5);
    assert_true(retransmits(&t) > 0);
    end(&t);
}

/* While a frame waits nothing more leaves the stack, and it is offered once a turn. */
static void a_full_interface_is_not_asked_again_and_again(void **state)
{
    (void)state;
    static struct transfer t;
    begin(&t, false, 0);
    t.f->answer = AKSU_TRANSMIT_FULL;
    t.f->refuse = 8;
    feed(&t);
    turn(&t);
    assert_true(t.f->base.blocked);
    assert_int_equal(t.f->base.retry_at, AKSU_NEVER);
    assert_int_equal(t.f->base.held_frame.length, 1514);
    for (unsigned k = 0; k < 10; k++) {
        assert_false(turn(&t));
        assert_int_equal(t.f->asked, 2 + k);
    }
    t.f->answer = AKSU_TRANSMIT_LATER;
    assert_false(turn(&t));
    assert_int_equal(t.f->asked, 12);
    assert_int_equal(t.f->base.retry_at, t.w.now + AKSU_MS(1));
    assert_false(turn(&t));
    assert_int_equal(t.f->asked, 12);
    t.w.now += AKSU_MS(1);
    t.f->refuse = 0;
    assert_true(turn(&t));
    assert_false(t.f->base.blocked);
    assert_true(t.f->base.frames_out >= 10);            /* the initial window, and after ACKs */
    end(&t);
}

/* The batch of an interface that could not send it all goes before everything else. */
static void what_is_batched_goes_first(void **state)
{
    (void)state;
    static struct transfer t;
    begin(&t, false, 0);
    struct aksu_interface_ops batching = *t.f->base.ops;
    batching.flush = flush;
    t.f->base.ops = &batching;
    t.f->full = true;
    feed(&t);
    assert_true(turn(&t));
    assert_int_equal(t.f->flushed, 1);
    assert_int_equal(t.f->taken, 10);
    assert_true(t.f->base.blocked);
    while (turn(&t))                                    /* ACKs */
        ;
    assert_int_equal(t.f->taken, 10);
    t.f->full = false;
    assert_true(turn(&t));
    assert_true(t.f->taken > 10);
    assert_false(t.f->base.blocked);
    end(&t);
}

static void what_is_gone_stays_gone(void **state)
{
    (void)state;
    static struct transfer t;
    begin(&t, true, AKSU_OFFLOAD_TSO);
    t.f->answer = AKSU_TRANSMIT_GONE;
    t.f->refuse = 8;
    feed(&t);
    assert_false(turn(&t));
    assert_true(t.f->base.gone);
    assert_int_equal(t.f->asked, 1);
    assert_false(turn(&t));
    assert_int_equal(t.f->asked, 1);
    end(&t);

    begin(&t, true, AKSU_OFFLOAD_TSO);
    t.f->gone_in = 1;
    assert_false(turn(&t));
    assert_true(t.f->base.gone);
    assert_string_equal(t.f->base.why, "it went");
    feed(&t);
    assert_false(turn(&t));
    assert_int_equal(t.f->asked, 0);
    end(&t);
}

/* The ACK for a batch leaves with what the caller says about it; within a long queue it leaves
 * after 16 full frames, however many small ones there are. */
static void answers_leave_with_the_caller_s(void **state)
{
    (void)state;
    static struct transfer t;
    begin(&t, false, 0);
    struct aksu_interface_ops queueing = *t.f->base.ops;
    queueing.receive = receive_many;
    t.f->base.ops = &queueing;
    struct aksu *server = t.w.net[SERVER];
    unsigned between = 0;
    while (t.got < TEXT) {
        ptrdiff_t n = aksu_send(server, t.conn[SERVER], t.text + t.sent, TEXT - t.sent, 0, t.w.now);
        t.sent += n > 0 ? (size_t)n : 0;
        unsigned before = t.f->taken;
        assert_true(aksu_interface_move_in(&t.f->base, t.w.net[CLIENT], t.w.pair.device[CLIENT],
                                           t.w.now));
        unsigned batches = (t.f->arrived + 15) / 16;
        assert_int_equal(t.f->taken - before, batches - 1);
        between += batches - 1;
        while ((n = aksu_receive(t.w.net[CLIENT], t.conn[CLIENT], t.f->octets,
                                 sizeof t.f->octets, t.w.now)) > 0)
            t.got += (size_t)n;
        assert_int_equal(aksu_send(t.w.net[CLIENT], t.conn[CLIENT], "x", 1, 0, t.w.now), 1);
        assert_true(aksu_interface_move_out(&t.f->base, t.w.net[CLIENT], t.w.now));
        assert_int_equal(t.f->taken - before, batches);
    }
    assert_true(between > 2);
    end(&t);
}

static void small_frames_make_one_batch(void **state)
{
    (void)state;
    static struct two w;
    two_init(&w, &(struct link_options){ .ethernet = true });
    struct fake *f = fake_new(&w, false);
    struct aksu_interface_ops queueing = *f->base.ops;
    queueing.receive = receive_many;
    f->base.ops = &queueing;
    listen_on(&w, SERVER, 80, false);
    open_to(&w, 80);
    move(&w);
    for (unsigned k = 0; k < 40; k++)
        open_to(&w, 80);
    assert_true(aksu_interface_move_out(&f->base, w.net[CLIENT], w.now));
    assert_int_equal(f->taken, 40);
    assert_true(aksu_interface_move_in(&f->base, w.net[CLIENT], w.pair.device[CLIENT], w.now));
    assert_int_equal(f->arrived, 40);
    assert_int_equal(f->taken, 40);
    assert_true(aksu_interface_move_out(&f->base, w.net[CLIENT], w.now));
    assert_int_equal(f->taken, 80);
    two_fini(&w);
}

/* More than one turn's worth: the caller gets control in between. */
static void a_turn_is_bounded(void **state)
{
    (void)state;
    static struct two w;
    aksu_conn c;
    two_init(&w, &(struct link_options){ .ethernet = true });
    struct fake *f = fake_new(&w, false);
    listen_on(&w, SERVER, 80, false);
    c = open_to(&w, 80);
    move(&w);
    assert_int_equal(state_of(w.net[CLIENT], c), AKSU_TCP_ESTABLISHED);
    for (unsigned k = 0; k < 300; k++)
        open_to(&w, 80);
    assert_true(aksu_interface_move(&f->base, w.net[CLIENT], w.pair.device[CLIENT], w.now));
    assert_int_equal(f->taken, 256);
    assert_true(aksu_interface_move(&f->base, w.net[CLIENT], w.pair.device[CLIENT], w.now));
    assert_in_range(f->taken, 300, 303);
    two_fini(&w);
}

/* --- specs --- */

static void specs_that_name_nothing(void **state)
{
    (void)state;
    static const struct { const char *spec, *says; } wrong[] = {
        { "", "is no kind of device: there are tap:NAME" },
        { "tap0", "is no kind of device" },
        { "tap", "is no kind of device" },
        { "eth:eth0", "is no kind of device" },
        { "TAP:x", "is no kind of device" },
        { "tap:", "lacks the name" },
        { "tun:", "lacks the name" },
        { "packet:", "lacks the name" },
        { "tap:abcdefghijklmnop", "1 to 15 characters" },
        { "packet:a/b", "cannot be the name" },
        { "tun:a b", "cannot be the name" },
        { "fd:", "a number is needed" },
        { "fd:x", "a number is needed" },
        { "fd:-1", "a number is needed" },
        { "fd:+1", "a number is needed" },
        { "fd: 1", "a number is needed" },
        { "fd:1x", "a number is needed" },
        { "fd:99999999999999999999", "a number is needed" },
        { "fd:4294967299", "a number is needed" },
        { "fd:99999", "descriptor 99999 is not open" },
        { "packet:lo", "is no Ethernet interface" },
    };
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        char why[AKSU_WHY] = "";
        assert_null(aksu_interface_open(wrong[k].spec, NULL, why));
        if (strstr(why, wrong[k].says) == NULL && strstr(why, "not permitted") == NULL)
            fail_msg("%s: %s", wrong[k].spec, why);
    }
    aksu_interface_close(NULL);
}

static void impossible_settings(void **state)
{
    (void)state;
    char why[AKSU_WHY];
    static const uint32_t mtu[] = { 1, 67, 65536, UINT32_MAX };
    for (size_t k = 0; k < sizeof mtu / sizeof mtu[0]; k++) {
        struct aksu_interface_config config = { .mtu = mtu[k] };
        assert_null(aksu_interface_open("tap:x", &config, why));
        assert_non_null(strstr(why, "68 to 65535"));
    }
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    char spec[16];
    snprintf(spec, sizeof spec, "fd:%d", pipes[0]);
    assert_null(aksu_interface_open(spec, NULL, why));
    assert_true(strlen(why) > 10);
    assert_int_equal(fcntl(pipes[0], F_GETFD), -1);     /* it was ours, and is closed */
    close(pipes[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_that_are_not_taken_wait),
        cmocka_unit_test(lost_frames_are_counted_and_repaired),
        cmocka_unit_test(a_full_interface_is_not_asked_again_and_again),
        cmocka_unit_test(what_is_batched_goes_first),
        cmocka_unit_test(what_is_gone_stays_gone),
        cmocka_unit_test(answers_leave_with_the_caller_s),
        cmocka_unit_test(small_frames_make_one_batch),
        cmocka_unit_test(a_turn_is_bounded),
        cmocka_unit_test(specs_that_name_nothing),
        cmocka_unit_test(impossible_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
