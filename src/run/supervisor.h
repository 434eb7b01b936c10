/* supervisor.h - everything one `aksu run` has. loop.c owns it; the calls and the pump work on
 * it. */
#ifndef RUN_SUPERVISOR_H
#define RUN_SUPERVISOR_H

#include "gateway/gateway.h"
#include "run/child.h"
#include "run/link.h"
#include "run/net.h"
#include "run/notify.h"
#include "run/sockets.h"
#include "run/trace.h"

struct run {
    const struct run_options *options;
    const char *program;
    struct gateway_poller poller;
    struct gateway_watch signals;
    struct run_trace trace;
    struct run_net net;
    struct gateway *gateway;            /* NULL with a device */
    struct run_linker linker;
    struct run_notify notify;
    struct run_sockets sockets;
    struct run_child child;
    aksu_time sweep_at;         /* look for closed sockets that are still connecting */
    bool told_of_servers, told_of_memory, told_of_loopback;
    bool cut_off;               /* the device is gone, and the connections were told */
    bool detached;              /* the program ended; what it left behind is served */
    bool stop;                  /* asked to, after the program's end */
};

#endif
