/* net.h - the network of one run: the program's stack, and either the gateway's stack and the link
 * between them, or a device. */
#ifndef RUN_NET_H
#define RUN_NET_H

#include "aksu/device.h"
#include "aksu/socket.h"
#include "base/prng.h"
#include "run/device.h"
#include "run/trace.h"

struct run_net {
    struct aksu *guest;                 /* under the program's sockets */
    struct aksu *world;                 /* the gateway's: every address but the guest's; NULL with
                                           a device */
    struct aksu_pair link;
    struct aksu_path *path[2];          /* from the guest, to the guest; NULL: none. With a device
                                           they are the host's */
    unsigned batch;                     /* frames that come out of a path and go in together */
    struct run_device device;
    struct prng random;
};

/* The events of each stack go to its sink, which may be NULL. false: a sentence was written to
 * stderr. */
bool run_net_open(struct run_net *net, const struct run_options *options,
                  struct gateway_poller *poller, const struct run_trace *trace, aksu_time now);
void run_net_close(struct run_net *net);
/* The program starts. */
void run_net_start(struct run_net *net, const struct run_options *options, aksu_time now);
/* The program's stack has connections that have not ended, TIME-WAIT aside. */
bool run_net_is_open(const struct run_net *net);
/* Frames both ways, a bounded number. true: some moved, or the stack has news. */
bool run_net_move(struct run_net *net, aksu_time now);
/* Does what is due, and says when to call again. */
aksu_time run_net_timeouts(struct run_net *net, aksu_time now);
/* What the program's stack says. */
bool run_net_next_ready(struct run_net *net, struct aksu_ready *out);
static inline bool run_net_has_device(const struct run_net *net)
{
    return net->device.host != NULL;
}

#endif
