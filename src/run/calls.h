/* calls.h - the handlers of the announced calls (names and arguments as in section 2 of the
 * manual), and what they share. Each returns the call's value, -errno, RUN_CONTINUE or
 * RUN_ANSWERED. */
#ifndef RUN_CALLS_H
#define RUN_CALLS_H

#include <sys/socket.h>

#include "run/notify.h"
#include "run/sockets.h"

int64_t run_call_socket(struct run_call *call);
int64_t run_call_bind(struct run_call *call);
int64_t run_call_listen(struct run_call *call);
int64_t run_call_connect(struct run_call *call);
int64_t run_call_getsockname(struct run_call *call);
int64_t run_call_getpeername(struct run_call *call);
int64_t run_call_getsockopt(struct run_call *call);
int64_t run_call_setsockopt(struct run_call *call);
int64_t run_call_ioctl(struct run_call *call);

/* The end of a handshake, told to the program in its own way: a waiting connect() returns, a
 * non-blocking one becomes writable. `error`: an errno value. */
void run_connect_succeeded(struct run_socket *socket, aksu_time now);
void run_connect_failed(struct run_socket *socket, int error);
/* Answers the connect() calls whose SO_SNDTIMEO is over; returns when the next one is. */
aksu_time run_connect_timeouts(struct run *run, aksu_time now);

/* Hands the program's settings to the connection. */
void run_settings_apply(const struct run_socket *socket, aksu_time now);

/* Memory of the program; 0, -EFAULT, or -EPERM after a sentence on stderr. */
int run_memory_read(const struct run_call *call, uint64_t address, void *out, size_t length);
int run_memory_write(const struct run_call *call, uint64_t address, const void *data,
                     size_t length);
/* One sentence, once, that `what` was refused; errno says how. */
void run_memory_refused(struct run *run, const char *what);

/* A socket address argument. 0, or -errno in the order in which Linux looks at it. */
int run_address_read(const struct run_call *call, uint64_t address, uint64_t length,
                     struct sockaddr_storage *out);
/* A value-result pair: what fits is copied, the whole length is told. */
int run_result_write(const struct run_call *call, uint64_t address, uint64_t length_address,
                     const void *data, size_t length, bool tell_whole);

/* The errno value for a reason. */
int run_errno(enum aksu_status status);

#endif
