/* cells.c - see cells.h. */
#include "lab/cells.h"

#include <inttypes.h>
#include <stdio.h>

const char *lab_cell_name(unsigned row, enum lab_lang lang)
{
    switch (row) {
    case CELL_STATE: return lab_say(W_look_state, lang);
    case CELL_SEND: return "SND.UNA NXT WND";
    case CELL_RECEIVE: return "RCV.NXT WND";
    case CELL_TIMER: return lab_say(W_look_timer, lang);
    case CELL_BUFFERS: return lab_say(W_look_buffers, lang);
    default: return lab_say(W_look_cwnd, lang);
    }
}

/* No IRS before the peer's SYN has come: RCV.NXT is 0. */
static uint32_t received(const struct aksu_info *t)
{
    return t->irs != 0 || t->rcv_nxt == 0 ? t->rcv_nxt - t->irs : 0;
}

void lab_cell_text(const struct aksu_info *t, aksu_time now, unsigned row, char out[LAB_CELL_TEXT])
{
    switch (row) {
    case CELL_STATE:
        (void)snprintf(out, LAB_CELL_TEXT, "%s", aksu_tcp_state_name(t->state));
        return;
    case CELL_SEND:
        (void)snprintf(out, LAB_CELL_TEXT, "%u %u %u", t->snd_una - t->iss, t->snd_nxt - t->iss,
                       t->snd_wnd);
        return;
    case CELL_RECEIVE:
        (void)snprintf(out, LAB_CELL_TEXT, "%u %u", received(t), t->rcv_wnd);
        return;
    case CELL_TIMER:
        if (t->timer == NULL || t->timer_at == AKSU_NEVER)
            (void)snprintf(out, LAB_CELL_TEXT, "-");
        else
            (void)snprintf(out, LAB_CELL_TEXT, "%.15s %" PRIu64 " ms", t->timer,
                           t->timer_at > now ? (t->timer_at - now) / 1000000 : 0);
        return;
    case CELL_BUFFERS:
        (void)snprintf(out, LAB_CELL_TEXT, "%u %u %u", t->send_queued, t->send_unacked,
                       t->receive_queued);
        return;
    default:
        (void)snprintf(out, LAB_CELL_TEXT, "%u %u", t->cwnd, t->rto_us / 1000);
    }
}
