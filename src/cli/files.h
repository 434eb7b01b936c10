/* files.h - the directory that `aksu serve` shows: nothing outside of it is ever opened, whatever
 * dots and symbolic links a path has. */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct files {
    int root;
    bool writable;
    unsigned open, most;            /* descriptors of files */
};

/* Opens the directory. false: errno. */
bool files_init(struct files *f, const char *directory, bool writable);
void files_fini(struct files *f);

/* What a path (relative to the root, "" for itself) stands for: a file, or a text. */
struct files_found {
    int fd;                         /* -1: `text` */
    uint64_t size;
    const char *type;
    char *text;                     /* a directory's listing, malloc()ed */
};
/* 200; 301: a directory whose path lacks the slash at the end; 403, 404, 500, 503: too many files
 * are open. */
unsigned files_find(struct files *f, const char *path, struct files_found *out);
void files_close(struct files *f, int fd);

/* A file that is received: under another name until it is complete. */
struct files_upload {
    int directory, fd;              /* -1: none */
    bool replaces;
    char name[NAME_MAX + 1], temporary[40];
};
/* 200: fd is to be written. Else 400, 403, 404, 405 (a directory), 500, 503, 507. */
unsigned files_upload_begin(struct files *f, const char *path, struct files_upload *out);
/* 201 or 204: it is there now; else as above. Closed in any case. */
unsigned files_upload_end(struct files *f, struct files_upload *u);
void files_upload_drop(struct files *f, struct files_upload *u);
/* The status for an errno. */
unsigned files_status(int error);

#endif
