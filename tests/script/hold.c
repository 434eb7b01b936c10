/* hold.c - a SYN that waits for the application: RFC 9293 lets SYN-RECEIVED be entered late; the
 * peer sees no SYN,ACK until then. For gateways (3.10.7.2 with the answer put off). */
#include "tests/script/script.h"

static void give_held(int line)
{
    script_given(TCP_LISTEN, &(struct given){ .line = line });
    script_in(line, &(struct line){ .ctl = SYN, .seq = 0, .mss = 1000 });
    tcp_hold(&w.tcp);
    script_quiet(line);
    script_check(line, script_status().held, "the SYN is held");
}

SCRIPT(a_held_syn_is_not_answered)                  /* RFC 9293 3.10.7.2 */
{
    give_held(__LINE__);
    in (SYN, .seq = 0, .mss = 1000);                /* the peer tries again */
    quiet();
    after(SECONDS(100));
    quiet();
    user_complete();
    out(SYN|ACK, .seq = 0, .ack = 1);
    in (ACK, .seq = 1, .ack = 1);
    state(ESTABLISHED);
    ready_has(AKSU_CONNECTED);
    check(!script_status().held);
}

SCRIPT(a_completed_syn_ack_is_repeated)             /* RFC 9293 3.10.8 */
{
    give_held(__LINE__);
    after(SECONDS(10));
    user_complete();
    out(SYN|ACK, .seq = 0, .ack = 1);
    after(SECONDS(1));
    out(SYN|ACK, .seq = 0, .ack = 1);
    in (SYN, .seq = 0, .mss = 1000);
    check(discard() == 1);
    in (ACK, .seq = 1, .ack = 1);
    state(ESTABLISHED);
}

SCRIPT(a_held_syn_is_refused)                       /* RFC 9293 3.10.7.1 */
{
    give_held(__LINE__);
    user_refuse();
    state(CLOSED);
    out(RST|ACK, .seq = 0, .ack = 1);
    user_refuse();
    expect(ILLEGAL);
    user_complete();
    expect(ILLEGAL);
}

SCRIPT(nothing_held_nothing_to_answer)              /* RFC 9293 3.10.7.2 */
{
    given(SYN_RECEIVED);
    user_complete();
    expect(ILLEGAL);
    user_refuse();
    expect(ILLEGAL);
    state(SYN_RECEIVED);
}

SCRIPT(the_peer_gives_up_while_it_is_held)          /* RFC 9293 3.10.7.4 second */
{
    give_held(__LINE__);
    in (RST, .seq = 1);
    state_one_of(LISTEN, CLOSED);
    quiet();
    user_complete();
    expect(ILLEGAL);
    give_held(__LINE__);
    user_abort();
    state(CLOSED);
    out(RST|ACK, .seq = 0, .ack = 1);               /* as a closed port answers */
}

SCRIPT(an_ack_to_what_was_never_sent)               /* RFC 9293 3.10.7.4 fifth */
{
    give_held(__LINE__);
    in (ACK, .seq = 1, .ack = 1);                   /* nobody has told it our ISS */
    out(RST, .seq = 1);
    state(SYN_RECEIVED);
    check(script_status().held);
}
