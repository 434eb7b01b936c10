/* time_wait.c - a new SYN for a connection in TIME-WAIT: RFC 6191 2, RFC 9293 3.6.1 [MAY-2] and
 * RFC 9293 3.6.1 [SHLD-4]. The owner asks `reopen` and makes the new connection with an ISS above
 * every number that was used. */
#include <string.h>

#include "tests/script/script.h"

static void reopens(int line, bool yes, aksu_time left)
{
    if (!yes)                           /* RFC 9293 3.10.7.4 fourth: "for all other cases" */
        script_out(line, &(struct line){ .ctl = ACK, .seq = 2, .ack = 2 });
    script_quiet(line);
    script_state(line, 1u << TCP_TIME_WAIT);
    script_dropped(line, yes ? "" : "RFC 6191 2");
    script_check(line, w.tcp.reopen == yes, yes ? "the SYN may reopen" : "the SYN is refused");
    script_check(line, tcp_next_timeout(&w.tcp) == w.now + left, "2 MSL goes on as before");
}

/* R6191-2-a, R6191-2-b, R6191-2-f */
SCRIPT(both_with_timestamps)                        /* RFC 6191 2, RFC 9293 3.6.1 [SHLD-4] */
{
    static const struct { uint32_t seq, ts; bool yes; const char *row; } syns[] = {
        { 100000, 5001, true, "TW-1" },     /* newer timestamp, whatever the number */
        { 1, 5001, true, "TW-1" },
        { (uint32_t)-50000, 5001, true, "TW-1" },
        { 2, 5000, true, "TW-2" },          /* as old, but above the FIN */
        { 1, 5000, false, "TW-6" },
        { 100000, 4999, false, "TW-6" },
    };
    for (size_t i = 0; i < sizeof syns / sizeof syns[0]; i++) {
        given(TIME_WAIT, .timestamps = true, .ts_val = 5000);
        after(SECONDS(1));
        covers(syns[i].row);
        in (SYN, .seq = syns[i].seq, .mss = 1000, .ts_val = syns[i].ts);
        reopens(__LINE__, syns[i].yes, SECONDS(59));
    }
}

SCRIPT(a_reset_does_not_touch_the_timestamp_of_time_wait)   /* RFC 7323 5.2 */
{
    given(TIME_WAIT, .timestamps = true, .ts_val = 5000);
    in (RST, .seq = 2, .ts_val = 900000);
    in (SYN, .seq = 1, .mss = 1000, .ts_val = 5001);
    reopens(__LINE__, true, SECONDS(60));
}

/* R6191-2-c */
SCRIPT(the_new_one_without_timestamps)              /* RFC 6191 2 */
{
    given(TIME_WAIT, .timestamps = true);
    covers("TW-3");
    in (SYN, .seq = 2, .mss = 1000);
    reopens(__LINE__, true, SECONDS(60));
    given(TIME_WAIT, .timestamps = true);
    covers("TW-6");
    in (SYN, .seq = 1, .mss = 1000);
    reopens(__LINE__, false, SECONDS(60));
}

/* R6191-2-d, R6191-2-e */
SCRIPT(the_old_one_without_timestamps)              /* RFC 6191 2 */
{
    given(TIME_WAIT);
    covers("TW-4");
    in (SYN, .seq = (uint32_t)-1000, .mss = 1000, .ts_val = 1);
    reopens(__LINE__, true, SECONDS(60));
    given(TIME_WAIT);
    covers("TW-5");
    in (SYN, .seq = 2, .mss = 1000);
    reopens(__LINE__, true, SECONDS(60));
    given(TIME_WAIT);
    covers("TW-6");
    in (SYN, .seq = 1, .mss = 1000);
    reopens(__LINE__, false, SECONDS(60));
    given(TIME_WAIT);
    in (SYN, .seq = (uint32_t)-1, .mss = 1000);
    reopens(__LINE__, false, SECONDS(60));
}

/* What the owner does next: the same as for any SYN, but the ISS is above the old SND.NXT. */
SCRIPT(the_iss_of_a_reopened_connection)            /* RFC 9293 3.6.1 [MAY-2] */
{
    given(TIME_WAIT);
    seq_t old = w.tcp.snd.nxt;
    in (SYN, .seq = 2, .mss = 1000);
    check(w.tcp.reopen);
    struct tcp next;
    struct tcp_segment syn = { .source_port = 7000, .destination_port = 5000,
        .seq = seq_add(w.irs, 2), .ctl = SYN, .wnd = 1000 }, seg;
    w.was = TCP_CLOSED;
    tcp_init(&next, &w.env, 3, w.mtu);
    check_eq(tcp_open_passive(&next, &w.tuple, w.now), AKSU_OK);
    tcp_segment_arrives(&next, &syn, w.now);
    tcp_iss_after(&next, old);
    check(tcp_next_segment(&next, &seg, w.now));
    check_eq(seg.ctl, SYN|ACK);
    check(seq_gt(seg.seq, old));
    check_eq(seg.ack.n, w.irs.n + 3);
    check(!tcp_next_segment(&next, &seg, w.now));
    tcp_fini(&next);
    w.was = TCP_TIME_WAIT;
}

/* 64 octets are enough to go on answering: RFC 9293 3.10.7.4 eighth. */
SCRIPT(a_compact_record_answers_as_the_connection_did)
{
    for (int ts = 0; ts < 2; ts++) {
        struct tcp_time_wait record;
        given(TIME_WAIT, .timestamps = ts, .wscale = SHIFT(5));
        tcp_time_wait_compact(&w.tcp, &record);
        check(sizeof record <= 64);
        tcp_fini(&w.tcp);
        memset(&w.tcp, 0xa5, sizeof w.tcp);
        tcp_time_wait_expand(&w.tcp, &w.env, &record, w.now);
        in (FIN|ACK, .seq = 1, .ack = 2);
        out(ACK, .seq = 2, .ack = 2);
        in (PSH|ACK, .seq = 1, .ack = 2, .len = 1);
        out(ACK, .seq = 2, .ack = 2);
        in (ACK, .seq = 2, .ack = 2);
        in (RST, .seq = 2);
        quiet();
        state(TIME_WAIT);
        in (SYN, .seq = 2, .mss = 1000);
        check(w.tcp.reopen);
    }
}
