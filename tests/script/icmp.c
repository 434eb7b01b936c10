/* icmp.c - what ICMP messages do to a connection (RFC 9293 3.9.2.2, RFC 5927 4, 5, 7,
 * RFC 1191 6). */
#include "tests/script/script.h"

#define icmp(status, hard, at)                                                                    \
    tcp_icmp_error(&w.tcp, AKSU_##status, (hard), seq_add(w.iss, (at)), w.now)

static const enum aksu_tcp_state outstanding[] = { TCP_FIN_WAIT_1, TCP_CLOSING, TCP_LAST_ACK };

/* R5461-4.1-a: not even an open; what the error said is the reason when it fails. */
SCRIPT(soft_errors_do_not_abort)                    /* RFC 9293 3.9.2.2 [MUST-56] */
{
    given(SYN_SENT);
    check(icmp(UNREACHABLE_HOST, false, 0));
    state(SYN_SENT);
    ready_has(AKSU_SOFT_ERROR);                     /* RFC 9293 3.9.1.8 [MUST-47] */
    check_eq(script_status().soft_error, AKSU_UNREACHABLE_HOST);
    given(ESTABLISHED);
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    check(icmp(UNREACHABLE_NET, false, 1));
    state(ESTABLISHED);
    ready_has(AKSU_SOFT_ERROR);
    in (ACK, .seq = 1, .ack = 101);
    state(ESTABLISHED);
    for each(st, outstanding) {
        given_in(st);
        check(icmp(UNREACHABLE_HOST, false, 1));
        state_is(st);
    }
}

SCRIPT(a_soft_error_explains_a_timeout)             /* RFC 9293 3.9.2.2 [SHLD-25] */
{
    given(SYN_SENT);
    check(icmp(UNREACHABLE_HOST, false, 0));
    for (unsigned i = 0; i < 40 && w.tcp.state == TCP_SYN_SENT; i++) {
        after(tcp_next_timeout(&w.tcp) - w.now);
        (void)discard();
    }
    state(CLOSED);
    reason(UNREACHABLE_HOST);
}

SCRIPT(hard_errors_abort_an_open)                   /* RFC 9293 3.9.2.2 [SHLD-26] */
{
    given(SYN_SENT);
    check(icmp(UNREACHABLE_PORT, true, 0));
    state(CLOSED);
    check(w.tcp.reason == AKSU_REFUSED || w.tcp.reason == AKSU_UNREACHABLE_PORT);
    ready_has(AKSU_FAILED);
    after(SECONDS(100));
    quiet();
    given(SYN_SENT);
    check(icmp(PROHIBITED, true, 0));
    state(CLOSED);
    reason(PROHIBITED);
}

/* R5927-5.2-a */
SCRIPT(hard_errors_are_soft_once_synchronized)      /* RFC 5927 5.2 */
{
    given(ESTABLISHED);
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    check(icmp(UNREACHABLE_PORT, true, 1));
    state(ESTABLISHED);
    check_eq(script_status().soft_error, AKSU_UNREACHABLE_PORT);
    in (ACK, .seq = 1, .ack = 101);
    for each(st, outstanding) {
        given_in(st);
        check(icmp(PROHIBITED, true, 1));
        state_is(st);
    }
}

/* R5927-4.1-a */
SCRIPT(errors_about_what_is_not_outstanding)        /* RFC 5927 4.1, RFC 9293 3.9.2.2 [MUST-54] */
{
    given(SYN_SENT);
    check(!icmp(UNREACHABLE_PORT, true, 1));
    check(!icmp(UNREACHABLE_PORT, true, (uint32_t)-1));
    state(SYN_SENT);
    given(ESTABLISHED);
    check(!icmp(UNREACHABLE_PORT, true, 0));
    check(!icmp(UNREACHABLE_PORT, false, 1));       /* nothing is */
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    check(!icmp(UNREACHABLE_HOST, false, 0));
    check(!icmp(UNREACHABLE_HOST, false, 101));
    check(icmp(UNREACHABLE_HOST, false, 100));
    given(ESTABLISHED);
    ready(0);
}

SCRIPT(the_user_may_not_want_to_know)               /* RFC 9293 3.9.1.8 [SHLD-20] */
{
    given(ESTABLISHED);
    user_set(SOFT_ERRORS, 0);
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    check(icmp(UNREACHABLE_HOST, false, 1));
    ready_lacks(AKSU_SOFT_ERROR);
    for (uint64_t gap = 1; gap < 64; gap *= 2) {    /* nor of R1: RFC 9293 3.8.3 [SHLD-9] */
        after(SECONDS(gap));
        out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    }
    ready_lacks(AKSU_SOFT_ERROR);
}

SCRIPT(a_smaller_path)                              /* RFC 1191 6.4, RFC 9293 3.7.1 [MUST-16] */
{
    given(ESTABLISHED, .mss = 1460, .wnd = 60000);
    user_send(30000);
    check_eq(drain().octets, 14600);
    check(tcp_too_big(&w.tcp, 980, seq_add(w.iss, 1), w.now));
    check_eq(script_status().snd_mss, 960);
    w.mtu = 980;
    struct tcp_segment seg;
    check(world_pull(__LINE__, &seg));              /* at once, not after a timeout */
    check_eq(seg.seq.n, w.iss.n + 1);
    check_eq(seg.text_len, 960);
    (void)discard();
    in (ACK, .seq = 1, .ack = 14601);
    check(drain().octets > 0);
    check_eq(w.our_mss, 1460);                      /* what was announced stays */
}

SCRIPT(a_smaller_path_that_is_not_believed)         /* RFC 5927 7.2, 4.1 */
{
    given(ESTABLISHED, .mss = 1460);
    user_send(1460);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1460);
    check(!tcp_too_big(&w.tcp, 980, seq_add(w.iss, 0), w.now));
    check(!tcp_too_big(&w.tcp, 980, seq_add(w.iss, 1461), w.now));
    check(!tcp_too_big(&w.tcp, 1480, seq_add(w.iss, 1), w.now));
    check(!tcp_too_big(&w.tcp, 8000, seq_add(w.iss, 1), w.now));
    check(!tcp_too_big(&w.tcp, 0, seq_add(w.iss, 1), w.now));
    check_eq(script_status().snd_mss, 1460);
    quiet();
}

SCRIPT(the_smallest_path)                           /* RFC 791 3.2 */
{
    given(ESTABLISHED, .mss = 1460);
    user_send(1460);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1460);
    check(!tcp_too_big(&w.tcp, 47, seq_add(w.iss, 1), w.now));
    check(tcp_too_big(&w.tcp, 48, seq_add(w.iss, 1), w.now));
    check_eq(script_status().snd_mss, 28);
    check(discard() >= 1);
}

SCRIPT(the_path_becomes_known)                      /* RFC 9293 3.7.1 */
{
    given(ESTABLISHED, .mss = 1460);
    user_send(1460);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1460);
    tcp_set_mtu(&w.tcp, 600);
    quiet();                                        /* no retransmission */
    check_eq(script_status().snd_mss, 580);
}
