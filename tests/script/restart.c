/* restart.c - scripts that are put back to their middle; see restart.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/region.h"
#include "tests/script/restart.h"

enum { PIECES = 8 };

struct piece {
    void *start;
    size_t size;
    struct pool *pool;
    void *copy;
    size_t copied;
};

/* What a run has shown: how many pieces, and all of them. */
struct shown {
    unsigned long count;
    struct digest digest;
};

static struct {
    bool on, child, again;
    unsigned long moment, at;
    struct piece piece[PIECES];
    unsigned pieces;
    struct shown shown;
    struct shown *of_child;         /* shared */
} r;

static void *shared(void *at, size_t size)
{
    void *memory = mmap(at, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED : 0), -1, 0);
    if (memory == MAP_FAILED) {
        perror("restart: mmap");
        exit(1);
    }
    return memory;
}

void restart_on(bool on)
{
    r.on = on;
    if (on)
        r.of_child = shared(NULL, sizeof *r.of_child);
}

void restart_share(void *memory, size_t size)
{
    if (r.on)
        (void)shared(memory, size);
}

bool restart_listens(void)
{
    return r.on;
}

void restart_begin(void)
{
    r.pieces = 0;
    r.moment = 0;
    r.again = false;
    memset(&r.shown, 0, sizeof r.shown);
}

void restart_keeps(void *start, size_t size, struct pool *pool)
{
    unsigned i = 0;
    while (i < r.pieces && r.piece[i].start != start)
        i++;
    if (i == PIECES)
        abort();
    r.piece[i] = (struct piece){ .start = start, .size = size, .pool = pool };
    r.pieces = i < r.pieces ? r.pieces : i + 1;
}

void restart_count(void)
{
    r.at = 0;
}

void restart_at(unsigned long moment)
{
    r.at = moment;
}

unsigned long restart_moments(void)
{
    return r.moment;
}

void restart_shows(const void *octets, size_t length)
{
    if (!r.on)
        return;
    r.shown.count++;
    digest_add(&r.shown.digest, octets, length);
}

static void copy_out(void)
{
    for (struct piece *p = r.piece; p < r.piece + r.pieces; p++) {
        p->copied = p->pool ? region_size(p->start, p->pool) : p->size;
        if (!(p->copy = malloc(p->copied)))
            abort();
        if (p->pool)
            region_save(p->start, p->pool, p->copy);
        else
            memcpy(p->copy, p->start, p->size);
    }
}

static bool put_back(void)
{
    bool good = true;
    for (struct piece *p = r.piece; p < r.piece + r.pieces; p++) {
        if (!p->pool)
            memcpy(p->start, p->copy, p->size);
        else if (!region_load(p->start, p->pool, p->copy, p->copied))
            good = false;
        free(p->copy);
    }
    return good;
}

void restart_here(void)
{
    int status;
    if (!r.on || r.child || ++r.moment != r.at)
        return;
    copy_out();
    fflush(stdout);
    pid_t child = fork();
    if (child < 0) {
        perror("restart: fork");
        exit(1);
    }
    r.child = child == 0;
    if (r.child)
        return;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        r.of_child->count = 0;
    r.again = put_back();
}

bool restart_end(bool passed)
{
    if (r.child) {
        *r.of_child = r.shown;
        fflush(stdout);
        _exit(passed ? 0 : 1);
    }
    return passed && r.again && r.shown.count == r.of_child->count
        && memcmp(&r.shown.digest, &r.of_child->digest, sizeof r.shown.digest) == 0;
}
