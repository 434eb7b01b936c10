/* get.h - what the files of `aksu get` share: get.c reads the command line and follows
 * redirections, get_connect.c connects, get_transfer.c is one request and its response. */
#ifndef CLI_GET_H
#define CLI_GET_H

#include <poll.h>

#include "cli/body.h"
#include "cli/host_options.h"
#include "cli/progress.h"
#include "cli/url.h"

/* Exit statuses; those that curl has as well are its. */
enum { GET_OK = 0, GET_PROTOCOL = 1, GET_NAME = 6, GET_CONNECT = 7, GET_WEIRD = 8, GET_HTTP = 22,
       GET_WRITE = 23, GET_READ = 26, GET_TIMEOUT = 28, GET_REDIRECTS = 47, GET_EMPTY = 52,
       GET_RECEIVE = 56, GET_INTERRUPTED = 130,
       GET_AGAIN = 256              /* the URL has changed: a redirection */ };

struct get {
    struct cli_host host;
    struct aksu *net;
    const char *output, *upload;    /* names of files; NULL: stdout, none */
    uint64_t connect_timeout, timeout;  /* seconds */
    bool verbose;
    struct url url;
    aksu_conn conn;
    struct body in, out;            /* the response's body; the file that is sent */
    struct progress progress;
    struct pollfd more[2];          /* signals; the output while it is blocked */
    aksu_time idle_until;
    char head[HTTP_HEAD_MOST];
};

/* A sentence about this URL on stderr. Returns `status`. */
int get_fail(struct get *g, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The exit status for a connection that failed so. */
int get_status_of(enum aksu_status status);
/* Waits for news. GET_OK, or why it is over. */
int get_wait(struct get *g, aksu_time until);
/* Connects to one of the addresses: the next one is tried when one fails, and also when it has not
 * answered after 250 ms (RFC 8305 5); g->conn is the first that is established. */
int get_connect(struct get *g, const struct aksu_ip *ip, unsigned count);
/* Request and response on g->conn. */
int get_transfer(struct get *g);

#endif
