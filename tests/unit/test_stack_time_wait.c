/* test_stack_time_wait.c - TIME-WAIT records: the table alone, against a model, and what a record
 * answers. */
#include "stack_help.h"

#include "stack/stack.h"
#include "wire/ipv4.h"

enum { PAGES = 64, HEADS = 1024 };

struct table {
    struct pool pool;
    struct time_wait_table t;
    slab_ref head[HEADS];
    uint8_t memory[(PAGES + 2) * POOL_PAGE];
};

static void table_init(struct table *w, uint32_t most, aksu_time msl, aksu_time now)
{
    memset(w, 0, sizeof *w);
    assert_true(pool_init(&w->pool, w->memory, sizeof w->memory));
    time_wait_init(&w->t, &w->pool, &(struct time_wait_config){ .head = w->head, .mask = HEADS - 1,
                   .most = most, .msl = msl, .slab_number = 1 }, now);
}

static struct tcp_time_wait record(uint32_t n)
{
    struct tcp_time_wait r = { .snd_nxt = { n } };
    r.tuple.local_ip = ip_text("10.0.0.1");
    r.tuple.remote_ip = ip_text("10.0.0.2");
    r.tuple.local_port = (uint16_t)(1 + n % 60000);
    r.tuple.remote_port = (uint16_t)(n / 60000);
    return r;
}

static struct time_wait *find(struct table *w, uint32_t n)
{
    struct tcp_time_wait r = record(n);
    return time_wait_lookup(&w->t, &r.tuple, conn_hash(&w->t.key, &r.tuple));
}

/* The local port of the record that had to go; 0: none. */
static uint16_t add(struct table *w, uint32_t n, aksu_time now)
{
    struct tcp_time_wait r = record(n);
    struct tcp_tuple dropped;
    assert_true(time_wait_add(&w->t, &r, conn_hash(&w->t.key, &r.tuple), &dropped, now));
    return dropped.local_port;
}

static void records_are_small(void **state)
{
    (void)state;
    assert_true(sizeof(struct time_wait) <= 64);
    assert_true(sizeof(struct conn) <= 512);
}

static void a_full_table_drops_the_oldest(void **state)
{
    (void)state;
    static struct table w;
    table_init(&w, 100, SECONDS(30), 0);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(add(&w, i, MS(i)), 0);
    for (uint32_t i = 100; i < 400; i++)
        assert_int_equal(add(&w, i, MS(i)), 1 + i - 100);
    assert_null(find(&w, 299));
    assert_non_null(find(&w, 300));
    assert_int_equal(w.t.count, 100);
}

static void without_memory_the_oldest_goes(void **state)
{
    (void)state;
    static struct table w;
    table_init(&w, 100000, SECONDS(30), 0);
    uint32_t room = w.pool.count * 64;
    for (uint32_t i = 0; i < room; i++)
        assert_int_equal(add(&w, i, MS(i)), 0);
    for (uint32_t i = room; i < 2 * room; i++)
        assert_int_equal(add(&w, i, MS(i)), 1 + i - room);
    assert_int_equal(pool_left(&w.pool), 0);
}

/* Everything a stack can do with the table, at random, against a plain array. */
enum { MODEL = 200 };

struct model {
    aksu_time until[MODEL];         /* 0: not there */
    uint64_t seed;
    aksu_time now, life, slack;
};

static void expire(struct table *w, struct model *m)
{
    struct tcp_tuple tuple;
    aksu_time next = time_wait_next_timeout(&w->t);
    while (time_wait_expired(&w->t, &tuple, m->now)) {
        uint32_t n = tuple.local_port - 1u;
        assert_true(n < MODEL && m->until[n] != 0);
        assert_true(m->until[n] <= m->now);         /* never early: RFC 9293 3.6.1 [MUST-13] */
        assert_true(next <= m->now);
        m->until[n] = 0;
    }
    for (uint32_t n = 0; n < MODEL; n++)
        assert_true(m->until[n] == 0 || m->until[n] + m->slack >= m->now);
}

static void step(struct table *w, struct model *m)
{
    uint32_t n = chance_below(&m->seed, MODEL), what = chance_below(&m->seed, 10);
    struct time_wait *r = find(w, n);
    assert_int_equal(r != NULL, m->until[n] != 0);
    if (r == NULL && what < 6) {
        add(w, n, m->now);
        m->until[n] = m->now + m->life;
    } else if (r != NULL && what < 3) {
        time_wait_restart(&w->t, r, m->now);
        m->until[n] = m->now + m->life;
    } else if (r != NULL && what < 5) {
        time_wait_remove(&w->t, r);
        m->until[n] = 0;
    }
    m->now += what == 9 ? m->life / 3 : chance_below(&m->seed, 1000) * (m->life / 100000);
    expire(w, m);
}

static void the_table_behaves_as_its_model(void **state)
{
    (void)state;
    static const aksu_time msl[] = { MS(2), SECONDS(1), SECONDS(30), SECONDS(240),
                                    SECONDS(3600 * 24)};
    for (size_t i = 0; i < sizeof msl / sizeof msl[0]; i++) {
        static struct table w;
        struct model m = { .seed = i + 1, .now = SECONDS(100000), .life = 2 * msl[i] };
        m.slack = m.life / 32 + MS(4);
        table_init(&w, 10000, msl[i], m.now);
        for (unsigned steps = 0; steps < 100000; steps++)
            step(&w, &m);
        m.now += 10 * m.life;               /* a long sleep */
        expire(&w, &m);
        assert_int_equal(w.t.count, 0);
        assert_int_equal(w.t.slab.in_use, 0);
        assert_int_equal(w.pool.in_use, 0);
        assert_int_equal(time_wait_next_timeout(&w.t), NEVER);
    }
}

/* --- in a stack --- */

/* The client has closed first and keeps the record; local and remote socket in *info. */
static void to_time_wait(struct two *w, const struct link_options *options, struct aksu_info *info,
                         aksu_listener *l)
{
    aksu_conn c[2];
    struct aksu_counters counters;
    two_init(w, options);
    *l = listen_on(w, SERVER, 80, false);
    connect_pair(w, *l, 80, c);
    assert_int_equal(aksu_status(w->net[CLIENT], c[CLIENT], info), AKSU_OK);
    aksu_close(w->net[CLIENT], c[CLIENT], w->now);
    move(w);
    aksu_close(w->net[SERVER], c[SERVER], w->now);
    move(w);
    aksu_counters(w->net[CLIENT], &counters);
    assert_int_equal(counters.time_wait, 1);
    assert_int_equal(counters.connections, 0);
}

/* Hands a segment without text to the client as if the server had sent it. */
static void inject(struct two *w, const struct aksu_info *info, uint8_t ctl, uint32_t seq,
                   uint32_t ack)
{
    uint8_t octets[IPV4_HEADER + TCP_HEADER];
    struct writer out = writer_of(octets, sizeof octets);
    struct tcp_segment seg = { .source_port = info->remote.port,
                               .destination_port = info->local.port, .seq = { seq },
                               .ack = { ack }, .ctl = ctl, .wnd = 1000 };
    struct ip_out ip = { .source = info->remote.ip, .destination = info->local.ip,
                         .protocol = IP_PROTOCOL_TCP, .ttl = 64, .dont_fragment = true };
    ip_build(&out, &ip, TCP_HEADER);
    wire_tcp_build(&out, &ip.source, &ip.destination, &seg, false);
    struct aksu_frame f = { .parts = 1, .length = sizeof octets };
    f.part[0] = (struct aksu_slice){ octets, sizeof octets };
    aksu_frame_in(w->net[CLIENT], w->pair.device[CLIENT], &f, w->now);
}

/* The segment that the client sends now; false: none. */
static bool answer(struct two *w, struct tcp_segment *out)
{
    static uint8_t copy[2048];
    struct aksu_frame f;
    if (!take_frame(w, CLIENT, &f))
        return false;
    assert_int_equal(f.parts, 1);
    memcpy(copy, f.part[0].data, f.length);
    struct aksu_ip source = ip_of(w, CLIENT), destination = ip_of(w, SERVER);
    assert_int_equal(wire_tcp_parse(copy + IPV4_HEADER, f.length - IPV4_HEADER, NULL, 0, &source,
                                    &destination, false, out), TCP_GOOD);
    return true;
}

static const struct link_options plain = {
    .config = { { .no_timestamps = true }, { .no_timestamps = true } } };

static void a_repeated_fin_is_acknowledged_and_restarts_the_time(void **state)
{
    (void)state;
    struct two w;
    struct aksu_info info;
    aksu_listener l;
    struct tcp_segment seg;
    struct aksu_counters counters;
    to_time_wait(&w, &plain, &info, &l);
    wait_for(&w, AKSU_SECONDS(50));
    inject(&w, &info, CTL_FIN | CTL_ACK, info.rcv_nxt, info.snd_nxt + 1);
    assert_true(answer(&w, &seg));
    assert_int_equal(seg.ctl, CTL_ACK);
    assert_int_equal(seg.seq.n, info.snd_nxt + 1);
    assert_int_equal(seg.ack.n, info.rcv_nxt + 1);
    assert_false(answer(&w, &seg));
    wait_for(&w, AKSU_SECONDS(59));
    aksu_counters(w.net[CLIENT], &counters);
    assert_int_equal(counters.time_wait, 1);
    wait_for(&w, AKSU_SECONDS(4));
    aksu_counters(w.net[CLIENT], &counters);
    assert_int_equal(counters.time_wait, 0);
    two_fini(&w);
}

/* R1337-3-a */
static void an_ack_or_rst_changes_nothing(void **state)     /* RFC 1337 3 */
{
    (void)state;
    struct two w;
    struct aksu_info info;
    aksu_listener l;
    struct tcp_segment seg;
    struct aksu_counters counters;
    to_time_wait(&w, &plain, &info, &l);
    inject(&w, &info, CTL_ACK, info.rcv_nxt + 1, info.snd_nxt + 1);
    assert_false(answer(&w, &seg));
    inject(&w, &info, CTL_RST, info.rcv_nxt + 1, 0);        /* RFC 1337 3 */
    assert_false(answer(&w, &seg));
    aksu_counters(w.net[CLIENT], &counters);
    assert_int_equal(counters.time_wait, 1);
    two_fini(&w);

    struct link_options with_rst = plain;
    with_rst.config[CLIENT].no_rfc1337 = true;
    to_time_wait(&w, &with_rst, &info, &l);
    inject(&w, &info, CTL_RST, info.rcv_nxt + 1, 0);
    assert_false(answer(&w, &seg));
    aksu_counters(w.net[CLIENT], &counters);
    assert_int_equal(counters.time_wait, 0);
    two_fini(&w);
}

/* RFC 5961 7: so many answers in each second, whatever was asked in the seconds before; and one to
 * what is empty, or two ends would answer each other for ever. */
static void the_throttle_is_for_one_second(void **state)
{
    (void)state;
    struct two w;
    struct aksu_info info;
    aksu_listener l;
    struct tcp_segment seg;
    to_time_wait(&w, &plain, &info, &l);
    for (unsigned second = 0; second < 20; second++) {
        unsigned answers = 0, asked = second < 10 ? 1 : 30;
        uint8_t ctl = second < 10 || second % 2 == 0 ? CTL_ACK : CTL_SYN;
        for (unsigned i = 0; i < asked; i++) {              /* first a keep-alive, then a flood */
            inject(&w, &info, ctl, info.rcv_nxt - 5, info.snd_nxt + 1);
            answers += answer(&w, &seg);
            assert_int_equal(seg.ctl, CTL_ACK);
            assert_false(answer(&w, &seg));
        }
        assert_int_equal(answers, ctl == CTL_ACK ? 1 : 10);
        wait_for(&w, AKSU_SECONDS(1));
    }
    two_fini(&w);
}

/* RFC 9293 3.6.1 [MAY-2], RFC 6191 2. */
static void a_new_syn_reopens(void **state)
{
    (void)state;
    struct two w;
    struct aksu_info info;
    struct aksu_counters counters;
    aksu_listener l, mine;
    aksu_conn c;
    struct tcp_segment seg;
    to_time_wait(&w, &plain, &info, &l);
    struct aksu_listen how = { .local = { .port = info.local.port } };
    assert_int_equal(aksu_listen(w.net[CLIENT], &how, &mine, w.now), AKSU_OK);

    inject(&w, &info, CTL_SYN, info.rcv_nxt - 1000, 0);         /* an old one */
    while (answer(&w, &seg))
        assert_int_equal(seg.ctl, CTL_ACK);
    assert_int_equal(counted(w.net[CLIENT], AKSU_EV_dropped), 1);
    inject(&w, &info, CTL_SYN, info.rcv_nxt + 100000, 0);
    assert_int_equal(counted(w.net[CLIENT], AKSU_EV_dropped), 1);
    assert_true(answer(&w, &seg));
    assert_int_equal(seg.ctl, CTL_SYN | CTL_ACK);
    assert_true(seq_gt(seg.seq, seq_of(info.snd_nxt + 1)));     /* above all that was used */
    assert_int_equal(seg.ack.n, info.rcv_nxt + 100001);

    inject(&w, &info, CTL_RST, info.rcv_nxt + 100001, 0);       /* it was old after all */
    assert_false(answer(&w, &seg));
    aksu_counters(w.net[CLIENT], &counters);
    assert_int_equal(counters.time_wait, 1);
    assert_int_equal(counters.connections, 0);
    assert_int_equal(aksu_accept(w.net[CLIENT], mine, &c, w.now), AKSU_WOULD_BLOCK);

    inject(&w, &info, CTL_SYN, info.rcv_nxt + 200000, 0);
    assert_true(answer(&w, &seg));
    assert_int_equal(seg.ctl, CTL_SYN | CTL_ACK);
    inject(&w, &info, CTL_ACK, info.rcv_nxt + 200001, seg.seq.n + 1);
    aksu_counters(w.net[CLIENT], &counters);
    assert_int_equal(counters.time_wait, 0);
    assert_int_equal(counters.connections, 1);
    assert_int_equal(aksu_accept(w.net[CLIENT], mine, &c, w.now), AKSU_OK);
    two_fini(&w);
}

/* The client is in TIME-WAIT, its application still holds the connection, and it listens on the
 * port. */
static aksu_conn held_time_wait(struct two *w, struct aksu_info *info)
{
    aksu_conn c[2];
    two_init(w, &plain);
    aksu_listener l = listen_on(w, SERVER, 80, false), mine;
    connect_pair(w, l, 80, c);
    assert_int_equal(aksu_status(w->net[CLIENT], c[CLIENT], info), AKSU_OK);
    aksu_shutdown(w->net[CLIENT], c[CLIENT], w->now);
    move(w);
    aksu_close(w->net[SERVER], c[SERVER], w->now);
    move(w);
    assert_int_equal(state_of(w->net[CLIENT], c[CLIENT]), AKSU_TCP_TIME_WAIT);
    struct aksu_listen how = { .local = { .port = info->local.port } };
    assert_int_equal(aksu_listen(w->net[CLIENT], &how, &mine, w->now), AKSU_OK);
    return c[CLIENT];
}

/* The application has not closed its handle yet when the peer comes again. */
static void a_held_time_wait_reopens_too(void **state)
{
    (void)state;
    struct two w;
    struct aksu_info info, after;
    struct aksu_counters counters;
    struct tcp_segment seg;
    aksu_conn c = held_time_wait(&w, &info);
    inject(&w, &info, CTL_SYN, info.rcv_nxt + 100000, 0);
    assert_int_equal(counted(w.net[CLIENT], AKSU_EV_dropped), 0);
    assert_true(answer(&w, &seg));
    assert_int_equal(seg.ctl, CTL_SYN | CTL_ACK);
    inject(&w, &info, CTL_ACK, info.rcv_nxt + 100001, seg.seq.n + 1);
    (void)aksu_status(w.net[CLIENT], c, &after);
    assert_int_equal(after.state, AKSU_TCP_CLOSED);
    aksu_counters(w.net[CLIENT], &counters);
    assert_int_equal(counters.connections, 2);
    assert_int_equal(counters.time_wait, 0);
    assert_int_equal(aksu_close(w.net[CLIENT], c, w.now), AKSU_OK);
    aksu_counters(w.net[CLIENT], &counters);
    assert_int_equal(counters.connections, 1);
    two_fini(&w);
}

/* The new number must lie above the old ones, and they are nowhere to be kept. */
static void without_memory_a_held_time_wait_does_not_reopen(void **state)
{
    (void)state;
    struct two w;
    struct aksu_info info;
    struct tcp_segment seg;
    (void)held_time_wait(&w, &info);
    while (pool_take(&w.net[CLIENT]->pool) != 0)
        ;
    inject(&w, &info, CTL_SYN, info.rcv_nxt + 100000, 0);
    assert_false(answer(&w, &seg));
    assert_int_equal(counted(w.net[CLIENT], AKSU_EV_dropped), 1);
    two_fini(&w);
}

static void a_pair_in_time_wait_is_in_use(void **state)
{
    (void)state;
    struct two w;
    struct aksu_info info;
    aksu_listener l;
    aksu_conn c;
    to_time_wait(&w, NULL, &info, &l);
    struct aksu_open how = { .remote = info.remote, .local = info.local };
    assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_ALREADY_EXISTS);
    wait_for(&w, AKSU_SECONDS(63));
    assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_OK);
    assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_ALREADY_EXISTS);
    two_fini(&w);
}

/* A pair in TIME-WAIT is opened again from here, after a second and with timestamps: above what was
 * used, and the record stays until the new connection is ESTABLISHED. */
static void a_pair_in_time_wait_is_opened_again(void **state)   /* RFC 6191 2, RFC 7323 5.2 */
{
    (void)state;
    static const struct link_options with_timestamps;
    for (unsigned without = 0; without < 2; without++) {
        struct two w;
        struct aksu_info info, again;
        aksu_listener l;
        aksu_conn c, got;
        to_time_wait(&w, without ? &plain : &with_timestamps, &info, &l);
        struct aksu_open how = { .remote = info.remote, .local.port = info.local.port };
        wait_for(&w, AKSU_MS(900));
        assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_ALREADY_EXISTS);
        wait_for(&w, AKSU_MS(200));
        if (without) {
            assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_ALREADY_EXISTS);
            two_fini(&w);
            continue;
        }
        assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_OK);
        assert_int_equal(aksu_status(w.net[CLIENT], c, &again), AKSU_OK);
        assert_true((int32_t)(again.iss - info.snd_nxt) > 65536);
        struct aksu_counters counters;
        aksu_counters(w.net[CLIENT], &counters);
        assert_int_equal(counters.time_wait, 1);
        move(&w);
        assert_int_equal(state_of(w.net[CLIENT], c), AKSU_TCP_ESTABLISHED);
        assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
        aksu_counters(w.net[CLIENT], &counters);
        assert_int_equal(counters.time_wait, 0);
        two_fini(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_small),
        cmocka_unit_test(a_full_table_drops_the_oldest),
        cmocka_unit_test(without_memory_the_oldest_goes),
        cmocka_unit_test(the_table_behaves_as_its_model),
        cmocka_unit_test(a_repeated_fin_is_acknowledged_and_restarts_the_time),
        cmocka_unit_test(an_ack_or_rst_changes_nothing),
        cmocka_unit_test(the_throttle_is_for_one_second),
        cmocka_unit_test(a_new_syn_reopens),
        cmocka_unit_test(a_held_time_wait_reopens_too),
        cmocka_unit_test(without_memory_a_held_time_wait_does_not_reopen),
        cmocka_unit_test(a_pair_in_time_wait_is_in_use),
        cmocka_unit_test(a_pair_in_time_wait_is_opened_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
