/* net.h - the network of one run: the program's stack, the gateway's stack, the link between
 * them. */
#ifndef RUN_NET_H
#define RUN_NET_H

#include "aksu/device.h"
#include "aksu/socket.h"
#include "run/run.h"

struct run_net {
    struct aksu *guest;                 /* under the program's sockets */
    struct aksu *world;                 /* the gateway's: every address but the guest's */
    struct aksu_pair link;
};

/* The events of each stack go to its sink, which may be NULL. false: a sentence was written to
 * stderr. */
bool run_net_open(struct run_net *net, const struct run_options *options, struct aksu_sink *guest,
                  struct aksu_sink *world, aksu_time now);
void run_net_close(struct run_net *net);
/* Frames both ways, a bounded number. true: some moved. */
bool run_net_move(struct run_net *net, aksu_time now);
/* Does what is due, and says when to call again. */
aksu_time run_net_timeouts(struct run_net *net, aksu_time now);

#endif
