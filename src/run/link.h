/* link.h - the AF_UNIX stream between the program's descriptor and ours.
 *
 * The program's end exists, unconnected, from socket() on and stays the same for life, so that what
 * was set or registered on it survives. connect() joins it to an end of ours. Until the handshake
 * is over its send side is stuffed with junk: not writable, as a connecting TCP socket is not.
 * After that one octet that has been dealt with always stays unread in our end: closing an AF_UNIX
 * end with something unread is what lets the other side see ECONNRESET. */
#ifndef RUN_LINK_H
#define RUN_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

struct run_linker {
    int listener;
    struct sockaddr_un name;
    socklen_t name_length;
};

/* false: errno says why. */
bool run_linker_open(struct run_linker *linker);
void run_linker_close(struct run_linker *linker);

/* An unconnected end for the program; `flags`: 0 or SOCK_NONBLOCK. Or -errno. */
int run_link_socket(int flags);
/* Joins it; returns our end, or -errno. */
int run_link_join(const struct run_linker *linker, int program);
/* Fills the program's send side until it would block; the octets that took. */
size_t run_link_stuff(int program);
/* Takes the junk out again but for one octet, which is returned as 1 and stays, and opens the
 * way. */
size_t run_link_unstuff(int ours, int program, size_t junk);
/* Takes the last octet out too: closing our end is not a reset any more. */
void run_link_clean(int ours);

#endif
