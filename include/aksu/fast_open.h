/* fast_open.h - TCP Fast Open (RFC 7413): text on the SYN. Off unless it is asked for, because the
 * network may deliver a SYN twice, and its text with it: only for what may be done twice
 * (RFC 7413 6.1), in both directions. Include it beside socket.h.
 *
 * Client: aksu_open with `fast_open`, then aksu_send before the next aksu_frame_out: what is queued
 * when the SYN leaves goes on it, as much as fits, when the server has given us a cookie before;
 * else a cookie is asked for. `fast_open_wait` gives the program time to send. Nothing is lost
 * either way: what the server does not take is sent again with the first ACK. What harmed is not
 * tried again for a while, for this server and port. With `fast_open_no_cookie` text goes without a
 * cookie, for peers that are known to want none (RFC 7413 7.3); nothing is remembered then.
 *
 * Server: `fast_open` of struct aksu_listen says how many connections may be open before their
 * handshake has ended; beyond, and with a cookie that is not good, the text is left for the client
 * to send again. The connection can be accepted at once, read from and sent to, in the state
 * AKSU_TCP_SYN_RECEIVED; AKSU_CONNECTED follows, or AKSU_FAILED. `fast_open_no_cookie` takes text
 * from anybody: for laboratories, and where spoofed addresses cannot come from. */
#ifndef AKSU_FAST_OPEN_H
#define AKSU_FAST_OPEN_H

#include "aksu/socket.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Octets of text that the SYN of such an OPEN would carry at most; 0: there is no cookie, or Fast
 * Open with this peer is off for now. Or -status, as aksu_open. */
AKSU_API ptrdiff_t aksu_fast_open_room(const struct aksu *net, const struct aksu_open *how,
                                       aksu_time now);

/* 16 octets each [of the seed, another every 12 hours, the one before is good as long]: servers
 * with one key take each other's cookies, Linux too (TCP_FASTOPEN_KEY). `before`: cookies made with
 * it are still good, and replaced; or NULL. */
AKSU_API void aksu_set_fast_open_key(struct aksu *net, const uint8_t *key, const uint8_t *before);

#ifdef __cplusplus
}
#endif
#endif
