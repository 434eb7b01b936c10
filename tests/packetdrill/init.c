/* init.c - what packetdrill looks for in a shared object: the entry, and the end. */
#include <stdio.h>
#include <stdlib.h>

#include "adapter.h"

struct pd pd = { .lock = PTHREAD_MUTEX_INITIALIZER };
struct packetdrill_interface pd_interface;

static void call_free(void *u)
{
    (void)u;
    pthread_mutex_lock(&pd.lock);
    pd_sockets_forget();
    pd_stack_down();
    pthread_mutex_unlock(&pd.lock);
}

void packetdrill_interface_init(const char *flags, struct packetdrill_interface *out)
{
    unsetenv("LD_PRELOAD");                     /* not for the programs that a script starts */
    call_free(NULL);                            /* of a script before, that failed */
    snprintf(pd.flags, sizeof pd.flags, "%s", flags ? flags : "");
    pd_clock_init();
    out->userdata = NULL;
    out->free = call_free;
    out->netdev_send = pd_netdev_send;
    out->netdev_receive = pd_netdev_receive;
    out->usleep = pd_usleep;
    out->gettimeofday = pd_gettimeofday;
    pd_calls_init(out);
    pd_text_init(out);
    pd_options_init(out);
    pd_ready_init(out);
    pd_interface = *out;
}
