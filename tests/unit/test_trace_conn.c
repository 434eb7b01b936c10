/* test_trace_conn.c - the states of both ends, the handshake, and every cause of an end, from
 * synthetic packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "trace_help.h"

#include <string.h>

enum { F = CTL_FIN, S = CTL_SYN, R = CTL_RST, P = CTL_PSH, A = CTL_ACK };

static struct talk talk;

static void says(unsigned ms, unsigned side, struct talk_segment s)
{
    talk_says(&talk, ms, side, s);
}

static int fresh(void **state)
{
    (void)state;
    talk_begin(&talk, 16);
    return 0;
}

static int done(void **state)
{
    (void)state;
    talk_end(&talk);
    return 0;
}

/* The states that `side` entered, in order. */
static void assert_states(unsigned side, const enum aksu_tcp_state *expected, size_t count)
{
    size_t found = 0;

    for (uint32_t i = 0; i < talk.events; i++) {
        const struct aksu_event *e = &talk.event[i].event;

        if (talk.event[i].side != side || e->kind != AKSU_EV_state)
            continue;
        assert_true(found < count);
        assert_string_equal(aksu_tcp_state_name(e->state.to),
                            aksu_tcp_state_name(expected[found]));
        found++;
    }
    assert_int_equal(found, count);
}
#define ASSERT_STATES(side, ...)                                                                  \
    assert_states(side, (enum aksu_tcp_state[]){ __VA_ARGS__ },                                   \
                  sizeof (enum aksu_tcp_state[]){ __VA_ARGS__ } / sizeof(enum aksu_tcp_state))

static void closes_first(unsigned side)
{
    says(5, side, (struct talk_segment){ .ctl = F | A, .seq = 1, .ack = 1 });
    says(5, 1 - side, (struct talk_segment){ .ctl = A, .seq = 1, .ack = 2 });
    says(5, 1 - side, (struct talk_segment){ .ctl = F | A, .seq = 1, .ack = 2 });
    says(5, side, (struct talk_segment){ .ctl = A, .seq = 2, .ack = 2 });
}

static void both_ends_go_through_their_states(void **state)
{
    (void)state;
    talk_handshake(&talk);
    closes_first(0);
    ASSERT_STATES(0, AKSU_TCP_SYN_SENT, AKSU_TCP_ESTABLISHED, AKSU_TCP_FIN_WAIT_1,
                  AKSU_TCP_FIN_WAIT_2, AKSU_TCP_TIME_WAIT);
    ASSERT_STATES(1, AKSU_TCP_SYN_RECEIVED, AKSU_TCP_ESTABLISHED, AKSU_TCP_CLOSE_WAIT,
                  AKSU_TCP_LAST_ACK, AKSU_TCP_CLOSED);
    assert_string_equal(talk_end_of(&talk), "closed, by the client first");
    for (unsigned side = 0; side < 2; side++) {
        assert_int_equal(talk_told(&talk, side, AKSU_EV_opened, NULL), 1);
        assert_int_equal(talk_told(&talk, side, AKSU_EV_deleted, NULL), 1);
        assert_int_equal(talk_told(&talk, side, AKSU_EV_segment_out, NULL) +
                         talk_told(&talk, side, AKSU_EV_segment_in, NULL), 7);
    }
}

static void the_server_may_close_first(void **state)
{
    (void)state;
    talk_handshake(&talk);
    closes_first(1);
    assert_string_equal(talk_end_of(&talk), "closed, by the server first");
    assert_int_equal(talk_conn(&talk)->end[1].state, AKSU_TCP_TIME_WAIT);
}

static void fins_that_cross_are_closing(void **state)
{
    (void)state;
    talk_handshake(&talk);
    says(5, 0, (struct talk_segment){ .ctl = F | A, .seq = 1, .ack = 1 });
    says(1, 1, (struct talk_segment){ .ctl = F | A, .seq = 1, .ack = 1 });
    says(5, 0, (struct talk_segment){ .ctl = A, .seq = 2, .ack = 2 });
    says(1, 1, (struct talk_segment){ .ctl = A, .seq = 2, .ack = 2 });
    ASSERT_STATES(0, AKSU_TCP_SYN_SENT, AKSU_TCP_ESTABLISHED, AKSU_TCP_FIN_WAIT_1,
                  AKSU_TCP_CLOSING, AKSU_TCP_TIME_WAIT);
    ASSERT_STATES(1, AKSU_TCP_SYN_RECEIVED, AKSU_TCP_ESTABLISHED, AKSU_TCP_FIN_WAIT_1,
                  AKSU_TCP_FIN_WAIT_2, AKSU_TCP_TIME_WAIT);
}

static void both_may_open_at_once(void **state)
{
    (void)state;
    says(0, 0, (struct talk_segment){ .ctl = S });
    says(1, 1, (struct talk_segment){ .ctl = S });
    says(5, 0, (struct talk_segment){ .ctl = S | A, .ack = 1 });
    says(1, 1, (struct talk_segment){ .ctl = S | A, .ack = 1 });
    ASSERT_STATES(0, AKSU_TCP_SYN_SENT, AKSU_TCP_SYN_RECEIVED, AKSU_TCP_ESTABLISHED);
    ASSERT_STATES(1, AKSU_TCP_SYN_SENT, AKSU_TCP_SYN_RECEIVED, AKSU_TCP_ESTABLISHED);
    assert_int_equal(talk.t.begun, 1);
}

static void the_handshake_gives_options_and_round_trips(void **state)
{
    (void)state;
    talk_handshake(&talk);
    const struct trace_conn *c = talk_conn(&talk);
    assert_true(c->agreed && c->syn_seen);
    assert_int_equal(c->handshake, AKSU_MS(30));
    assert_int_equal(c->to_server, AKSU_MS(10));
    for (unsigned side = 0; side < 2; side++)
        assert_int_equal(talk_told(&talk, side, AKSU_EV_negotiated, NULL), 1);
    for (uint32_t i = 0; i < talk.events; i++) {
        const struct aksu_event_negotiated *n = &talk.event[i].event.negotiated;

        if (talk.event[i].event.kind != AKSU_EV_negotiated)
            continue;
        assert_int_equal(n->snd_mss, 1400);
        assert_int_equal(n->snd_wscale, talk.event[i].side == 0 ? 2 : 7);
        assert_true(n->sack && !n->timestamps && !n->ecn);
    }
    says(1, 1, (struct talk_segment){ .ctl = A, .seq = 1, .ack = 1, .wnd = 1000 });
    assert_int_equal(talk.event[talk.events - 1].event.segment_in.wnd, 1000);  /* as it was sent */
    assert_int_equal(talk_conn(&talk)->end[1].wnd, 4000);
}

static void a_scale_that_one_end_lacks_is_not_used(void **state)
{
    (void)state;
    says(0, 0, (struct talk_segment){ .ctl = S });
    talk.plain_syn = true;
    says(10, 1, (struct talk_segment){ .ctl = S | A, .ack = 1 });
    says(20, 0, (struct talk_segment){ .ctl = A, .seq = 1, .ack = 1, .wnd = 1000 });
    assert_int_equal(talk_conn(&talk)->end[0].wnd, 1000);
}

static void a_repeated_syn_gives_no_round_trip(void **state)
{
    (void)state;
    says(0, 0, (struct talk_segment){ .ctl = S });
    says(1000, 0, (struct talk_segment){ .ctl = S });
    says(10, 1, (struct talk_segment){ .ctl = S | A, .ack = 1 });
    says(20, 0, (struct talk_segment){ .ctl = A, .seq = 1, .ack = 1 });
    assert_true(talk_conn(&talk)->agreed);
    assert_true(talk_conn(&talk)->handshake == AKSU_NEVER);
    assert_int_equal(talk_told(&talk, 0, AKSU_EV_retransmit, "SYN timeout"), 1);
}

/* RFC 6298 2.1: without an identification, only who repeats a SYN at once did not repeat it. */
static void a_syn_seen_twice_is_one(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        says(1, 0, (struct talk_segment){ .ctl = S });
    for (int i = 0; i < 2; i++)
        says(1, 1, (struct talk_segment){ .ctl = S | A, .ack = 1 });
    says(1, 0, (struct talk_segment){ .ctl = A, .seq = 1, .ack = 1 });
    struct trace_conn *c = talk_conn(&talk);
    assert_int_equal(c->end[0].copies, 1);
    assert_int_equal(c->end[1].copies, 1);
    assert_int_equal(talk_told(&talk, 0, AKSU_EV_retransmit, NULL), 0);
    assert_int_equal(talk_told(&talk, 1, AKSU_EV_retransmit, NULL), 0);
    assert_int_equal(c->handshake, AKSU_MS(4));
    says(1, 0, (struct talk_segment){ .ctl = A, .seq = 1, .ack = 1 });     /* may be a second one */
    assert_int_equal(c->end[0].copies, 1);
}

/* RFC 9293 3.10.7.4: a SYN that comes again is answered, at the moment when a timer repeats the
 * answer to the first: two segments that are alike, of which both were sent. */
static void an_answer_to_a_repeated_syn_is_no_copy(void **state)
{
    (void)state;
    says(0, 0, (struct talk_segment){ .ctl = S });
    says(1, 1, (struct talk_segment){ .ctl = S | A, .ack = 1 });
    says(1000, 0, (struct talk_segment){ .ctl = S });
    for (int i = 0; i < 2; i++)
        says(0, 1, (struct talk_segment){ .ctl = S | A, .ack = 1 });
    assert_int_equal(talk_conn(&talk)->end[1].copies, 0);
    assert_int_equal(talk_told(&talk, 1, AKSU_EV_retransmit, "SYN timeout"), 2);
}

static void a_refused_syn(void **state)
{
    (void)state;
    says(0, 0, (struct talk_segment){ .ctl = S });
    says(1, 1, (struct talk_segment){ .ctl = R | A, .ack = 1 });
    assert_string_equal(talk_end_of(&talk), "refused: the server answers the SYN with RST");
    assert_int_equal(talk_conn(&talk)->end[0].state, AKSU_TCP_CLOSED);
    assert_int_equal(talk_told(&talk, 0, AKSU_EV_deleted, NULL), 1);
    assert_int_equal(talk_told(&talk, 1, AKSU_EV_opened, NULL), 0);
}

/* Segments of an end that answered no SYN give it a state, which the RST ends. */
static void a_syn_refused_by_who_had_a_state(void **state)
{
    (void)state;
    enum aksu_tcp_state last = AKSU_TCP_LISTEN;
    says(0, 0, (struct talk_segment){ .ctl = S });
    says(1, 1, (struct talk_segment){ .ctl = F, .seq = 1 });
    says(1, 1, (struct talk_segment){ .ctl = R | A, .ack = 1 });
    for (uint32_t i = 0; i < talk.events; i++) {
        const struct aksu_event *e = &talk.event[i].event;
        if (talk.event[i].side != 1 || e->kind != AKSU_EV_state)
            continue;
        assert_int_equal(e->state.from, last);
        last = e->state.to;
    }
    assert_int_equal(last, AKSU_TCP_CLOSED);
    assert_int_equal(talk_told(&talk, 1, AKSU_EV_deleted, NULL), 1);
}

static void an_rst_that_answers_another_syn_is_none(void **state)
{
    (void)state;
    says(0, 0, (struct talk_segment){ .ctl = S });
    says(1, 1, (struct talk_segment){ .ctl = R | A, .ack = 7 });
    assert_int_equal(talk_conn(&talk)->end[0].state, AKSU_TCP_SYN_SENT);
    assert_int_equal(talk_told(&talk, 0, AKSU_EV_dropped, NULL), 1);
}

static void a_syn_without_an_answer(void **state)
{
    (void)state;
    says(0, 0, (struct talk_segment){ .ctl = S });
    says(1000, 0, (struct talk_segment){ .ctl = S });
    says(2000, 0, (struct talk_segment){ .ctl = S });
    assert_string_equal(talk_end_of(&talk), "no answer to 3 SYNs");
    assert_string_equal(trace_report_end_word(talk_conn(&talk)), "no answer");
}

static void a_half_open_connection(void **state)
{
    (void)state;
    says(0, 0, (struct talk_segment){ .ctl = S });
    says(1, 1, (struct talk_segment){ .ctl = S | A, .ack = 1 });
    says(1000, 1, (struct talk_segment){ .ctl = S | A, .ack = 1 });
    assert_string_equal(talk_end_of(&talk),
                        "half-open: the client does not acknowledge 2 SYN,ACKs");
    assert_int_equal(talk_told(&talk, 1, AKSU_EV_retransmit, "SYN timeout"), 1);
}

static void a_reset_by_either(void **state)
{
    for (unsigned side = 0; side < 2; side++) {
        talk_handshake(&talk);
        says(5, side, (struct talk_segment){ .ctl = R, .seq = 1 });
        assert_string_equal(talk_end_of(&talk), side == 0 ? "reset by the client"
                                                          : "reset by the server");
        assert_int_equal(talk_conn(&talk)->end[0].state, AKSU_TCP_CLOSED);
        assert_int_equal(talk_conn(&talk)->end[1].state, AKSU_TCP_CLOSED);
        done(state);
        fresh(state);
    }
}

static void an_rst_outside_the_window_ends_nothing(void **state)
{
    (void)state;
    talk_handshake(&talk);
    says(5, 1, (struct talk_segment){ .ctl = R, .seq = 100000000 });
    says(5, 1, (struct talk_segment){ .ctl = R, .seq = 0 });
    assert_string_equal(talk_end_of(&talk), "open when the capture ends");
    assert_int_equal(talk_told(&talk, 0, AKSU_EV_dropped, NULL), 2);
}

static void an_end_that_falls_silent(void **state)
{
    (void)state;
    talk_handshake(&talk);
    says(5, 0, (struct talk_segment){ .ctl = P | A, .seq = 1, .ack = 1, .len = 100 });
    for (unsigned i = 0; i < 3; i++)
        says(300u << i, 0, (struct talk_segment){ .ctl = P | A, .seq = 1, .ack = 1, .len = 100 });
    assert_string_equal(talk_end_of(&talk),
                        "the server is silent: 3 segments of the client were not answered");
    says(5000, 0, (struct talk_segment){ .ctl = R, .seq = 101 });
    assert_string_equal(talk_end_of(&talk),
                        "reset by the client, after 3 segments without an answer");
}

static void a_half_closed_connection(void **state)
{
    (void)state;
    talk_handshake(&talk);
    says(5, 1, (struct talk_segment){ .ctl = F | A, .seq = 1, .ack = 1 });
    says(5, 0, (struct talk_segment){ .ctl = A, .seq = 1, .ack = 2 });
    assert_string_equal(talk_end_of(&talk),
                        "half closed, by the server: the other FIN was not seen");
    says(5, 0, (struct talk_segment){ .ctl = F | A, .seq = 1, .ack = 2 });
    assert_string_equal(talk_end_of(&talk), "closing: the last ACK was not seen");
}

static void a_beginning_that_was_not_seen(void **state)
{
    (void)state;
    says(0, 1, (struct talk_segment){ .ctl = A, .seq = 5001, .ack = 301, .len = 1000 });
    says(5, 0, (struct talk_segment){ .ctl = A, .seq = 301, .ack = 6001 });
    const struct trace_conn *c = talk_conn(&talk);
    assert_false(c->syn_seen || c->agreed);
    assert_int_equal(c->end[1].at.port, 80);        /* the well-known port is the server's */
    assert_int_equal(c->end[1].octets, 1000);
    assert_int_equal(c->end[0].state, AKSU_TCP_ESTABLISHED);
    says(5, 1, (struct talk_segment){ .ctl = F | A, .seq = 6001, .ack = 301 });
    says(5, 0, (struct talk_segment){ .ctl = F | A, .seq = 301, .ack = 6002 });
    says(5, 1, (struct talk_segment){ .ctl = A, .seq = 6002, .ack = 302 });
    assert_string_equal(talk_end_of(&talk), "closed, by the server first");
}

static void only_the_syn_was_not_seen(void **state)
{
    (void)state;
    says(0, 1, (struct talk_segment){ .ctl = S | A, .ack = 1 });
    says(5, 0, (struct talk_segment){ .ctl = A, .seq = 1, .ack = 1 });
    const struct trace_conn *c = talk_conn(&talk);
    assert_int_equal(c->end[1].at.port, 80);
    assert_false(c->syn_seen);
    assert_int_equal(c->end[0].state, AKSU_TCP_ESTABLISHED);
    assert_int_equal(c->end[1].state, AKSU_TCP_ESTABLISHED);
}

static void a_syn_that_comes_after_its_answer(void **state)
{
    (void)state;
    says(0, 1, (struct talk_segment){ .ctl = S | A, .ack = 1 });
    says(5, 0, (struct talk_segment){ .ctl = S });
    says(5, 1, (struct talk_segment){ .ctl = S | A, .ack = 1 });
    assert_int_equal(talk.t.begun, 1);
    assert_int_equal(talk_told(&talk, 1, AKSU_EV_retransmit, "SYN timeout"), 1);
    says(5, 0, (struct talk_segment){ .ctl = S, .seq = 9 });
    assert_int_equal(talk.t.begun, 2);
}

static void the_same_pair_opened_anew(void **state)
{
    (void)state;
    talk_handshake(&talk);
    says(5, 0, (struct talk_segment){ .ctl = S, .seq = 70000000 });
    assert_int_equal(talk.t.begun, 2);
    assert_int_equal(talk.given_up, 1);
    assert_int_equal(talk.last.cause, TRACE_REPLACED);
    assert_int_equal(talk_conn(&talk)->number, 2);
}

static void a_late_fin_belongs_to_the_old_connection(void **state)
{
    (void)state;
    talk_handshake(&talk);
    closes_first(0);
    uint32_t told = talk_told(&talk, 1, AKSU_EV_opened, NULL);
    says(300, 1, (struct talk_segment){ .ctl = F | A, .seq = 1, .ack = 2 });
    says(1, 0, (struct talk_segment){ .ctl = A, .seq = 2, .ack = 2 });
    assert_int_equal(talk.t.begun, 1);
    assert_int_equal(talk_told(&talk, 1, AKSU_EV_opened, NULL), told);
    assert_string_equal(talk_end_of(&talk), "closed, by the client first");
}

static void the_table_is_bounded(void **state)
{
    done(state);
    talk_begin(&talk, 2);
    talk_handshake(&talk);
    says(5, 0, (struct talk_segment){ .ctl = R, .seq = 1 });       /* over */
    for (talk.port = 20001; talk.port < 20003; talk.port++)
        says(1, 0, (struct talk_segment){ .ctl = S });
    assert_int_equal(talk.given_up, 1);
    assert_int_equal(talk.last.number, 1);                  /* what is over goes first */
    assert_int_equal(talk.t.given_up, 0);
    says(1, 0, (struct talk_segment){ .ctl = S });
    assert_int_equal(talk.last.number, 2);                  /* then what is silent longest */
    assert_int_equal(talk.t.given_up, 1);
    assert_int_equal(talk.t.used, 2);
}

/* As Linux does it (bind and connect to one port of lo): the SYN is answered by its own sender. */
static void opens_to_itself(void)
{
    talk.itself = true;
    says(0, 0, (struct talk_segment){ .ctl = S, .ts = 1 });
    says(1, 0, (struct talk_segment){ .ctl = S | A, .ack = 1, .ts = 1, .echo = 1 });
    says(1, 0, (struct talk_segment){ .ctl = A, .seq = 1, .ack = 1, .ts = 1, .echo = 1,
                                      .sack = { { 0, 1 } } });
}

/* RFC 9293 3.5: a simultaneous open, and a simultaneous close, with one end. */
static void a_socket_may_be_connected_to_itself(void **state)
{
    (void)state;
    opens_to_itself();
    struct trace_conn *c = talk_conn(&talk);
    assert_true(c->itself);
    assert_true(c->agreed);
    assert_string_equal(talk_end_of(&talk), "open when the capture ends");
    says(1, 0, (struct talk_segment){ .ctl = P | A, .seq = 1, .len = 5, .ack = 1, .ts = 2 });
    says(1, 0, (struct talk_segment){ .ctl = A, .seq = 6, .ack = 6, .ts = 2, .echo = 2 });
    says(9, 0, (struct talk_segment){ .ctl = F | A, .seq = 6, .ack = 6, .ts = 3, .echo = 2 });
    assert_string_equal(talk_end_of(&talk), "closing: the last ACK was not seen");
    says(1, 0, (struct talk_segment){ .ctl = A, .seq = 7, .ack = 7, .ts = 3, .echo = 3 });
    ASSERT_STATES(0, AKSU_TCP_SYN_SENT, AKSU_TCP_SYN_RECEIVED, AKSU_TCP_ESTABLISHED,
                  AKSU_TCP_FIN_WAIT_1, AKSU_TCP_CLOSING, AKSU_TCP_TIME_WAIT);
    assert_int_equal(talk_told(&talk, 1, AKSU_EV_state, NULL), 0);
    assert_true(c->over);
    assert_string_equal(talk_end_of(&talk), "closed");
    assert_int_equal(c->end[0].segments, 7);
    assert_int_equal(c->end[0].octets, 5);
    assert_int_equal(c->end[0].missed + c->end[1].missed, 0);
    assert_int_equal(trace_report_again(&c->end[0]), 0);
    assert_int_equal(talk_told(&talk, 1, AKSU_EV_segment_in, NULL), 7);     /* arrows lead across */
    assert_int_equal(talk_told(&talk, 0, AKSU_EV_deleted, NULL), 1);
}

/* Text that was not read: RFC 9293 3.10.4. */
static void it_may_reset_itself(void **state)
{
    (void)state;
    opens_to_itself();
    says(1, 0, (struct talk_segment){ .ctl = R | A, .seq = 1, .ack = 1 });
    assert_int_equal(talk_conn(&talk)->end[0].state, AKSU_TCP_CLOSED);
    assert_string_equal(talk_end_of(&talk), "reset by itself");
    assert_string_equal(trace_report_end_word(talk_conn(&talk)), "reset");
}

static void two_addresses_are_two_ends(void **state)
{
    (void)state;
    talk.port = 80;
    talk_handshake(&talk);
    assert_false(talk_conn(&talk)->itself);
    assert_int_equal(talk_conn(&talk)->end[1].state, AKSU_TCP_ESTABLISHED);
}

static void two_ports_are_two_ends(void **state)
{
    (void)state;
    talk.one_host = true;
    talk_handshake(&talk);
    assert_false(talk_conn(&talk)->itself);
    assert_int_equal(talk_conn(&talk)->end[1].state, AKSU_TCP_ESTABLISHED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, done)
    const struct CMUnitTest tests[] = {
        TEST(both_ends_go_through_their_states), TEST(the_server_may_close_first),
        TEST(fins_that_cross_are_closing), TEST(both_may_open_at_once),
        TEST(the_handshake_gives_options_and_round_trips),
        TEST(a_scale_that_one_end_lacks_is_not_used), TEST(a_repeated_syn_gives_no_round_trip),
        TEST(a_syn_seen_twice_is_one), TEST(an_answer_to_a_repeated_syn_is_no_copy),
        TEST(a_refused_syn), TEST(a_syn_refused_by_who_had_a_state),
        TEST(an_rst_that_answers_another_syn_is_none),
        TEST(a_syn_without_an_answer), TEST(a_half_open_connection), TEST(a_reset_by_either),
        TEST(an_rst_outside_the_window_ends_nothing), TEST(an_end_that_falls_silent),
        TEST(a_half_closed_connection), TEST(a_beginning_that_was_not_seen),
        TEST(only_the_syn_was_not_seen),
        TEST(a_syn_that_comes_after_its_answer), TEST(the_same_pair_opened_anew),
        TEST(a_late_fin_belongs_to_the_old_connection), TEST(the_table_is_bounded),
        TEST(a_socket_may_be_connected_to_itself), TEST(it_may_reset_itself),
        TEST(two_addresses_are_two_ends), TEST(two_ports_are_two_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
