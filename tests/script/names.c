/* names.c - why text leaves once more, and which timer runs, are called what they are. */
#include "tests/script/path.h"
#include "tests/script/said.h"

#include <string.h>

void script_check_text(int line, const char *got, const char *want, const char *what)
{
    if (got == NULL || strcmp(got, want) != 0)
        script_fail(line, "%s is \"%s\", not \"%s\"", what, got != NULL ? got : "", want);
}

/* --- why it leaves again --- */

SCRIPT(again_after_a_timeout)                       /* RFC 9293 3.10.8 */
{
    given(ESTABLISHED);
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    while (w.tcp.resends == 0) {
        after(tcp_next_timeout(&w.tcp) - w.now);
        (void)discard();
    }
    check_text(said.again, "timeout");
    check_text(said.timer, "RETRANSMISSION");
}

/* What was sent into the closed window is gone; no timer has run out for it. */
SCRIPT(again_into_a_window_that_opens)              /* RFC 9293 3.8.6.1 */
{
    for (unsigned sack = 0; sack < 2; sack++) {
        path_begin(__LINE__, sack, false);
        user_send(14600);
        check_eq(drain().segments, 10);
        in (ACK, .seq = 1, .ack = 1, .wnd = ZERO);
        in (ACK, .seq = 1, .ack = 1, .wnd = 16000);
        check(discard() > 0);
        check_text(said.again, "the window is open again");
        while (w.tcp.resends == 0) {
            after(tcp_next_timeout(&w.tcp) - w.now);
            (void)discard();
        }
        check_text(said.again, "timeout");
    }
}

SCRIPT(again_for_its_size)                          /* RFC 1191 6.4, RFC 4821 7.6.2 */
{
    path_begin(__LINE__, true, false);
    user_send(14600);
    check_eq(drain().segments, 10);
    check(tcp_too_big(&w.tcp, 980, w.tcp.snd.una, w.now));
    check(discard() > 0);
    check_text(said.again, "too large for the path");

    path_black_hole(__LINE__, true, false);
    check(path_until_probe(__LINE__, 60));              /* it is lost, */
    said.again = "";
    for (unsigned i = 0; i < 3; i++)
        (void)path_turn(__LINE__);
    check_text(said.again, "the MTU probe was lost");

    path_black_hole(__LINE__, true, false);
    uint32_t left = path_probe(__LINE__);               /* ... or a router says so */
    check(tcp_too_big(&w.tcp, 1200, seq_add(w.iss, left), w.now));
    check(discard() > 0);
    check_text(said.again, "the MTU probe was lost");
}

/* --- timers --- */

static void runs_now(int line, const char *name)
{
    script_check_text(line, script_status().timer, name, "the timer of STATUS");
    said.timer = NULL;
    script_after(line, script_status().timer_at - w.now);
}

SCRIPT(the_limit_of_fin_wait_2)                     /* RFC 9293 3.6.1 */
{
    given(ESTABLISHED);
    user_release();
    out(FIN|ACK, .seq = 1, .ack = 1);
    in (ACK, .seq = 1, .ack = 2);
    state(FIN_WAIT_2);
    runs_now(__LINE__, "IDLE");
    runs_now(__LINE__, "FIN-WAIT-2");
    check_text(said.timer, "FIN-WAIT-2");
    state(CLOSED);
}

SCRIPT(the_time_of_time_wait)                       /* RFC 9293 3.6.1 */
{
    given(TIME_WAIT);
    runs_now(__LINE__, "TIME-WAIT");
    check_text(said.timer, "TIME-WAIT");
    state(CLOSED);
}

SCRIPT(the_time_to_linger)                          /* RFC 9293 3.10.5 */
{
    given(ESTABLISHED);
    user_set(LINGER_MS, 900);
    user_send(100);
    user_release();
    out(FIN|PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    state(FIN_WAIT_1);
    while (said.timer == NULL || said.timer[0] != 'L') {
        after(tcp_next_timeout(&w.tcp) - w.now);
        (void)discard();
    }
    check_text(said.timer, "LINGER");
    state(CLOSED);
}

/* Nothing is paced: memory waits for the next text. */
SCRIPT(an_idle_sender)                              /* RFC 9293 3.10.6 */
{
    given(ESTABLISHED);
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    in (ACK, .seq = 1, .ack = 101);
    runs_now(__LINE__, "IDLE");
    check(said.timer == NULL);                      /* nothing of TCP's has expired */
    check(script_status().timer == NULL);
}

SCRIPT(a_paced_sender)                              /* RFC 9406 4.3 */
{
    config.pacing = true;
    given(ESTABLISHED, .sack = true, .wnd = 65000, .rtt = MS(100));
    user_send(10000);
    (void)drain();
    after(MS(100));
    in (ACK, .seq = 1, .ack = SND_NXT);
    user_send(10000);
    check_eq(drain().segments, 1);
    runs_now(__LINE__, "PACING");
    check(drain().segments > 0);
}
