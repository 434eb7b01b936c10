/* tcb.h - the transmission control block (RFC 9293 3.3.1, Tables 2 to 4). Included via tcp.h. */
#ifndef TCP_TCB_H
#define TCP_TCB_H

#include "base/ring.h"
#include "tcp/env.h"
#include "tcp/tcb_types.h"
#include "wire/tcp.h"

struct sender;

struct tcp {
    struct tcp_env *env;
    struct tcp_tuple tuple;
    uint32_t conn;                  /* for events */
    uint32_t notify;                /* AKSU_READABLE ... not yet handed to the application */

    struct {
        seq_t una, nxt, wl1, wl2, up;
        uint32_t wnd, max_wnd;      /* RFC 9293 3.1 [REC-1] */
        seq_t fin;                  /* sequence number of our FIN, valid when fin_sent */
    } snd;
    struct {
        seq_t nxt, up;
        seq_t edge;                 /* RCV.NXT + RCV.WND as last advertised: never moves left */
        seq_t fin;                  /* of a FIN beyond a hole, valid when fin_held */
        uint32_t acked_text;        /* octets received since the last ACK went out */
        seq_t dsack;                /* [dsack, dsack + dsack_length) came again: RFC 2883 4 */
        uint16_t dsack_length;      /* 0: nothing to report */
        /* buffers.c; times in units of 1024 ns */
        uint16_t taken;             /* KiB in the last round trip */
        seq_t measured_from;        /* RCV.NXT when this measurement began ... */
        uint32_t measured_at;       /* ... and when that was */
        uint32_t round_trip;        /* 0: not known */
        seq_t timed_edge;           /* the right edge when a round trip was last timed ... */
        uint32_t timed_at;          /* ... and when that was */
    } rcv;
    seq_t iss, irs;
    seq_t rst_seq;                  /* of the RST that is owed */

    uint8_t state;                  /* enum aksu_tcp_state; written by tcp_enter() only */
    uint8_t reason, soft_error;     /* enum aksu_status */
    uint8_t ack_owed;               /* enum tcp_ack_owed */
    uint8_t dup_acks_owed;          /* one for each segment out of order, RFC 5681 4.2 */
    uint8_t waits_for;              /* enum tcp_retransmission */
    uint8_t ttl, dscp;

    bool active : 1;                /* came from an active OPEN: RFC 9293 3.5 [MUST-11] */
    bool remote_given : 1;          /* passive OPEN with a specified remote socket */
    bool syn_owed : 1;              /* SYN or SYN,ACK is due */
    bool syn_acked : 1;             /* SND.UNA may meet ISS again, 4 GiB later */
    bool held : 1;                  /* SYN received, the application has not answered it yet */
    bool rst_owed : 1, rst_has_ack : 1;
    bool fin_queued : 1, fin_sent : 1, fin_acked : 1;
    bool fin_received : 1, fin_held : 1 /* it waits beyond a hole */;
    bool released : 1;              /* no application holds it any more */
    bool reopen : 1;                /* TIME-WAIT: a new SYN may reopen it (RFC 6191 2) */
    bool ts_on : 1, sack_on : 1, wscale_on : 1;
    bool nodelay : 1, keepalive : 1, more : 1, report_soft : 1, window_held : 1 /* no memory */;
    bool urgent_out : 1, urgent_in : 1, timing : 1 /* a segment, RFC 6298 3 */;
    bool closed_window : 1;         /* SND.WND is 0 and something waits: probing */
    bool probe_owed : 1, keepalive_owed : 1, sws_override : 1, r1_reported : 1;
    bool may_send : 1;              /* something may have become owed: ask tcp_next_segment() */
    bool gso : 1;                   /* the device cuts: offer large segments */
    bool black_hole : 1, mtu_found : 1 /* the owner has not yet heard of `mtu` */;
    bool mtu_proven : 1;            /* it had arrived when `out` was given back */
    bool soft_now : 1;              /* nothing was acknowledged since soft_error */
    bool sent_write_short : 1;      /* SEND took less than offered: tell when there is room */
    bool receive_fixed : 1, send_fixed : 1, mss_given : 1;  /* the user has said how much */

    uint8_t quick_acks;             /* full segments that are still acknowledged one by one */
    uint8_t snd_wscale : 4, rcv_wscale : 4;
    bool uto_on : 1, uto_fixed : 1, uto_heard : 1, uto_owed : 1;    /* RFC 5482 3 */
    uint8_t fo : 2;                 /* enum tcp_fast_open, fast_open.h */
    bool fo_text : 1;               /* active: the SYN had text, which is in SND.NXT and in no
                                       scoreboard; later, and passive: text that was taken */
    bool fo_variant : 1;            /* active: without a cookie; passive: as RFC 7413 9 has it */
    uint16_t peer_mss;              /* what the peer announced, or the default */
    uint16_t mtu, mtu_most;         /* octets of TCP header + text that this path carries; may */
    uint16_t snd_mss;               /* Eff.snd.MSS: text per segment, RFC 9293 3.7.1 [MUST-16] */
    uint16_t rcv_mss;               /* largest segment seen, for ACKs and SWS */
    uint16_t announced_mss;

    uint32_t ts_recent, ts_offset;  /* RFC 7323 4.3, 5.4 */
    uint32_t ts_recent_at;          /* seconds */
    seq_t last_ack_sent;

    uint32_t srtt_us, rttvar_us, rto_us;    /* 0 srtt: no sample yet */
    seq_t timed;                    /* the first octet after the timed segment */
    uint32_t last_out_ms;           /* milliseconds, for RFC 5681 4.1 */
    aksu_time timed_at;
    uint8_t backoff;                /* doublings of the RTO in force */
    uint8_t probes, probe_backoff;  /* window probes not answered; doublings of their interval */
    uint8_t keepalive_probes, keepalive_count;
    uint8_t ecn : 3;                /* enum tcp_ecn */
    uint8_t ecn_wish : 2;           /* enum aksu_ecn */
    bool ece_owed : 1;              /* on every ACK, until the peer says CWR */
    bool cwr_owed : 1;              /* on the next new text */
    bool fo_opened : 1;             /* FastOpened, RFC 7413 4.2; active: all its text was taken */
    uint16_t uto_given;             /* ADV_UTO as on the wire, RFC 5482 3; 0: the user timeout */
    uint32_t keepalive_idle_ms, keepalive_interval_ms;
    uint32_t user_timeout_ms;       /* 0: none; with uto_heard what the peer suggests */
    int32_t linger_ms;              /* -1: off */
    slab_ref ao;                    /* struct tcp_ao; 0: this connection has no TCP-AO */
    uint32_t send_buffer, receive_buffer;
    slab_ref holes;                 /* struct tcp_held: text out of order; 0: none */

    aksu_time deadline[TIMER_COUNT];
    aksu_time progress_at;          /* when SND.UNA last moved or text was first queued */
    aksu_time last_in_at;
    uint16_t challenge_turn;        /* which interval, modulo 2^16: RFC 5961 7 */
    uint16_t challenges;
    uint16_t resends;               /* of the segment at SND.UNA */
    uint16_t r2;                    /* retransmissions of data; UINT16_MAX: without end */

    struct sender *out;             /* while something is being sent; NULL: none */
    const struct cc_ops *cc;
    uint32_t idle_cwnd, idle_ssthresh;      /* while there is none */
    struct ring send, receive;

    uint64_t octets_in, octets_out;
    uint32_t segments_in, segments_out, retransmits;
    uint32_t bare_answered_ms;      /* when a segment without text was last challenged; 0: never */
};

#endif
