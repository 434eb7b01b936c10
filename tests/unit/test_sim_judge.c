/* test_sim_judge.c - what a simulated network notices: each thing that must never happen, made to
 * happen, ends the run with a sentence and the command that runs it again. */
#include "help.h"

#include "sim/calls.h"

static const struct aksu_path_node NODES[] = { { .kind = AKSU_PATH_RATE, .rate = 20000000 },
                                               { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(10) } };
static const struct aksu_sim_way WAYS[2] = { { NODES, 2 }, { NODES, 2 } };

struct judged {
    struct aksu_sim *world;
    struct aksu_sim_node *host[2];
    struct aksu_sim_cable *cable;
    struct aksu_sim_end *end;
};

/* A transfer that goes on for ever, a second old. */
static struct judged start(aksu_sim_rewrite *rewrite)
{
    struct judged j;
    struct aksu_sim_host how = { .no_tso = true, .stack.send_buffer = 100000 };
    j.world = aksu_sim_new(&(struct aksu_sim_config){ .seed = 1, .replay = "again 1" });
    j.host[0] = aksu_sim_host(j.world, &how);
    j.host[1] = aksu_sim_host(j.world, &how);
    j.cable = aksu_sim_cable(j.world, j.host[0], j.host[1], WAYS);
    struct aksu_sim_flow flow = { .host = { j.host[0], j.host[1] },
                                  .app = { { .octets = UINT64_MAX } } };
    j.end = aksu_sim_flow(j.world, &flow);
    assert_non_null(j.end);
    if (rewrite != NULL)
        aksu_sim_tamper(j.cable, 0, rewrite, &j);
    assert_int_equal(aksu_sim_run(j.world, AKSU_SECONDS(2)), rewrite == NULL ? AKSU_SIM_RUNNING
                     : AKSU_SIM_VIOLATION);
    return j;
}

/* The run has ended with this, and goes on no more. */
static void expect_sentence(struct judged *j, const char *what)
{
    const char *why = aksu_sim_why(j->world);
    assert_int_equal(aksu_sim_step(j->world), AKSU_SIM_VIOLATION);
    if (strstr(why, what) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", what, why);
    assert_non_null(strstr(why, "Again: again 1"));
    aksu_sim_free(j->world);
}

static uint32_t damage(void *context, uint8_t *frame, uint32_t length, uint32_t room, aksu_time now)
{
    (void)context;
    (void)room;
    if (length > 1000 && now > AKSU_SECONDS(1) + AKSU_MS(200))
        frame[1000] ^= 1;
    return length;
}

static void a_wrong_octet(void **state)
{
    (void)state;
    struct judged j = start(damage);
    assert_ptr_equal(aksu_sim_where(j.world), aksu_sim_peer(j.end));
    expect_sentence(&j, "is wrong");
}

/* A FIN that the sender did not send. */
static uint32_t cut_off(void *context, uint8_t *frame, uint32_t length, uint32_t room,
                        aksu_time now)
{
    (void)context;
    (void)room;
    if (length > 1000 && now > AKSU_SECONDS(1) + AKSU_MS(200))
        frame[20 + 13] |= AKSU_FIN;
    return length;
}

static void an_end_too_early(void **state)
{
    (void)state;
    struct judged j = start(cut_off);
    expect_sentence(&j, "the end of a stream that goes on");
}

/* --- segments: events as a broken stack would say them --- */

static void say(struct judged *j, enum aksu_event_kind kind, struct aksu_event_segment_out s)
{
    struct aksu_event e = { .at = aksu_sim_now(j->world), .conn = j->end->conn.index,
                            .kind = kind, .segment_out = s };
    aksu_sim_address(j->host[0], false, &e.segment_out.local.ip);
    aksu_sim_address(j->host[1], false, &e.segment_out.remote.ip);
    e.segment_out.local.port = 20000;
    e.segment_out.remote.port = 80;
    sim_judge_put(&j->host[0]->sink, &e);
}

static void text_above_the_window(void **state)
{
    (void)state;
    for (uint32_t above = 0; above < 2; above++) {
        struct judged j = start(NULL);
        uint32_t edge = j.end->watch.windows.edge_in;
        say(&j, AKSU_EV_segment_out, (struct aksu_event_segment_out){
            .ctl = AKSU_ACK, .seq = edge - 100 + above, .len = 100, .wnd = 65535 });
        if (above == 0) {
            assert_string_equal(aksu_sim_why(j.world), "");
            aksu_sim_free(j.world);
        } else {
            expect_sentence(&j, "sends 1 octets above the window");
        }
    }
}

static void a_window_taken_back(void **state)
{
    (void)state;
    struct judged j = start(NULL);
    struct aksu_info i;
    assert_int_equal(aksu_status(aksu_sim_stack(j.host[0]), j.end->conn, &i), AKSU_OK);
    say(&j, AKSU_EV_segment_out, (struct aksu_event_segment_out){
        .ctl = AKSU_ACK, .seq = i.snd_nxt, .ack = i.rcv_nxt, .wnd = 1 });
    expect_sentence(&j, "octets of its window");
}

/* RFC 9293 3.10.7.4 fifth: an ACK of what was never sent opens no window. */
static void a_lie_opens_no_window(void **state)
{
    (void)state;
    struct judged j = start(NULL);
    uint32_t edge = j.end->watch.windows.edge_in;
    say(&j, AKSU_EV_segment_in, (struct aksu_event_segment_out){
        .ctl = AKSU_ACK, .ack = edge + 100000, .wnd = 65535 });
    assert_int_equal(j.end->watch.windows.edge_in, edge);
    say(&j, AKSU_EV_segment_in, (struct aksu_event_segment_out){
        .ctl = AKSU_ACK, .ack = j.end->watch.windows.top, .wnd = 65535 });
    assert_int_not_equal(j.end->watch.windows.edge_in, edge);
    aksu_sim_free(j.world);
}

static void timers_and_retransmissions_are_counted(void **state)
{
    (void)state;
    struct judged j = start(NULL);
    struct aksu_event e = { .conn = j.end->conn.index, .kind = AKSU_EV_timer,
                            .timer = { "RETRANSMISSION", 1 } };
    sim_judge_put(&j.host[0]->sink, &e);
    e.timer.name = "DELAYED ACK";
    sim_judge_put(&j.host[0]->sink, &e);
    e.kind = AKSU_EV_retransmit;
    sim_judge_put(&j.host[0]->sink, &e);
    sim_judge_put(&j.host[0]->sink, &e);
    e.conn = 999999;                        /* nobody's */
    sim_judge_put(&j.host[0]->sink, &e);
    struct aksu_sim_report r;
    aksu_sim_report(j.end, &r);
    assert_int_equal(r.timeouts, 1);
    assert_int_equal(r.retransmissions, 2);
    aksu_sim_free(j.world);
}

/* --- connections that were put into a state that no stack leaves them in --- */

static struct aksu_info sane(void)
{
    return (struct aksu_info){ .state = AKSU_TCP_ESTABLISHED, .snd_una = 1000, .snd_nxt = 3000,
                               .snd_mss = 1448,
                               .send_queued = 2000, .send_unacked = 2000, .octets_in = UINT64_MAX,
                               .segments_out = 7, .timer = "RETRANSMISSION",
                               .timer_at = AKSU_NEVER };
}

static void expect_info(struct aksu_info i, const char *sentence)
{
    struct judged j = start(NULL);
    struct aksu_info real;
    assert_int_equal(aksu_status(aksu_sim_stack(j.host[0]), j.end->conn, &real), AKSU_OK);
    i.in_flight += real.in_flight;          /* the rest is added to what is so */
    j.end->still_since = 1;                 /* for long, if it waits for nothing */
    j.world->now += AKSU_SECONDS(1000);
    sim_judge_info(j.end, &i);
    if (sentence != NULL) {
        expect_sentence(&j, sentence);
        return;
    }
    assert_string_equal(aksu_sim_why(j.world), "");
    aksu_sim_free(j.world);
}

static void states_that_cannot_be(void **state)
{
    (void)state;
    struct aksu_info i = sane();
    expect_info(i, NULL);
    i.snd_una = 3001;
    expect_info(i, "SND.UNA 3001 is above SND.NXT 3000");
    i = sane();
    i.send_unacked = 2003;
    expect_info(i, "2003 octets unacknowledged, 2000 queued");
    i = sane();
    i.octets_in = 0;
    expect_info(i, NULL);                   /* this end has received nothing */
}

/* --- the pipe --- */

static void tell(struct judged *j, struct aksu_event e)
{
    e.conn = j->end->conn.index;
    e.at = aksu_sim_now(j->world);
    sim_judge_put(&j->host[0]->sink, &e);
}

static void lose(struct judged *j, uint32_t seq, uint32_t length)
{
    tell(j, (struct aksu_event){ .kind = AKSU_EV_lost, .lost = { seq, length } });
}

static void sums_that_are_not_true(void **state)
{
    (void)state;
    struct aksu_info i = sane();
    i.in_flight = 1;
    expect_info(i, "octets, SACKed 0, lost 0; it says");
    i = sane();
    i.sacked = 1;
    expect_info(i, "it says");
    i = sane();
    i.lost = 1;
    expect_info(i, "it says");
}

/* A transfer with 10000 octets or more in flight, of which nothing is lost or SACKed. */
static struct judged in_flight(uint32_t *una)
{
    struct judged j = start(NULL);
    while (j.end->pipe.nxt - j.end->pipe.una < 10000)
        assert_int_not_equal(aksu_sim_step(j.world), AKSU_SIM_VIOLATION);
    *una = j.end->pipe.una;
    return j;
}

static void acknowledge(struct judged *j, uint32_t ack, struct aksu_sacks sacks)
{
    say(j, AKSU_EV_segment_in, (struct aksu_event_segment_out){
        .ctl = AKSU_ACK, .ack = ack, .wnd = 65535, .has = AKSU_HAS_SACK, .sack = sacks });
    sim_pipe_apply(&j->end->pipe);
}

static void octets_are_followed(void **state)
{
    (void)state;
    uint32_t una;
    struct judged j = in_flight(&una);
    const struct sim_pipe *p = &j.end->pipe;
    acknowledge(&j, una, (struct aksu_sacks){ 1, { { una + 2000, una + 3000 } } });
    assert_int_equal(p->sacked, 1000);
    acknowledge(&j, una, (struct aksu_sacks){ 2, { { una + 2000, una + 4000 },
                                                   { una + 6000, una + 6500 } } });
    assert_int_equal(p->sacked, 2500);
    lose(&j, una, 2000);
    assert_int_equal(p->lost, 2000);
    acknowledge(&j, una, (struct aksu_sacks){ 1, { { una + 1500, una + 2500 } } });
    assert_int_equal(p->sacked, 3000);
    assert_int_equal(p->lost, 1500);
    acknowledge(&j, una, (struct aksu_sacks){ 2, { { una + 6000, una + 6100 },     /* a DSACK */
                                                   { una + 5900, una + 6600 } } });
    assert_int_equal(p->sacked, 3200);
    tell(&j, (struct aksu_event){ .kind = AKSU_EV_retransmit });
    say(&j, AKSU_EV_segment_out, (struct aksu_event_segment_out){
        .ctl = AKSU_ACK, .seq = una, .len = 1000, .wnd = 65535,
        .ack = j.end->watch.windows.edge_out });
    assert_int_equal(p->lost, 500);
    acknowledge(&j, una + 1200, (struct aksu_sacks){ 0 });
    assert_int_equal(p->lost, 300);
    tell(&j, (struct aksu_event){ .kind = AKSU_EV_undo });
    assert_int_equal(p->lost, 0);
    acknowledge(&j, una + 1500, (struct aksu_sacks){ 0 });
    tell(&j, (struct aksu_event){ .kind = AKSU_EV_timer, .timer = { "RETRANSMISSION", 1 } });
    assert_int_equal(p->sacked, 0);         /* what is first is SACKed: the peer has reneged */
    aksu_sim_free(j.world);
}

static void an_ack_that_was_dropped_says_nothing(void **state)
{
    (void)state;
    uint32_t una;
    struct judged j = in_flight(&una);
    static const char *const rule[] = { "RFC 9293 3.10.7.4 fifth", "RFC 9293 3.10.7.4 eighth" };
    for (unsigned n = 0; n < 2; n++) {
        say(&j, AKSU_EV_segment_in, (struct aksu_event_segment_out){
            .ctl = AKSU_ACK, .ack = una + 100, .wnd = 65535 });
        tell(&j, (struct aksu_event){ .kind = AKSU_EV_dropped, .dropped = { rule[n], "" } });
        sim_pipe_apply(&j.end->pipe);
        assert_int_equal(j.end->pipe.una, una + 100 * n);
    }
    aksu_sim_free(j.world);
}

static void lost_is_what_waits(void **state)
{
    (void)state;
    uint32_t una;
    struct judged j = in_flight(&una);
    lose(&j, una + 100, 100);
    assert_string_equal(aksu_sim_why(j.world), "");
    lose(&j, una + 150, 100);
    expect_sentence(&j, "are deemed lost that are SACKed, or were so before");
    j = in_flight(&una);
    lose(&j, una - 1, 2);
    expect_sentence(&j, "are deemed lost that are not in flight");
}

static void nobody_waits_for_nothing(void **state)
{
    (void)state;
    static const enum aksu_tcp_state waits[] = { AKSU_TCP_SYN_SENT, AKSU_TCP_SYN_RECEIVED,
        AKSU_TCP_ESTABLISHED, AKSU_TCP_FIN_WAIT_1, AKSU_TCP_CLOSE_WAIT, AKSU_TCP_CLOSING,
        AKSU_TCP_LAST_ACK };
    for (unsigned n = 0; n < sizeof waits / sizeof waits[0]; n++) {
        struct aksu_info i = sane();
        i.state = waits[n];
        expect_info(i, NULL);
        i.timer = NULL;
        expect_info(i, "waits for no timer");
    }
    struct aksu_info i = sane();            /* nothing to do */
    i.timer = NULL;
    i.snd_una = i.snd_nxt;
    i.send_queued = i.send_unacked = 0;
    expect_info(i, NULL);
    i.send_queued = 1;
    expect_info(i, "waits for no timer");
    i = sane();
    i.timer_at = 1;                         /* long ago: the stack would have to be awake */
    expect_info(i, "the stack sleeps longer than the timer RETRANSMISSION");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_octet),
        cmocka_unit_test(an_end_too_early),
        cmocka_unit_test(text_above_the_window),
        cmocka_unit_test(a_window_taken_back),
        cmocka_unit_test(a_lie_opens_no_window),
        cmocka_unit_test(timers_and_retransmissions_are_counted),
        cmocka_unit_test(states_that_cannot_be),
        cmocka_unit_test(sums_that_are_not_true),
        cmocka_unit_test(octets_are_followed),
        cmocka_unit_test(an_ack_that_was_dropped_says_nothing),
        cmocka_unit_test(lost_is_what_waits),
        cmocka_unit_test(nobody_waits_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
