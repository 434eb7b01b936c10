/* stack_help.h - two stacks over the pair device, in virtual time: what the tests of stack/ and
 * socket/ share. */
#ifndef TESTS_STACK_HELP_H
#define TESTS_STACK_HELP_H

#include "help.h"

#include "aksu/device.h"
#include "aksu/socket.h"
#include "aksu/udp.h"

enum { CLIENT, SERVER };

struct link_options {
    struct aksu_config config[2];
    bool ethernet, v6, carries_loopback;
    uint32_t offload, mtu;
};

struct two {
    struct aksu *net[2];
    struct aksu_pair pair;
    aksu_time now;
    bool v6;
};

/* Takes away what is owed: the announcements of new addresses, which nobody is to hear. They last
 * ANNOUNCED. */
#define ANNOUNCED AKSU_SECONDS(2)
void announce_to_nobody(struct aksu *net, aksu_time now);

/* 10.0.0.1/24 and 10.0.0.2/24, and fd00::1/64, fd00::2/64, announced long ago. NULL: the
 * defaults. */
void two_init(struct two *w, const struct link_options *options);
void two_fini(struct two *w);

/* Moves frames until neither side has any. */
size_t move(struct two *w);
/* Virtual time passes: timeouts at their deadlines, frames as they come. */
void wait_for(struct two *w, aksu_time time);
/* The address of one side in the family of the test. */
struct aksu_ip ip_of(const struct two *w, unsigned side);
struct aksu_ip ip_text(const char *text);

/* What the side's connection became ready for, all of it; 0: nothing. */
uint32_t ready_bits(struct aksu *net, aksu_conn conn);
aksu_listener listen_on(struct two *w, unsigned side, uint16_t port, bool hold);
/* Opened, not yet moved. */
aksu_conn open_to(struct two *w, uint16_t port);
/* A connection, client and server end. */
void connect_pair(struct two *w, aksu_listener l, uint16_t port, aksu_conn out[2]);
enum aksu_tcp_state state_of(struct aksu *net, aksu_conn conn);

/* One frame from `side`, or none; it stays with the caller. */
bool take_frame(struct two *w, unsigned side, struct aksu_frame *out);
uint64_t counted(struct aksu *net, enum aksu_event_kind kind);

#endif
