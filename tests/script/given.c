/* given.c - how a script gets to where it begins: by OPEN, CLOSE and segments, as a real peer
 * would. */
#include "tests/script/script.h"

static struct line syn_of(const struct given *how, unsigned ctl, uint32_t ack)
{
    return (struct line){
        .ctl = ctl, .seq = 0, .ack = ack, .wnd = w.window > 65535 ? 65535 : w.window,
        .mss = how->no_mss ? 0 : how->mss ? how->mss : MSS_PEER, .wscale = how->wscale,
        .sack_ok = how->sack,
        .ts_val = how->timestamps ? w.ts_base + (uint32_t)((w.now - w.start) / MS(1)) : 0 };
}

/* ECE and CWR of a SYN that we, or the peer, may send. */
static unsigned asks(bool ecn)
{
    return ecn ? ECE | CWR : 0;
}

static unsigned we_ask(void)
{
    return asks(config.ecn == AKSU_ECN_ASK);
}

static void call(int line, const char *name, enum aksu_status status)
{
    script_call(line, name, status);
    world_settle(line);
}

static void give_syn_received(const struct given *how)
{
    int line = how->line;
    bool agreed = how->ecn && (how->crossed ? we_ask() != 0 : config.ecn != AKSU_ECN_OFF);
    if (how->crossed) {
        script_open(line, true);
        script_out(line, &(struct line){ .ctl = SYN | we_ask() });
    } else if (how->bound) {
        call(line, "OPEN passive", tcp_open_passive(&w.tcp, &w.tuple, w.now));
    } else {
        script_open(line, false);
    }
    struct line syn = syn_of(how, SYN | asks(how->ecn), 0);
    script_in(line, &syn);
    script_out(line, &(struct line){ .ctl = SYN | ACK | (agreed ? ECE : 0u), .ack = 1 });
}

static void give_established(const struct given *how)
{
    int line = how->line;
    if (how->passive || how->crossed) {
        give_syn_received(how);
        if (how->rtt)
            script_after(line, how->rtt);
        script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = 1 });
    } else {
        script_open(line, true);
        script_out(line, &(struct line){ .ctl = SYN | we_ask() });
        if (how->rtt)
            script_after(line, how->rtt);
        struct line syn = syn_of(how, SYN | ACK | (how->ecn ? ECE : 0u), 1);
        script_in(line, &syn);
        script_out(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = 1 });
        if (w.window > 65535)       /* a window that a SYN cannot say */
            script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = 1 });
    }
    script_state(line, 1u << TCP_ESTABLISHED);
}

static void give_close(enum aksu_tcp_state st, int line)
{
    bool ours_first = st == TCP_FIN_WAIT_1 || st == TCP_FIN_WAIT_2 || st == TCP_CLOSING
                   || st == TCP_TIME_WAIT;
    if (ours_first) {
        call(line, "CLOSE", tcp_close(&w.tcp, w.now));
        script_out(line, &(struct line){ .ctl = FIN | ACK, .seq = 1, .ack = 1 });
    }
    if (st == TCP_FIN_WAIT_2 || st == TCP_TIME_WAIT)
        script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = 2 });
    if (st != TCP_FIN_WAIT_1 && st != TCP_FIN_WAIT_2) {
        uint32_t una = st == TCP_TIME_WAIT ? 2 : 1;
        script_in(line, &(struct line){ .ctl = FIN | ACK, .seq = 1, .ack = una });
        script_out(line, &(struct line){ .ctl = ACK, .seq = ours_first ? 2 : 1, .ack = 2 });
    }
    if (st == TCP_LAST_ACK) {
        call(line, "CLOSE", tcp_close(&w.tcp, w.now));
        script_out(line, &(struct line){ .ctl = FIN | ACK, .seq = 1, .ack = 2 });
    }
}

void script_given(enum aksu_tcp_state st, const struct given *how)
{
    int line = how->line;
    world_done(line);
    world_reset(how);
    history_add("-- given %s", aksu_tcp_state_name(st));
    switch (st) {
    case TCP_CLOSED:
        break;
    case TCP_LISTEN:
        if (how->bound)
            call(line, "OPEN passive", tcp_open_passive(&w.tcp, &w.tuple, w.now));
        else
            script_open(line, false);
        break;
    case TCP_SYN_SENT:
        script_open(line, true);
        script_out(line, &(struct line){ .ctl = SYN | we_ask() });
        break;
    case TCP_SYN_RECEIVED:
        give_syn_received(how);
        break;
    case TCP_ESTABLISHED: case TCP_FIN_WAIT_1: case TCP_FIN_WAIT_2: case TCP_CLOSE_WAIT:
    case TCP_CLOSING: case TCP_LAST_ACK: case TCP_TIME_WAIT:
        give_established(how);
        if (st != TCP_ESTABLISHED)
            give_close(st, line);
        break;
    case AKSU_TCP_STATE_COUNT:
        script_fail(line, "there is no such state");
    }
    script_state(line, 1u << st);
    script_quiet(line);
    w.tcp.notify = 0;
}

void script_given_closed_window(int line, enum aksu_tcp_state st)
{
    bool fin_first = st == TCP_CLOSE_WAIT || st == TCP_LAST_ACK, syn = st == TCP_SYN_RECEIVED;
    bool over = fin_first || st == TCP_CLOSING || st == TCP_TIME_WAIT;
    uint32_t buffer = config.receive_buffer;
    config.receive_buffer = syn ? 0 : 4096;
    script_given(syn ? st : TCP_ESTABLISHED, &(struct given){ .line = line });
    config.receive_buffer = buffer;
    if (!syn && !fin_first && st != TCP_ESTABLISHED) {
        call(line, "CLOSE", tcp_close(&w.tcp, w.now));
        script_out(line, &(struct line){ .ctl = FIN | ACK, .seq = 1, .ack = 1 });
        if (st == TCP_FIN_WAIT_2 || st == TCP_TIME_WAIT)
            script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = 2 });
    }
    if (!syn) {
        script_in(line, &(struct line){ .ctl = over ? FIN | PSH | ACK : PSH | ACK, .seq = 1,
                                        .ack = w.una, .len = over ? 4095 : 4096 });
        script_acked(line, 4097);
    }
    if (st == TCP_LAST_ACK) {
        call(line, "CLOSE", tcp_close(&w.tcp, w.now));
        script_out(line, &(struct line){ .ctl = FIN | ACK, .seq = 1, .ack = 4097 });
    }
    script_state(line, 1u << st);
    if (w.edge != w.acked)
        script_fail(line, "the window is open by %u", w.edge - w.acked);
    script_quiet(line);
    w.tcp.notify = 0;
}
