/* settings.h - the socket options that mean something to the connection, as a table. */
#ifndef RUN_SETTINGS_H
#define RUN_SETTINGS_H

#include "run/sockets.h"

struct run_setting {
    int level, name;
    size_t field;               /* of struct run_settings, an int */
    int least, most;            /* of what the program may set; most 0: a truth value */
    int option;                 /* enum aksu_option; -1: it is only remembered */
    int shift;                  /* what the stack gets: the value, >> this */
    int scale;                  /* ... times this */
    int initially;              /* what getsockopt() answers while nothing was set */
};

/* NULL: not in the table. */
const struct run_setting *run_setting_find(int level, int name);
int *run_setting_field(struct run_settings *settings, const struct run_setting *setting);
/* Hands one of them to a connection that exists. */
void run_setting_apply(const struct run_socket *socket, const struct run_setting *setting,
                       aksu_time now);

#endif
