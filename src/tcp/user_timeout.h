/* user_timeout.h - the user timeout and its option (RFC 5482). Called by OPEN, SEGMENT ARRIVES,
 * output, timeouts and settings. */
#ifndef TCP_USER_TIMEOUT_H
#define TCP_USER_TIMEOUT_H

#include "tcp/tcp.h"

/* What the peer's segment says; nothing happens unless the option is enabled. */
void user_timeout_heard(struct tcp *t, const struct tcp_options *peer, aksu_time now);
/* The connection is ESTABLISHED: what the SYN said counts from now on. */
void user_timeout_begin(struct tcp *t, aksu_time now);
/* Our own option. On a SYN, and on the one segment that owes it. */
void user_timeout_say(struct tcp *t, struct tcp_options *out);
/* How long text may wait for its ACK now, and an idle connection for a keep-alive; milliseconds. */
uint32_t user_timeout_now(const struct tcp *t);
uint32_t user_timeout_keepalive_idle(const struct tcp *t);
enum aksu_status user_timeout_set(struct tcp *t, enum aksu_option option, int64_t value,
                                  aksu_time now);
uint16_t user_timeout_coded(uint32_t seconds);

#endif
