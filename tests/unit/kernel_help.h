/* kernel_help.h - a stack against the kernel's TCP over a real device, in one thread and in a
 * network namespace of this process alone. */
#ifndef TESTS_KERNEL_HELP_H
#define TESTS_KERNEL_HELP_H

#include "help.h"

#include "aksu/device.h"
#include "aksu/socket.h"

/* A new network namespace; also without privilege, where users may make one. False, and `why`: not
 * here. To be called once, before anything is opened. */
bool kernel_namespace(char why[AKSU_WHY]);
/* Runs ip(8) with these words; it must succeed. */
void ip_command(const char *format, ...) __attribute__((format(printf, 1, 2)));

enum { PEER_TEXT = 3 << 20 };

/* The kernel's end has 10.9.0.1/24 and fd09::1/64, the stack's the same with 2. */
struct peer {
    struct aksu_interface *i;
    struct aksu *net;
    aksu_device device;
    aksu_conn conn;
    int fd;                         /* the kernel's end of the connection */
    size_t sent, received, kernel_sent, kernel_received;
};

aksu_time peer_now(void);
/* Gives the kernel's interface its addresses, and puts it up. */
void kernel_addresses(const char *interface);
void peer_init(struct peer *p, struct aksu_interface *i);
/* Closes the interface too. */
void peer_fini(struct peer *p);
/* Frames, timers; then waits for `ms` at most. */
void peer_turn(struct peer *p, int ms);
/* Opened by the stack, or by the kernel. */
void peer_connect(struct peer *p, bool v6, bool by_kernel);
/* Both ways at the same time, until `most` octets each or `until`; what arrives is compared. True:
 * all of it. */
bool peer_exchange(struct peer *p, size_t most, aksu_time until);
/* Closed by the stack; the kernel answers. */
void peer_close(struct peer *p);

#endif
