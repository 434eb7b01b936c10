/* tcb_types.h - what the transmission control block is made of. Included via tcp.h. */
#ifndef TCP_TCB_TYPES_H
#define TCP_TCB_TYPES_H

#include "aksu/ip.h"

#define TCP_CLOSED AKSU_TCP_CLOSED
#define TCP_LISTEN AKSU_TCP_LISTEN
#define TCP_SYN_SENT AKSU_TCP_SYN_SENT
#define TCP_SYN_RECEIVED AKSU_TCP_SYN_RECEIVED
#define TCP_ESTABLISHED AKSU_TCP_ESTABLISHED
#define TCP_FIN_WAIT_1 AKSU_TCP_FIN_WAIT_1
#define TCP_FIN_WAIT_2 AKSU_TCP_FIN_WAIT_2
#define TCP_CLOSE_WAIT AKSU_TCP_CLOSE_WAIT
#define TCP_CLOSING AKSU_TCP_CLOSING
#define TCP_LAST_ACK AKSU_TCP_LAST_ACK
#define TCP_TIME_WAIT AKSU_TCP_TIME_WAIT

struct tcp_tuple {
    struct aksu_ip local_ip, remote_ip;
    uint16_t local_port, remote_port;
};

enum tcp_timer { TIMER_RETRANSMISSION, TIMER_PERSIST /* and the override of 3.8.6.2.1 */,
                 TIMER_DELAYED_ACK, TIMER_KEEP_ALIVE,
                 TIMER_TIME_WAIT /* before TIME-WAIT: the limit for a connection nobody holds */,
                 TIMER_USER, TIMER_MEMORY /* SEND waits for the budget */,
                 TIMER_SENDER /* pacing; or it is idle */, TIMER_COUNT };

/* What TIMER_RETRANSMISSION waits for: one at a time, RFC 8985 8. */
enum tcp_retransmission { WAIT_RTO, WAIT_LOSS_PROBE, WAIT_REORDERING };

/* RFC 3168 6.1.1: how far both ends have agreed. HEEDS: marks are echoed, but what we send carries
 * none, because our second SYN did not ask any more. */
enum tcp_ecn { TCP_ECN_NONE, TCP_ECN_ASKED, TCP_ECN_WITHDRAWN, TCP_ECN_HEEDS, TCP_ECN_ON };

/* RFC 7413 4.2. ASKS: the next SYN may have text and the option; passive: the SYN,ACK has a
 * cookie. WAITS: it waits for text. TRIED: it has left with the option or text, unanswered. */
enum tcp_fast_open { FO_OFF, FO_ASKS, FO_WAITS, FO_TRIED };

enum tcp_ack_owed { ACK_NONE, ACK_DELAYED, ACK_NOW };

#endif
