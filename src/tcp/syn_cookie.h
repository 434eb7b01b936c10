/* syn_cookie.h - a SYN that is answered without a record: what must be known of it stands in the
 * ISN and the timestamp of the SYN,ACK, and comes back in the ACK (RFC 4987 3.6, appendix A).
 * Called by the stack when a listener has no room for half-open connections. */
#ifndef TCP_SYN_COOKIE_H
#define TCP_SYN_COOKIE_H

#include "base/seq.h"
#include "base/siphash.h"
#include "base/time.h"

struct tcp;
struct tcp_env;
struct tcp_segment;
struct tcp_tuple;

/* A cookie is good for this long at least, and for less than twice as long. */
enum { COOKIE_SECONDS = 64 };

struct cookie_keys {
    struct sipkey key, before;
    aksu_time before_until;         /* cookies made with the key before are good until then */
    bool shared;                    /* other stacks answer SYNs too; then the offsets of the */
    struct sipkey clock;            /* timestamps are of this key, the first that was shared */
};

/* Another key from now on, which other stacks have too. What was answered with the last one can
 * still be acknowledged. */
void cookie_share(struct cookie_keys *keys, const struct sipkey *key, aksu_time now);

/* *reply is the SYN,ACK. `mtu`: octets of TCP header + text that IP carries. What comes with the
 * SYN beside it is left to be sent again (RFC 4987 3.6). */
void cookie_answer(const struct tcp_env *env, const struct tcp_tuple *tuple,
                   const struct tcp_segment *syn, uint16_t mtu, struct tcp_segment *reply,
                   aksu_time now);
/* Does `ack` acknowledge such an answer, of late? *syn: the SYN as far as the cookie has kept it.
 * RFC 9293 3.10.7.2 second holds when it does not. */
bool cookie_check(const struct tcp_env *env, const struct tcp_tuple *tuple,
                  const struct tcp_segment *ack, struct tcp_segment *syn, aksu_time now);
/* `t`, in CLOSED, becomes what it would be if `syn` had been answered with `iss` just now: in
 * SYN-RECEIVED, with nothing owed. The ACK comes next. */
void cookie_open(struct tcp *t, const struct tcp_tuple *tuple, const struct tcp_segment *syn,
                 seq_t iss, aksu_time now);
/* `t` has just taken `syn`, which may have been answered by cookie before: with the same ISN the
 * answer to that one is good too. */
void cookie_keep_isn(struct tcp *t, const struct tcp_segment *syn, aksu_time now);

#endif
