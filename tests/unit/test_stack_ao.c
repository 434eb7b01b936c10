/* test_stack_ao.c - connections with TCP-AO between two stacks (RFC 5925): every segment has a MAC,
 * from the SYN to TIME-WAIT, keys rotate, sequence numbers pass 2^32. Who is kept out:
 * test_stack_ao_attack.c. */
#include "ao_help.h"

struct watch {
    unsigned frames, unsigned_ones, rsts, keyed[256], asked[256];
    uint32_t largest, sacks_most;
    bool lose;                      /* two in 50 */
};

static bool watch(void *context, struct ao_frame *f)
{
    struct watch *s = context;
    const struct tcp_options *o = &f->seg.options;
    s->frames++;
    s->unsigned_ones += !(o->has & HAS_AO) || o->ao_length != AO_OPTION;
    s->rsts += (f->seg.ctl & CTL_RST) != 0;
    s->largest = f->length > s->largest ? f->length : s->largest;
    s->keyed[o->ao_key_id]++;
    s->asked[o->ao_next_id]++;
    if ((o->has & HAS_SACK) && o->sack_count > s->sacks_most)
        s->sacks_most = o->sack_count;
    return !s->lose || (s->frames % 50 != 43 && s->frames % 50 != 47);
}

static void open_pair(struct two *w, aksu_conn c[2], struct watch *s)
{
    aksu_listener l = listen_on(w, SERVER, 80, false);
    c[CLIENT] = open_to(w, 80);
    (void)ao_move(w, watch, s);
    assert_int_equal(aksu_accept(w->net[SERVER], l, &c[SERVER], w->now), AKSU_OK);
}

/* Both ways to the end, and what is left afterwards. */
static void whole_life(const struct link_options *o, enum aksu_ao_algorithm algorithm, bool lose)
{
    struct two w;
    aksu_conn c[2];
    struct watch s = { .lose = lose };
    ao_two(&w, o, algorithm, NULL);
    open_pair(&w, c, &s);
    uint32_t mtu = o->mtu != 0 ? o->mtu : 1500, ip = o->v6 ? 40 : 20;
    struct aksu_info info = ao_info(w.net[CLIENT], c[CLIENT]);
    uint32_t stamps = info.timestamps ? 12 : 0;
    assert_int_equal(info.snd_mss, mtu - ip - TCP_HEADER - stamps - AO_OPTION);
    assert_true(ao_status(w.net[SERVER], c[SERVER]).on);
    ao_transfer(&w, c, CLIENT, 300000, watch, &s);
    ao_transfer(&w, c, SERVER, 300000, watch, &s);
    assert_int_equal(aksu_close(w.net[CLIENT], c[CLIENT], w.now), AKSU_OK);
    (void)ao_move(&w, watch, &s);
    assert_int_equal(aksu_close(w.net[SERVER], c[SERVER], w.now), AKSU_OK);
    for (unsigned i = 0; i < 200; i++) {
        w.now += AKSU_SECONDS(1);
        aksu_timeouts(w.net[0], w.now);
        aksu_timeouts(w.net[1], w.now);
        (void)ao_move(&w, watch, &s);
    }
    for (unsigned side = 0; side < 2; side++) {
        struct aksu_counters counters;
        aksu_counters(w.net[side], &counters);
        assert_int_equal(counters.connections + counters.time_wait, 0);
        assert_int_equal(ao_dropped(w.net[side]), 0);
    }
    assert_int_equal(s.unsigned_ones, 0);
    assert_int_equal(s.rsts, 0);
    assert_true(s.largest <= mtu);
    assert_int_equal(s.sacks_most > 0, lose);
    assert_true(s.sacks_most <= (info.timestamps ? 1 : 2));         /* RFC 5925 7.6 */
    two_fini(&w);
}

static void every_segment_has_a_mac(void **state)   /* RFC 5925 7.4, 7.6, R5925-7.4-a */
{
    (void)state;
    for (unsigned i = 0; i < 16; i++) {
        struct link_options o = { .v6 = i & 1, .offload = i & 2 ? AKSU_OFFLOAD_TSO : 0 };
        for (unsigned side = 0; side < 2; side++)
            o.config[side].no_timestamps = i & 4;
        whole_life(&o, i & 8 ? AKSU_AO_AES128 : AKSU_AO_SHA1, false);
        whole_life(&o, i & 8 ? AKSU_AO_AES128 : AKSU_AO_SHA1, true);
    }
}

static void options_may_be_left_out(void **state)   /* RFC 5925 3.1 */
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    struct watch s = { 0 };
    two_init(&w, NULL);
    for (unsigned side = 0; side < 2; side++) {
        struct aksu_mkt mkt = ao_mkt(side, AKSU_AO_SHA1, CLIENT_ID, SERVER_ID);
        mkt.exclude_options = true;
        ao_setup(w.net[side]);
        (void)ao_give(w.net[side], &mkt);
    }
    open_pair(&w, c, &s);
    ao_transfer(&w, c, CLIENT, 100000, watch, &s);
    assert_int_equal(s.unsigned_ones + ao_dropped(w.net[0]) + ao_dropped(w.net[1]), 0);
    two_fini(&w);
}

/* RFC 9293 3.8.4: keep-alives and their answers; the RST of ABORT. */
static void keepalives_and_resets_too(void **state) /* RFC 5925 7.7 */
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    struct watch s = { 0 };
    ao_two(&w, NULL, AKSU_AO_SHA1, NULL);
    open_pair(&w, c, &s);
    assert_int_equal(aksu_set(w.net[CLIENT], c[CLIENT], AKSU_OPTION_KEEPALIVE_IDLE, 1000, w.now),
                     AKSU_OK);
    assert_int_equal(aksu_set(w.net[CLIENT], c[CLIENT], AKSU_OPTION_KEEPALIVE, 1, w.now), AKSU_OK);
    unsigned before = s.frames;
    for (unsigned i = 0; i < 5; i++) {
        w.now += AKSU_SECONDS(2);
        aksu_timeouts(w.net[CLIENT], w.now);
        (void)ao_move(&w, watch, &s);
    }
    assert_int_equal(s.frames - before, 10);
    assert_int_equal(aksu_abort(w.net[CLIENT], c[CLIENT], w.now), AKSU_OK);
    (void)ao_move(&w, watch, &s);
    assert_int_equal(s.rsts, 1);
    assert_int_equal(s.unsigned_ones, 0);
    assert_int_equal(ao_info(w.net[SERVER], c[SERVER]).reason, AKSU_RESET);
    two_fini(&w);
}

static bool lose_last_ack(void *context, struct ao_frame *f)
{
    unsigned *fins = context;
    *fins += (f->seg.ctl & CTL_FIN) != 0;
    assert_true(f->seg.options.has & HAS_AO);
    return !(f->from == CLIENT && *fins == 2);
}

/* The FIN comes again to who is in TIME-WAIT: the answer has a MAC as well. */
static void time_wait_answers_with_a_mac(void **state)      /* RFC 5925 7.4 */
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    struct watch s = { 0 };
    unsigned fins = 0;
    ao_two(&w, NULL, AKSU_AO_SHA1, NULL);
    open_pair(&w, c, &s);
    (void)aksu_close(w.net[CLIENT], c[CLIENT], w.now);
    (void)ao_move(&w, lose_last_ack, &fins);
    (void)aksu_close(w.net[SERVER], c[SERVER], w.now);
    (void)ao_move(&w, lose_last_ack, &fins);
    struct aksu_counters counters;
    aksu_counters(w.net[SERVER], &counters);
    assert_int_equal(counters.connections, 1);              /* LAST-ACK */
    fins = 3;
    w.now += AKSU_SECONDS(2);
    aksu_timeouts(w.net[SERVER], w.now);
    (void)ao_move(&w, lose_last_ack, &fins);
    aksu_counters(w.net[SERVER], &counters);
    assert_int_equal(counters.connections, 0);
    assert_int_equal(ao_dropped(w.net[0]) + ao_dropped(w.net[1]), 0);
    two_fini(&w);
}

/* The same pair again while the server is in TIME-WAIT: RFC 6191 2 with TCP-AO. */
static void time_wait_is_reopened(void **state)     /* RFC 5925 7.5 */
{
    (void)state;
    struct two w;
    aksu_conn c[2], again;
    ao_two(&w, NULL, AKSU_AO_AES128, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    struct aksu_open how = { .remote = { ip_of(&w, SERVER), 80 }, .local = { .port = 5000 } };
    assert_int_equal(aksu_open(w.net[CLIENT], &how, &c[CLIENT], w.now), AKSU_OK);
    (void)ao_move(&w, NULL, NULL);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &c[SERVER], w.now), AKSU_OK);
    (void)aksu_close(w.net[SERVER], c[SERVER], w.now);
    (void)ao_move(&w, NULL, NULL);
    (void)aksu_close(w.net[CLIENT], c[CLIENT], w.now);
    (void)ao_move(&w, NULL, NULL);
    w.now += AKSU_SECONDS(5);
    assert_int_equal(aksu_open(w.net[CLIENT], &how, &again, w.now), AKSU_OK);
    (void)ao_move(&w, NULL, NULL);
    assert_int_equal(state_of(w.net[CLIENT], again), AKSU_TCP_ESTABLISHED);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &c[SERVER], w.now), AKSU_OK);
    assert_true(ao_status(w.net[SERVER], c[SERVER]).on);
    c[CLIENT] = again;
    ao_transfer(&w, c, CLIENT, 10000, NULL, NULL);
    assert_int_equal(ao_dropped(w.net[0]) + ao_dropped(w.net[1]), 0);
    two_fini(&w);
}

struct first_syn {
    struct ao_frame frame;
    bool kept;
    struct watch after;             /* what the server says, but for RSTs */
};

static bool keep_first_syn(void *context, struct ao_frame *f)
{
    struct first_syn *s = context;
    if (!s->kept)
        s->frame = *f;
    s->kept = true;
    return f->from != SERVER || watch(&s->after, f);
}

/* A new SYN made the TIME-WAIT that was held a record, which has no keys, and nobody listens any
 * more. The old connection's SYN, played again, has a good MAC: no answer to it can have one. */
static void a_record_without_keys_is_silent(void **state)   /* RFC 5925 7.4 */
{
    (void)state;
    struct two w;
    aksu_conn c[2], again;
    struct first_syn s = { .kept = false };
    aksu_ao_key key[2];
    ao_two(&w, NULL, AKSU_AO_AES128, key);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    struct aksu_open how = { .remote = { ip_of(&w, SERVER), 80 }, .local = { .port = 5000 } };
    assert_int_equal(aksu_open(w.net[CLIENT], &how, &c[CLIENT], w.now), AKSU_OK);
    (void)ao_move(&w, keep_first_syn, &s);
    struct aksu_info client = ao_info(w.net[CLIENT], c[CLIENT]);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &c[SERVER], w.now), AKSU_OK);
    assert_int_equal(aksu_close_listener(w.net[SERVER], l, w.now), AKSU_OK);
    (void)aksu_shutdown(w.net[SERVER], c[SERVER], w.now);
    (void)ao_move(&w, keep_first_syn, &s);
    (void)aksu_close(w.net[CLIENT], c[CLIENT], w.now);
    (void)ao_move(&w, keep_first_syn, &s);
    w.now += AKSU_SECONDS(5);
    assert_int_equal(aksu_open(w.net[CLIENT], &how, &again, w.now), AKSU_OK);
    (void)ao_move(&w, keep_first_syn, &s);
    assert_int_equal(state_of(w.net[CLIENT], again), AKSU_TCP_CLOSED);
    assert_int_equal(s.after.rsts, 1);
    struct aksu_counters counters;
    aksu_counters(w.net[SERVER], &counters);
    assert_int_equal(counters.time_wait, 1);
    unsigned frames = s.after.frames;
    for (unsigned i = 0; i < 2; i++)
        ao_inject(&w, SERVER, s.frame.octets, s.frame.length);
    (void)ao_move(&w, keep_first_syn, &s);
    assert_int_equal(s.after.unsigned_ones, 0);
    /* Nor to what passes without a MAC, once the key has been taken away. */
    (void)aksu_close(w.net[SERVER], c[SERVER], w.now);
    assert_int_equal(aksu_ao_remove(w.net[SERVER], key[SERVER]), AKSU_OK);
    ao_forge(&w, CLIENT, &client, CTL_ACK, 1, 100);
    (void)ao_move(&w, keep_first_syn, &s);
    assert_int_equal(s.after.frames, frames);
    aksu_counters(w.net[SERVER], &counters);
    assert_int_equal(counters.time_wait, 1);
    two_fini(&w);
}

/* RFC 5925 6.1: nothing is lost on the way to the new key, and the old one can go. */
static void keys_rotate_without_loss(void **state)  /* RFC 5925 6.1, R5925-7.1-a */
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    aksu_ao_key old[2], new[2];
    struct watch s = { 0 };
    ao_two(&w, NULL, AKSU_AO_SHA1, old);
    open_pair(&w, c, &s);
    ao_transfer(&w, c, CLIENT, 50000, watch, &s);
    for (unsigned side = 0; side < 2; side++) {
        struct aksu_mkt mkt = ao_mkt(side, AKSU_AO_AES128, 62, 85);
        new[side] = ao_give(w.net[side], &mkt);
        assert_int_equal(aksu_ao_remove(w.net[side], old[side]), AKSU_ILLEGAL);
    }
    assert_int_equal(aksu_ao_select(w.net[CLIENT], c[CLIENT], NULL, &new[CLIENT], w.now), AKSU_OK);
    assert_int_equal(s.keyed[85], 0);
    ao_transfer(&w, c, SERVER, 50000, watch, &s);   /* the server hears of it, and changes */
    assert_int_equal(ao_status(w.net[SERVER], c[SERVER]).send_id, 85);
    assert_int_equal(ao_status(w.net[CLIENT], c[CLIENT]).send_id, CLIENT_ID);
    assert_true(s.keyed[85] > 20 && s.asked[85] > 0);
    assert_int_equal(aksu_ao_select(w.net[SERVER], c[SERVER], NULL, &new[SERVER], w.now), AKSU_OK);
    ao_transfer(&w, c, SERVER, 50000, watch, &s);
    for (unsigned side = 0; side < 2; side++) {
        struct aksu_ao_info info = ao_status(w.net[side], c[side]);
        assert_int_equal(info.send_id, side == CLIENT ? 62 : 85);
        assert_int_equal(info.heard_id, side == CLIENT ? 85 : 62);
        assert_int_equal(info.current.serial, new[side].serial);
        assert_int_equal(ao_dropped(w.net[side]), 0);
        assert_int_equal(aksu_ao_remove(w.net[side], old[side]), AKSU_OK);
        assert_int_equal(aksu_ao_remove(w.net[side], old[side]), AKSU_DOES_NOT_EXIST);
        assert_int_equal(ao_info(w.net[side], c[side]).retransmits, 0);
    }
    ao_transfer(&w, c, CLIENT, 50000, watch, &s);
    assert_int_equal(s.unsigned_ones + ao_dropped(w.net[0]) + ao_dropped(w.net[1]), 0);
    two_fini(&w);
}

/* The ISS runs with the clock (RFC 9293 3.4.1): shortly before 2^32 the pair is opened again. */
static void sequence_numbers_pass_2_32(void **state)        /* RFC 5925 6.2 */
{
    (void)state;
    for (unsigned from = 0; from < 2; from++) {
        struct two w;
        aksu_conn c[2], first;
        ao_two(&w, NULL, AKSU_AO_SHA1, NULL);
        aksu_listener l = listen_on(&w, SERVER, 80, false);
        struct aksu_open how = { .remote = { ip_of(&w, SERVER), 80 }, .local = { .port = 5000 } };
        assert_int_equal(aksu_open(w.net[CLIENT], &how, &first, w.now), AKSU_OK);
        (void)ao_move(&w, NULL, NULL);
        assert_int_equal(aksu_accept(w.net[SERVER], l, &c[SERVER], w.now), AKSU_OK);
        c[CLIENT] = first;
        uint32_t iss = ao_info(w.net[from], c[from]).iss;
        (void)aksu_abort(w.net[CLIENT], c[CLIENT], w.now);
        (void)ao_move(&w, NULL, NULL);
        (void)aksu_abort(w.net[SERVER], c[SERVER], w.now);
        w.now += AKSU_US(4) * (0u - 20000u - iss);
        aksu_timeouts(w.net[0], w.now);
        aksu_timeouts(w.net[1], w.now);
        assert_int_equal(aksu_open(w.net[CLIENT], &how, &c[CLIENT], w.now), AKSU_OK);
        (void)ao_move(&w, NULL, NULL);
        assert_int_equal(aksu_accept(w.net[SERVER], l, &c[SERVER], w.now), AKSU_OK);
        assert_true(ao_info(w.net[from], c[from]).iss > 0xffff0000);
        ao_transfer(&w, c, from, 1000, NULL, NULL);
        assert_int_equal(ao_status(w.net[from], c[from]).send_sne, 0);
        struct watch s = { .lose = true };          /* some come again from before */
        ao_transfer(&w, c, from, 100000, watch, &s);
        assert_true(ao_info(w.net[from], c[from]).snd_nxt < 0x80000000);
        assert_int_equal(ao_status(w.net[from], c[from]).send_sne, 1);
        assert_int_equal(ao_status(w.net[1 - from], c[1 - from]).receive_sne, 1);
        assert_true(ao_info(w.net[from], c[from]).retransmits > 0);
        assert_int_equal(ao_dropped(w.net[0]) + ao_dropped(w.net[1]), 0);
        two_fini(&w);
    }
}

/* A connection with ourselves: both ends have one stack's keys. */
static void a_connection_with_oneself(void **state) /* RFC 5925 7.4 */
{
    (void)state;
    struct two w;
    aksu_conn c, got;
    aksu_ao_key key;
    two_init(&w, NULL);
    struct aksu_mkt mkt = ao_mkt(CLIENT, AKSU_AO_SHA1, 7, 7);
    ao_setup(w.net[SERVER]);
    key = ao_give(w.net[SERVER], &mkt);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    struct aksu_open how = { .remote = { ip_of(&w, SERVER), 80 } };
    assert_int_equal(aksu_open(w.net[SERVER], &how, &c, w.now), AKSU_OK);
    move(&w);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
    assert_int_equal(aksu_send(w.net[SERVER], c, "hello", 5, 0, w.now), 5);
    move(&w);
    assert_int_equal(ao_info(w.net[SERVER], got).receive_queued, 5);
    assert_int_equal(ao_dropped(w.net[SERVER]), 0);
    assert_int_equal(ao_status(w.net[SERVER], c).current.serial, key.serial);
    two_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_segment_has_a_mac),
        cmocka_unit_test(options_may_be_left_out),
        cmocka_unit_test(keepalives_and_resets_too),
        cmocka_unit_test(time_wait_answers_with_a_mac),
        cmocka_unit_test(time_wait_is_reopened),
        cmocka_unit_test(a_record_without_keys_is_silent),
        cmocka_unit_test(keys_rotate_without_loss),
        cmocka_unit_test(sequence_numbers_pass_2_32),
        cmocka_unit_test(a_connection_with_oneself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
