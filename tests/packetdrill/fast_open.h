/* fast_open.h - what the other files of the adapter ask of fast_open.c. */
#ifndef PACKETDRILL_FAST_OPEN_H
#define PACKETDRILL_FAST_OPEN_H

#include "adapter.h"

/* The bits of tcp_fastopen, as the kernel documents them (ip-sysctl). */
enum { PD_TFO_CLIENT = 1, PD_TFO_SERVER = 2, PD_TFO_CLIENT_NO_COOKIE = 4,
       PD_TFO_SERVER_NO_COOKIE = 0x200, PD_TFO_ALL_LISTENERS = 0x400 };
void pd_fast_open_listener(const struct pd_socket *s, struct aksu_listen *how);
/* Is it for us? Then *result is the call's. */
bool pd_fast_open_set(struct pd_socket *s, int level, int name, const void *data,
                      socklen_t length, int *result);
bool pd_fast_open_connect(struct pd_socket *s, const struct aksu_endpoint *remote, int *result);
bool pd_fast_open_send(struct pd_socket *s, size_t length, int flags,
                       const struct sockaddr *address, socklen_t address_length,
                       ssize_t *result);
void pd_syn_count(const struct pd_socket *s);       /* TCP_SYNCNT, while it connects */

#endif
