/* get.h - what the files of `aksu get` share: get.c is what it does with the stack, get_command.c
 * its command line, get_message.c what it says and understands, get_output.c where the body
 * goes. */
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
    int pipe;                       /* the output, if it is a named pipe; else -1 */
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

/* get.c. All of it: an exit status, after a sentence if that is not 0. */
int get(struct get *g);

/* get_message.c. A sentence about this URL on stderr. Returns `status`. */
int get_fail(struct get *g, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same about a connection that failed so. */
int get_fail_connection(struct get *g, enum aksu_status status);
/* The file that is sent cannot be read any more: g->out.error. */
int get_fail_upload(struct get *g);
int get_status_of(enum aksu_status status);
/* The request; its length. */
enum { GET_REQUEST = URL_PATH + URL_AUTHORITY + 256 };
size_t get_write_request(const struct get *g, char out[GET_REQUEST]);
/* The head in g->head, 0: it has no end. GET_OK, or why it is over. */
int get_read_head(struct get *g, size_t length, struct http_message *m);
/* GET_OK: its body is wanted; GET_AGAIN: g->url is another one now. */
int get_judge(struct get *g, const struct http_message *m);
/* With --verbose. */
void get_tell_attempt(const struct get *g, const struct aksu_endpoint *remote);
void get_tell_connected(const struct get *g, const struct aksu_info *info);
void get_tell_end(const struct get *g, const struct aksu_info *info, aksu_time lasted);
/* Octets of the body that comes or goes. */
uint64_t get_moved(const struct get *g);

/* get_output.c. Opens it, for this body; g->in. GET_OK, or why not. */
int get_open_output(struct get *g, const struct http_message *m);
/* After the body, which ended so, or with this status. */
int get_close_output(struct get *g, int status, enum body_end end);

#endif
