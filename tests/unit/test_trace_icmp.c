/* test_trace_icmp.c - ICMP errors about a connection: whose they are, whether they are believed,
 * what they end and what they do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "trace_help.h"

#include <string.h>

enum { S = CTL_SYN, A = CTL_ACK, ROUTER = 9 };

static struct talk talk;

static const struct talk_segment syn = { .ctl = S };
static const struct talk_segment text = { .ctl = A, .seq = 1, .ack = 1, .len = 100 };
static const struct talk_error port = { 2, 3, 3, 0 }, host = { ROUTER, 3, 1, 0 };

static int fresh(void **state)
{
    (void)state;
    talk_begin(&talk, 4);
    return 0;
}

static int done(void **state)
{
    (void)state;
    talk_end(&talk);
    return 0;
}

static const char *word(void)
{
    return trace_report_end_word(talk_conn(&talk));
}

static void a_hard_error_ends_what_is_being_opened(void **state)
{
    (void)state;
    talk_says(&talk, 0, 0, syn);
    talk_fails(&talk, 1, 0, syn, port);
    assert_string_equal(talk_end_of(&talk),
                        "ended by ICMP port unreachable from 10.0.0.2, the answer to the SYN");
    assert_string_equal(word(), "icmp port");
    assert_int_equal(talk_conn(&talk)->end[0].state, AKSU_TCP_CLOSED);
    assert_ptr_equal(talk.t.over.oldest, talk_conn(&talk));
    assert_int_equal(talk_told(&talk, 0, AKSU_EV_icmp_in, "taken"), 1);
    assert_int_equal(talk_told(&talk, 1, AKSU_EV_icmp_out, NULL), 1);       /* it is the server's */
}

static void unless_the_syn_is_repeated(void **state)
{
    (void)state;
    talk_says(&talk, 0, 0, syn);
    talk_fails(&talk, 1, 0, syn, port);
    talk_says(&talk, 1000, 0, syn);
    assert_int_equal(talk_conn(&talk)->end[0].state, AKSU_TCP_SYN_SENT);
    assert_ptr_equal(talk.t.live.oldest, talk_conn(&talk));
    assert_string_equal(talk_end_of(&talk),
                        "no answer to 2 SYNs but ICMP port unreachable from 10.0.0.2");
    talk_fails(&talk, 1, 0, syn, port);
    assert_string_equal(talk_end_of(&talk),
                        "ended by ICMP port unreachable from 10.0.0.2, the answer to 2 SYNs");
    assert_int_equal(talk.t.begun, 1);
}

static void a_soft_error_may_have_ended_it(void **state)
{
    (void)state;
    talk_says(&talk, 0, 0, syn);
    talk_fails(&talk, 1, 0, syn, host);
    assert_int_equal(talk_conn(&talk)->end[0].state, AKSU_TCP_SYN_SENT);
    assert_string_equal(talk_end_of(&talk),
                        "ended by ICMP host unreachable from 10.0.0.9, the answer to the SYN");
    assert_string_equal(word(), "icmp host");
    assert_int_equal(talk_told(&talk, 1, AKSU_EV_icmp_out, NULL), 0);       /* a router's */
    talk_says(&talk, 1000, 1, (struct talk_segment){ .ctl = S | A, .ack = 1 });
    talk_says(&talk, 1, 0, (struct talk_segment){ .ctl = A, .seq = 1, .ack = 1 });
    assert_string_equal(talk_end_of(&talk), "open when the capture ends");
}

static void what_is_established_goes_on(void **state)
{
    (void)state;
    talk_handshake(&talk);
    talk_says(&talk, 5, 0, text);
    talk_fails(&talk, 1, 0, text, port);
    assert_int_equal(talk_conn(&talk)->end[0].state, AKSU_TCP_ESTABLISHED);
    assert_string_equal(talk_end_of(&talk), "open when the capture ends; the last is ICMP port "
                        "unreachable from 10.0.0.2");
    for (unsigned i = 0; i < 3; i++)
        talk_says(&talk, 300u << i, 0, text);
    assert_string_equal(talk_end_of(&talk), "the server is silent: 3 segments of the client were "
                        "not answered but by ICMP port unreachable from 10.0.0.2");
    assert_string_equal(word(), "icmp port");
}

/* RFC 5927 4.1 */
static void an_error_about_nothing_outstanding_is_not_believed(void **state)
{
    (void)state;
    talk_says(&talk, 0, 0, syn);
    talk_fails(&talk, 1, 0, (struct talk_segment){ .ctl = S, .seq = 1 }, port);
    assert_int_equal(talk_conn(&talk)->end[0].state, AKSU_TCP_SYN_SENT);
    talk_says(&talk, 9, 1, (struct talk_segment){ .ctl = S | A, .ack = 1 });
    talk_says(&talk, 1, 0, (struct talk_segment){ .ctl = A, .seq = 1, .ack = 1 });
    talk_says(&talk, 5, 0, text);
    talk_says(&talk, 5, 1, (struct talk_segment){ .ctl = A, .seq = 1, .ack = 101 });
    talk_fails(&talk, 1, 0, text, host);
    assert_string_equal(talk_end_of(&talk), "open when the capture ends");
    assert_int_equal(talk_told(&talk, 0, AKSU_EV_icmp_in, "not believed"), 2);
}

static void the_path_mtu_is_the_least_that_was_named(void **state)
{
    static const struct talk_error v4 = { ROUTER, 3, 4, 1400 }, v6 = { ROUTER, 2, 0, 1400 };
    static const struct talk_error less4 = { ROUTER, 3, 4, 1300 }, more6 = { ROUTER, 2, 0, 1500 };

    for (int is_v6 = 0; is_v6 < 2; is_v6++) {
        talk.v6 = is_v6 != 0;
        talk_handshake(&talk);
        talk_says(&talk, 5, 0, text);
        talk_fails(&talk, 1, 0, text, is_v6 ? v6 : v4);
        talk_fails(&talk, 1, 0, text, is_v6 ? more6 : less4);
        const struct trace_end *client = &talk_conn(&talk)->end[0];
        assert_int_equal(client->path_mtu, is_v6 ? 1400 : 1300);
        assert_int_equal(client->icmps, 2);
        assert_int_equal(talk_told(&talk, 0, AKSU_EV_path_mtu, NULL), 2);
        assert_string_equal(talk_end_of(&talk), "open when the capture ends");
        done(state);
        fresh(state);
    }
}

static void quenches_and_redirects_say_nothing(void **state)
{
    static const struct talk_error quench = { ROUTER, 4, 0, 0 }, redirect = { ROUTER, 5, 1, 0 };

    (void)state;
    talk_says(&talk, 0, 0, syn);
    talk_fails(&talk, 1, 0, syn, quench);
    talk_fails(&talk, 1, 0, syn, redirect);
    assert_int_equal(talk_told(&talk, 0, AKSU_EV_icmp_in, "ignored"), 2);
    assert_string_equal(talk_end_of(&talk), "no answer to 1 SYN");
}

static void a_copy_from_another_device_is_none(void **state)
{
    (void)state;
    talk_says(&talk, 0, 0, syn);
    talk_fails(&talk, 1, 0, syn, host);
    talk_fails(&talk, 0, 0, syn, host);
    talk_fails(&talk, 1000, 0, syn, host);
    assert_int_equal(talk_conn(&talk)->end[0].icmps, 2);
}

static void errors_about_strangers_are_counted(void **state)
{
    (void)state;
    talk_says(&talk, 0, 0, syn);
    talk.port++;
    talk_fails(&talk, 1, 0, syn, port);
    assert_int_equal(talk_conn(&talk)->end[0].icmps, 0);
    assert_int_equal(talk.t.strangers, 1);
    assert_int_equal(talk.t.count[TRACE_ICMP], 1);
    assert_int_equal(talk.t.begun, 1);
}

static void a_damaged_error_says_nothing(void **state)
{
    (void)state;
    talk_says(&talk, 0, 0, syn);
    talk.damaged = true;
    talk_fails(&talk, 1, 0, syn, port);
    talk.damaged = false;
    assert_int_equal(talk.t.count[TRACE_MALFORMED], 1);
    assert_string_equal(talk_end_of(&talk), "no answer to 1 SYN");
}

static void the_error_is_about_either_end(void **state)
{
    (void)state;
    talk.v6 = true;
    talk_says(&talk, 0, 0, syn);
    talk_says(&talk, 1, 1, (struct talk_segment){ .ctl = S | A, .ack = 1 });
    talk_fails(&talk, 1, 1, (struct talk_segment){ .ctl = S | A, .ack = 1 },
               (struct talk_error){ ROUTER, 1, 0, 0 });
    assert_string_equal(talk_end_of(&talk), "half-open: the client does not acknowledge 1 SYN,ACK; "
                        "the last is ICMP no route from 2001:db8::9");
    assert_int_equal(talk_told(&talk, 1, AKSU_EV_icmp_in, "taken"), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, done)
    const struct CMUnitTest tests[] = {
        TEST(a_hard_error_ends_what_is_being_opened), TEST(unless_the_syn_is_repeated),
        TEST(a_soft_error_may_have_ended_it), TEST(what_is_established_goes_on),
        TEST(an_error_about_nothing_outstanding_is_not_believed),
        TEST(the_path_mtu_is_the_least_that_was_named), TEST(quenches_and_redirects_say_nothing),
        TEST(a_copy_from_another_device_is_none), TEST(errors_about_strangers_are_counted),
        TEST(a_damaged_error_says_nothing), TEST(the_error_is_about_either_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
