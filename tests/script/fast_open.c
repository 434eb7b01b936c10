/* fast_open.c - TCP Fast Open of a client (RFC 7413): the SYN with text, what its answer or silence
 * makes of it; and text on the SYNs of a simultaneous open. The server: fast_open_server.c. */
#include "tests/script/said.h"
#include "tests/script/script.h"

#define PLAIN (HAS_MSS | HAS_SACK_PERMITTED | HAS_TIMESTAMPS | HAS_WINDOW_SCALE)
#define MSS_1000 "\x02\x04\x03\xe8"
#define COOKIE "\x22\x06" "abcd" "\x01\x01"
#define user_fast_open() user_fast_open_wait(0)
#define user_fast_open_wait(time)                                                                 \
    script_call(__LINE__, "fast open", tcp_fast_open(&w.tcp, false, (time), w.now))

/* A fresh TCB on a stack that has a cookie of this peer. */
static void know_cookie(uint16_t mss)
{
    given(CLOSED);
    struct fast_open_peer *p = fast_open_have(&w.env, &w.tuple, 0);
    p->mss = mss;
    p->length = 4;
    memcpy(p->cookie, "abcd", 4);
}

/* What the next SYN to this peer may carry. */
static uint32_t room_now(void)
{
    return fast_open_room(&w.env, &w.tuple, 1460, false, w.now);
}

static void open_with_text(uint32_t n)
{
    user_open_active();
    user_fast_open();
    user_send(n);
}

SCRIPT(fast_open_is_off_by_default)         /* RFC 7413 4.2, R7413-2-a, R7413-6.1-a */
{
    given(CLOSED);
    user_open_active();
    user_send(100);
    out(SYN, .seq = 0, .has = PLAIN);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
}

SCRIPT(a_cookie_is_asked_for_first)         /* RFC 7413 4.2.1, R7413-4.2.1-a */
{
    given(CLOSED);
    user_open_active();
    user_fast_open();
    user_send(100);
    out(SYN, .seq = 0, .has = PLAIN | HAS_FAST_OPEN);
    check_eq(event_count(fast_open_asked), 1);
    in (SYN|ACK, .seq = 0, .ack = 1, OPTIONS(MSS_1000 COOKIE));
    check_eq(event_count(fast_open_kept), 1);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    check(!script_status().fast_open);
}

/* The repetition has no option, R7413-4.2.1-b. */
SCRIPT(a_request_that_is_not_answered)      /* RFC 7413 4.2.1 */
{
    given(CLOSED);
    user_open_active();
    user_fast_open();
    out(SYN, .seq = 0, .has = PLAIN | HAS_FAST_OPEN);
    after(SECONDS(1));
    out(SYN, .seq = 0, .has = PLAIN);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    out(ACK, .seq = 1, .ack = 1);
    check_eq(event_count(fast_open_off), 0);    /* a lost SYN is no proof */
}

/* Twice in a row, and it is left for a minute; then it is tried again: R7413-4.1.3.1-b. */
SCRIPT(requests_that_are_never_answered)    /* RFC 7413 4.2.1, 4.1.3.1 */
{
    given(CLOSED);
    struct fast_open_peer *p = fast_open_have(&w.env, &w.tuple, w.tuple.remote_port);
    p->failures = 1;
    user_open_active();
    user_fast_open();
    out(SYN, .seq = 0, .has = PLAIN | HAS_FAST_OPEN);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    out(ACK, .seq = 1, .ack = 1);
    check_eq(event_count(fast_open_off), 1);
    check_eq(p->off_until, w.now / SECONDS(1) + 60);
}

SCRIPT(text_goes_on_the_syn)                /* RFC 7413 4.2.2, R7413-4.1.3-a */
{
    know_cookie(1000);
    open_with_text(300);
    out(SYN, .seq = 0, .len = 300, .has = PLAIN | HAS_FAST_OPEN);
    check_eq(script_status().snd_nxt - script_status().iss, 301);
    in (SYN|ACK, .seq = 0, .ack = 301, .mss = 1000);
    out(ACK, .seq = 301, .ack = 1);
    ready_has(AKSU_CONNECTED | AKSU_SENT);
    check(script_status().fast_open);
    check_eq(script_status().octets_out, 300);
    check(script_status().srtt_us > 0);
    user_send(10);
    out(PSH|ACK, .seq = 301, .ack = 1, .len = 10);
    in (ACK, .seq = 1, .ack = 311);
}

/* No more than the peer's MSS, than Ethernet's, than ours, less what options may take:
 * R7413-4.1.3-b. */
SCRIPT(how_much_goes_on_the_syn)            /* RFC 7413 4.1.3 */
{
    static const struct { uint16_t peer, most; } sizes[] = { { 536, 496 }, { 1000, 960 },
                                                             { 1460, 1420 }, { 9000, 1420 } };
    for (unsigned i = 0; i < 4; i++) {
        know_cookie(sizes[i].peer);
        open_with_text(3000);
        user_set(NODELAY, 1);
        out(SYN, .seq = 0, .len = sizes[i].most);
        uint32_t rest = 1 + sizes[i].most;
        in (SYN|ACK, .seq = 0, .ack = rest, .mss = 1460);
        while (rest < 3001) {
            uint32_t n = 3001 - rest < 1460 ? 3001 - rest : 1460;
            out(rest + n == 3001 ? PSH | ACK : ACK, .seq = rest, .ack = 1, .len = n);
            rest += n;
        }
    }
}

SCRIPT(the_users_mss_holds_for_the_syn)     /* RFC 7413 4.1.3 */
{
    know_cookie(1460);
    user_open_active();
    user_fast_open();
    user_set(MAX_SEGMENT, 700);
    user_send(3000);
    out(SYN, .seq = 0, .len = 660, .mss = 700);
}

/* Another cookie comes instead: nothing is wrong with the path. R7413-4.2.2-f. */
SCRIPT(text_that_is_not_taken_goes_again)   /* RFC 7413 4.2.2 */
{
    know_cookie(1000);
    open_with_text(300);
    out(SYN, .seq = 0, .len = 300, .has = PLAIN | HAS_FAST_OPEN);
    in (SYN|ACK, .seq = 0, .ack = 1, OPTIONS(MSS_1000 "\x22\x08" "newone"));
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 300);
    check_text(said.again, "not taken with the SYN");
    check_eq(event_count(timer), 0);
    check_eq(event_count(fast_open_fell_back), 1);
    check_eq(event_count(fast_open_off), 0);
    check(!script_status().fast_open);
    check_eq(fast_open_find(&w.env, &w.tuple, 0)->length, 6);
    check_eq(room_now(), 960);
    check_eq(script_status().cwnd, 10 * 1000);  /* it says nothing of the path */
    in (ACK, .seq = 1, .ack = 301);
    state(ESTABLISHED);
}

SCRIPT(half_of_it_is_taken)                 /* RFC 7413 4.2.2, R7413-4.2.2-f */
{
    know_cookie(1460);
    open_with_text(1400);
    out(SYN, .seq = 0, .len = 1400);
    in (SYN|ACK, .seq = 0, .ack = 701, .mss = 500);
    out(ACK, .seq = 701, .ack = 1, .len = 500);
    check_text(said.again, "not taken with the SYN");
    out(PSH|ACK, .seq = 1201, .ack = 1, .len = 200);
    check_text(said.again, "not taken with the SYN");
    check(!script_status().fast_open);          /* not all of it */
    check_eq(event_count(fast_open_fell_back), 0);
    in (ACK, .seq = 1, .ack = 1401);
    check_eq(script_status().octets_out, 1400);
    check_eq(room_now(), 460);
}

/* Without a cookie in the answer the server has done with it: R7413-4.1.3.1-a. */
SCRIPT(text_that_is_not_taken_without_a_word)   /* RFC 7413 4.1.3.1 */
{
    know_cookie(1000);
    open_with_text(300);
    out(SYN, .seq = 0, .len = 300);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 300);
    check_eq(event_count(fast_open_off), 1);
    check_eq(room_now(), 0);
    in (ACK, .seq = 1, .ack = 301);
    after(SECONDS(61));
    check_eq(room_now(), 960);
}

/* R7413-4.2.2-a; the text is delivered once. */
SCRIPT(a_syn_with_text_that_gets_lost)      /* RFC 7413 4.2.2 */
{
    know_cookie(1000);
    open_with_text(300);
    out(SYN, .seq = 0, .len = 300, .has = PLAIN | HAS_FAST_OPEN);
    after(SECONDS(1));
    out(SYN, .seq = 0, .has = PLAIN);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 300);
    check_eq(event_count(fast_open_off), 1);
    check_eq(room_now(), 0);
    in (ACK, .seq = 1, .ack = 301);
}

/* The answer to the first SYN was late: it has the text. */
SCRIPT(a_syn_with_text_that_is_late)        /* RFC 7413 4.2.2 */
{
    know_cookie(1000);
    open_with_text(300);
    out(SYN, .seq = 0, .len = 300);
    after(SECONDS(1));
    out(SYN, .seq = 0, .has = PLAIN);
    in (SYN|ACK, .seq = 0, .ack = 301, .mss = 1000);
    out(ACK, .seq = 301, .ack = 1);
    check_eq(event_count(fast_open_off), 0);
    check_eq(room_now(), 960);
}

SCRIPT(nobody_answers_a_syn_with_text)      /* RFC 7413 4.1.3.1, R7413-4.1.3.1-a */
{
    know_cookie(1000);
    user_open_active();
    user_fast_open();
    user_set(USER_TIMEOUT, 2500);
    user_send(300);
    out(SYN, .seq = 0, .len = 300);
    after(SECONDS(1));
    out(SYN, .seq = 0, .has = PLAIN);
    after(MS(1500));
    state(CLOSED);
    check_eq(room_now(), 0);
}

SCRIPT(an_icmp_error_in_answer_to_text)     /* RFC 7413 4.1.3.1, R7413-4.1.3.1-a */
{
    know_cookie(1000);
    open_with_text(300);
    out(SYN, .seq = 0, .len = 300);
    check(tcp_icmp_error(&w.tcp, AKSU_UNREACHABLE_HOST, false, w.tcp.iss, w.now));
    check_eq(room_now(), 0);
    state(SYN_SENT);
}

/* A port that nobody listens on says nothing of Fast Open. */
SCRIPT(a_reset_in_answer_to_text)           /* RFC 7413 4.1.3.1 */
{
    know_cookie(1000);
    open_with_text(300);
    out(SYN, .seq = 0, .len = 300);
    in (RST|ACK, .seq = 0, .ack = 301);
    reason(REFUSED);
    check_eq(room_now(), 960);
}

/* Each time it does not help the time is doubled. */
SCRIPT(black_holes_are_remembered_longer)   /* RFC 7413 4.1.3.1, R7413-4.1.3.1-b */
{
    static const uint32_t seconds[] = { 60, 120, 240, 480, 960, 1920, 3840, 3840 };
    know_cookie(1000);
    user_open_active();
    out(SYN, .seq = 0);
    struct fast_open_peer *off = fast_open_have(&w.env, &w.tuple, w.tuple.remote_port);
    for (unsigned i = 0; i < 8; i++) {
        w.tcp.fo = FO_TRIED;
        w.tcp.fo_text = true;
        fast_open_failed(&w.tcp, "test", w.now);
        check_eq(off->off_until, w.now / SECONDS(1) + seconds[i]);
    }
}

/* The SYN goes again at once, without its text; what it says of our MSS is true. */
SCRIPT(a_syn_with_text_that_is_too_big)     /* RFC 7413 4.2.2 */
{
    know_cookie(1460);
    open_with_text(1400);
    out(SYN, .seq = 0, .len = 1400);
    check(tcp_too_big(&w.tcp, 820, w.tcp.iss, w.now));
    out(SYN, .seq = 0, .mss = 800, .has = PLAIN);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1460);
    out(ACK, .seq = 1, .ack = 1, .len = 800);
    out(PSH|ACK, .seq = 801, .ack = 1, .len = 600);
    in (ACK, .seq = 1, .ack = 1401);
    check_eq(room_now(), 1420);                 /* it says nothing of Fast Open */
}

SCRIPT(an_ack_of_more_than_the_syn_had)     /* RFC 9293 3.10.7.3 first */
{
    know_cookie(1000);
    open_with_text(300);
    out(SYN, .seq = 0, .len = 300);
    in (SYN|ACK, .seq = 0, .ack = 302, .mss = 1000);
    out(RST, .seq = 302);
    state(SYN_SENT);
}

/* With a cookie the SYN waits for the user, for a while. */
SCRIPT(a_syn_waits_for_text)                /* RFC 7413 4.2.2 */
{
    for (unsigned sends = 0; sends < 2; sends++) {
        know_cookie(1000);
        user_open_active();
        user_fast_open_wait(MS(20));
        after(MS(19));
        quiet();
        if (sends)
            user_send(300);
        else
            after(MS(1));
        out(SYN, .seq = 0, .len = sends ? 300 : 0, .has = PLAIN | HAS_FAST_OPEN);
        after(SECONDS(1));
        out(SYN, .seq = 0, .has = PLAIN);
    }
    given(CLOSED);                              /* nothing is known: nothing to wait for */
    user_open_active();
    user_fast_open_wait(MS(20));
    out(SYN, .seq = 0, .has = PLAIN | HAS_FAST_OPEN);
    know_cookie(1000);
    user_open_active();
    user_fast_open_wait(MS(20));
    user_close();
    state(CLOSED);
}

/* RFC 7323 3.2: the echo of what was never sent. */
SCRIPT(a_syn_ack_with_a_strange_echo)       /* RFC 7323 3.2 */
{
    given(SYN_SENT);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000, .ts_val = 5, .ts_ecr = w.our_ts_val + 1);
    out(RST, .seq = 1);
    state(SYN_SENT);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000, .ts_val = 5, .ts_ecr = w.our_ts_val);
    out(ACK, .seq = 1, .ack = 1);
}

SCRIPT(what_linux_does_can_be_asked_for)    /* RFC 9293 3.10.7.4 second, RFC 7323 3.2 */
{
    config.reset_keeps_text = config.tolerate_no_timestamps = config.quick_short = true;
    config.quick_acks = 16;
    given(ESTABLISHED, .timestamps = true);
    in (ACK, .seq = 1, .ack = 1, .len = 10, .no_ts = true);
    out(ACK, .seq = 1, .ack = 11);
    in (RST, .seq = 11);
    state(CLOSED);
    user_receive(10);
    config.reset_keeps_text = false;
    given(ESTABLISHED);
    in (ACK, .seq = 1, .ack = 1, .len = 10);
    out(ACK, .seq = 1, .ack = 11);
    in (RST, .seq = 11);
    check_eq(w.tcp.receive.length, 0);
}

/* --- both open at once --- */

/* The text waits for ESTABLISHED, and is not acknowledged before. */
SCRIPT(text_on_a_crossing_syn_is_queued)    /* RFC 9293 3.10.7.3 fourth */
{
    for (unsigned fin = 0; fin < 2; fin++) {
        given(SYN_SENT);
        in (SYN|(fin ? FIN : 0u), .seq = 0, .len = 200, .mss = 1000);
        out(SYN|ACK, .seq = 0, .ack = 1);
        ready_lacks(AKSU_READABLE);
        in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000);
        acked(fin ? 202 : 201);
        ready_has(AKSU_CONNECTED | AKSU_READABLE);
        state_is(fin ? TCP_CLOSE_WAIT : TCP_ESTABLISHED);
        user_receive(200);
    }
}

/* Ours too: what the peer's SYN,ACK does not acknowledge goes again. */
SCRIPT(both_open_with_text)                 /* RFC 7413 4.2.2, RFC 9293 3.5 [MUST-10] */
{
    for (unsigned taken = 0; taken < 2; taken++) {
        know_cookie(1000);
        open_with_text(300);
        out(SYN, .seq = 0, .len = 300);
        in (SYN, .seq = 0, .len = 200, .mss = 1000);
        out(SYN|ACK, .seq = 0, .ack = 1);
        in (SYN|ACK, .seq = 0, .ack = taken ? 301 : 1, .mss = 1000);
        if (taken)
            acked(201);
        else
            out(PSH|ACK, .seq = 1, .ack = 201, .len = 300);
        check_eq(script_status().fast_open, taken);
        user_receive(200);
        in (ACK, .seq = 201, .ack = 301);
        state(ESTABLISHED);
    }
}
