/* script.h - tests that read like the protocol: one line per segment, virtual time, strict silence.
 *
 *   SCRIPT(passive_close)
 *   {
 *       given(ESTABLISHED);
 *       in (FIN|ACK, .seq = 1, .ack = 1);
 *       out(ACK,     .seq = 1, .ack = 2);
 *       state(CLOSE_WAIT);
 *   }
 *
 * Sequence numbers count from the ISNs: SYN is 0, the first octet 1. Every script runs at each pair
 * of ISNs of script.c. A segment that no line asks for fails the next line. `in` and `out` speak of
 * the peer's and of our segments; windows are in octets (the harness scales them). */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "tests/script/world.h"

#define SCRIPT(name)                                                                              \
    static void name(void);                                                                       \
    __attribute__((constructor)) static void name##_register(void)                                \
    {                                                                                             \
        static struct script_entry entry = { #name, __FILE__, name, NULL };                       \
        script_register(&entry);                                                                  \
    }                                                                                             \
    static void name(void)

#define ACK CTL_ACK
#define FIN CTL_FIN
#define RST CTL_RST
#define SYN CTL_SYN
#define PSH CTL_PSH
#define URG CTL_URG
#define ECE CTL_ECE
#define CWR CTL_CWR
#define ECT ECN_ECT_0
#define CE ECN_CE
#define ZERO UINT32_MAX         /* .wnd = ZERO: a closed window (.wnd = 0: not stated) */
#define SHIFT(n) ((n) + 1)      /* .wscale = SHIFT(0..255) */
#define OPTIONS(text) .raw = (text), .raw_length = sizeof(text) - 1     /* octets as they go out */

/* Gets there by real segments and calls from a fresh TCB. */
#define given(st, ...)                                                                            \
    script_given(TCP_##st, &(struct given){ .line = __LINE__, __VA_ARGS__ })
#define given_in(st, ...)                                                                         \
    script_given((st), &(struct given){ .line = __LINE__, __VA_ARGS__ })
/* The same, the user having read nothing of 4096 octets: RCV.WND is 0. */
#define given_closed_window(st) script_given_closed_window(__LINE__, (st))
#define in(ctl_, ...)                                                                             \
    script_in(__LINE__, &(struct line){ .ctl = (ctl_), __VA_ARGS__ })
#define out(ctl_, ...)                                                                            \
    script_out(__LINE__, &(struct line){ .ctl = (ctl_), __VA_ARGS__ })
/* As `in`, but what is owed before it may wait: the owner reads several segments before it
 * sends. */
#define batch(ctl_, ...)                                                                          \
    script_batch(__LINE__, &(struct line){ .ctl = (ctl_), __VA_ARGS__ })
/* A pure ACK of everything before `n`, now or when the delayed ACK is due; others may precede. */
#define acked(n) script_acked(__LINE__, (n))
/* At most `most` pure ACKs with the present numbers; how many there were. */
#define acks(most) script_acks(__LINE__, (most))
#define any_reset() script_any_reset(__LINE__)  /* a RST, in whatever form */
/* Everything that is owed now: segments with text, and octets of text in order from SND_NXT. */
#define drain() script_drain(__LINE__)
#define discard() script_discard(__LINE__)      /* the same, whatever it is; how many */
#define after(delay) script_after(__LINE__, (delay))
#define quiet() script_quiet(__LINE__)
#define state(st) script_state(__LINE__, 1u << TCP_##st)
#define state_is(st) script_state(__LINE__, 1u << (st))
#define state_one_of(st1, st2) script_state(__LINE__, 1u << TCP_##st1 | 1u << TCP_##st2)
/* The last segment in was refused by this step; "" for: it was not refused. */
#define dropped(rule) script_dropped(__LINE__, (rule))
/* Exactly these became ready since the last time. */
#define ready(bits) script_ready(__LINE__, (bits), UINT32_MAX)
#define ready_has(bits) script_ready(__LINE__, (bits), (bits))
#define ready_lacks(bits) script_ready(__LINE__, 0, (bits))
#define reason(status) script_reason(__LINE__, AKSU_##status)
#define event_count(kind) script_events(AKSU_EV_##kind)
#define check(what) script_check(__LINE__, (what), #what)
#define check_eq(a, b) script_check_eq(__LINE__, (uint64_t)(a), (uint64_t)(b), #a " == " #b)

/* User calls. One that is refused must be followed by expect(). */
#define user_open_active() script_open(__LINE__, true)
#define user_open_passive() script_open(__LINE__, false)
#define user_send(n) script_send(__LINE__, (n), 0)
#define user_send_urgent(n) script_send(__LINE__, (n), AKSU_URGENT_DATA)
#define user_send_more(n) script_send(__LINE__, (n), AKSU_MORE)
#define user_receive(n) script_receive(__LINE__, (n), (n))
#define user_close() script_call(__LINE__, "CLOSE", tcp_close(&w.tcp, w.now))
#define user_release() script_call(__LINE__, "release", tcp_release(&w.tcp, w.now))
#define user_abort() script_call(__LINE__, "ABORT", tcp_abort(&w.tcp, w.now))
#define user_complete() script_call(__LINE__, "complete", tcp_complete(&w.tcp, w.now))
#define user_refuse() script_call(__LINE__, "refuse", tcp_refuse(&w.tcp, w.now))
#define user_set(option, v)                                                                       \
    script_call(__LINE__, "set " #option, tcp_set(&w.tcp, AKSU_OPTION_##option, (v), w.now))
/* The last call answered this; a count is what SEND took or RECEIVE gave. */
#define expect(status) script_expect(__LINE__, -(ptrdiff_t)AKSU_##status)
#define expect_count(n) script_expect(__LINE__, (ptrdiff_t)(n))
#define expect_one_of(s1, s2) script_expect_either(__LINE__, AKSU_##s1, AKSU_##s2)

/* Rows of tests/ledger/segment-arrives.md that what follows exercises in the present state. They
 * count when the script has passed. */
#define covers(rows) script_covers(w.tcp.state, (rows))
#define covers_in(st, rows) script_covers(TCP_##st, (rows))

#define each(st, list)                                                                            \
    (size_t st##_i = 0; st##_i < sizeof(list) / sizeof(list)[0]; st##_i++)                        \
        for (enum aksu_tcp_state st = (list)[st##_i], *st##_once = &st; st##_once; st##_once = NULL)

#define config (w.env.config)
#define SND_UNA (w.una)         /* as the wire shows them, counted from the ISNs */
#define SND_NXT (w.nxt)
#define RCV_NXT (w.acked)
#define RCV_WND (w.edge - w.acked)
#define MSS_PEER 1000u          /* what the peer announces unless told otherwise */
#define WINDOW_PEER 20000u

/* SYN-RECEIVED and the synchronized states, RFC 9293 3.5.2. */
extern const enum aksu_tcp_state segment_states[8], synchronized[7];
/* Where text still arrives; where it is over. */
extern const enum aksu_tcp_state reading[3], after_fin[4];

void script_given(enum aksu_tcp_state st, const struct given *how);
void script_given_closed_window(int line, enum aksu_tcp_state st);
void script_in(int line, const struct line *x);
void script_out(int line, const struct line *x);
void script_batch(int line, const struct line *x);
unsigned script_acks(int line, unsigned most);
void script_any_reset(int line);
unsigned script_discard(int line);
struct drained { uint32_t segments, octets; } script_drain(int line);
void script_acked(int line, uint32_t n);
void script_after(int line, aksu_time delay);
void script_quiet(int line);
void script_state(int line, uint32_t allowed);
void script_dropped(int line, const char *rule);
void script_ready(int line, uint32_t bits, uint32_t mask);
void script_reason(int line, enum aksu_status status);
uint64_t script_events(enum aksu_event_kind kind);
void script_check(int line, bool ok, const char *what);
void script_check_eq(int line, uint64_t a, uint64_t b, const char *what);
void script_open(int line, bool active);
void script_send(int line, uint32_t n, unsigned flags);
void script_receive(int line, uint32_t room, uint32_t n);
void script_call(int line, const char *name, enum aksu_status status);
void script_expect(int line, ptrdiff_t answer);
void script_expect_either(int line, enum aksu_status a, enum aksu_status b);
void script_covers(enum aksu_tcp_state st, const char *rows);
struct aksu_info script_status(void);

#endif
