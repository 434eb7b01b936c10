/* answer.h - what `aksu serve` answers: HTTP and a directory, without connections. serve.c sends
 * and receives what is told here. */
#ifndef CLI_ANSWER_H
#define CLI_ANSWER_H

#include <time.h>

#include "cli/body.h"
#include "cli/files.h"

struct answers {                    /* of one server */
    struct files files;
    bool stopping;                  /* no more requests on any connection */
    size_t listed;                  /* octets of all listings that are on their way */
    time_t date_at;
    char date[32];                  /* for the field Date */
};

struct answer {                     /* all zero but body.fd -1: none */
    char *text;                     /* a head, and what comes behind it if that is no file */
    size_t length, sent, listed;
    struct body body;               /* to be sent after the text, or received; fd -1: neither */
    struct files_upload *upload;    /* the body is received, and goes here */
    bool persists;                  /* another request may follow */
    bool unread;                    /* this request was not read to its end */
};

/* They replace what is in *out. No text afterwards: no memory for it. */
void answer_request(struct answers *s, const char *head, size_t length, struct answer *out);
void answer_error(struct answers *s, unsigned status, struct answer *out);
/* After the body of an upload, which ended so: BODY_DONE, BODY_FILE or BODY_BAD. */
void answer_upload(struct answers *s, enum body_end end, struct answer *out);
/* Frees it, and closes its file; an upload that is not complete goes. */
void answer_end(struct answers *s, struct answer *a);

#endif
