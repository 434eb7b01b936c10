/* pump.h - octets between the program's descriptors and its connections. */
#ifndef RUN_PUMP_H
#define RUN_PUMP_H

#include "run/sockets.h"

/* What epoll says of our end (the `ready` of every socket's watch). */
void run_pump_ready(struct gateway_watch *watch, uint32_t events, aksu_time now);
/* What the program's stack says, of all its connections. true: something. */
bool run_pump_readiness(struct run *run, aksu_time now);
/* The device is gone: every connection has failed, and the program's sockets say so. */
void run_pump_cut_off(struct run *run, aksu_time now);
/* The program has ended: what it was still connecting to is given up. */
void run_pump_stop_connecting(struct run *run, aksu_time now);
/* One turn for each socket that has something to move. true: some had. */
bool run_pump_work(struct run *run, aksu_time now);

#endif
