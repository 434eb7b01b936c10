/* files.c - files and listings of one directory. openat2(RESOLVE_BENEATH) is what keeps paths
 * inside. */
#include "cli/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { KEPT_BACK = 32, NAMES_MOST = 10000, RENAMED_MOST = 64 };

static int open_beneath(int directory, const char *path, int flags)
{
    unsigned all = (unsigned)(flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct open_how how = { .flags = all, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
    int fd, tries = RENAMED_MOST;

    do                                  /* EAGAIN: something was renamed while ".." was followed */
        fd = (int)syscall(SYS_openat2, directory, *path ? path : ".", &how, sizeof how);
    while (fd < 0 && errno == EAGAIN && --tries > 0);
    return fd;
}

bool files_init(struct files *f, const char *directory, bool writable)
{
    struct rlimit limit;

    *f = (struct files){ .writable = writable };
    f->root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->root < 0)
        return false;
    int again = open_beneath(f->root, "", O_RDONLY | O_DIRECTORY);    /* before Linux 5.6: ENOSYS */
    if (again < 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return false;
    close(again);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    uint64_t most = limit.rlim_cur > 2 * KEPT_BACK ? limit.rlim_cur - KEPT_BACK : KEPT_BACK;
    f->most = most < UINT32_MAX ? (unsigned)most : UINT32_MAX;
    return true;
}

void files_fini(struct files *f)
{
    close(f->root);
}

unsigned files_status(int error)
{
    switch (error) {
    case EMFILE: case ENFILE: case ENOMEM: case EAGAIN:
        return 503;
    case EACCES: case EPERM: case EROFS:
        return 403;
    case ENOSPC: case EDQUOT: case EFBIG:
        return 507;
    case EIO:
        return 500;
    default:
        return 404;         /* what leads out of the directory (EXDEV) is not there */
    }
}

static const char *type_of(const char *path)
{
    static const struct { const char *suffix, *type; } types[] = {
        { "html", "text/html; charset=utf-8" }, { "htm", "text/html; charset=utf-8" },
        { "txt", "text/plain; charset=utf-8" }, { "md", "text/plain; charset=utf-8" },
        { "c", "text/plain; charset=utf-8" }, { "h", "text/plain; charset=utf-8" },
        { "css", "text/css" }, { "js", "text/javascript" }, { "json", "application/json" },
        { "svg", "image/svg+xml" }, { "png", "image/png" }, { "jpg", "image/jpeg" },
        { "jpeg", "image/jpeg" }, { "gif", "image/gif" }, { "webp", "image/webp" },
        { "ico", "image/x-icon" }, { "pdf", "application/pdf" }, { "xml", "application/xml" },
        { "wasm", "application/wasm" }, { "mp4", "video/mp4" }, { "mp3", "audio/mpeg" },
    };
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot && i < sizeof types / sizeof types[0]; i++) {
        if (strcasecmp(dot + 1, types[i].suffix) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

/* --- listings --- */

static void put_html(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("<>&\"'", *text))
            fprintf(out, "&#%d;", *text);
        else
            putc(*text, out);
    }
}

static void put_href(FILE *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
            || strchr("-._~/", c))
            putc(c, out);
        else
            fprintf(out, "%%%02X", c);
    }
}

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void put_entries(FILE *out, struct dirent **entries, int count)
{
    for (int i = 0; i < count; i++) {
        const char *slash = entries[i]->d_type == DT_DIR ? "/" : "";
        if (i < NAMES_MOST) {
            fputs("<li><a href=\"./", out);
            put_href(out, entries[i]->d_name);
            fprintf(out, "%s\">", slash);
            put_html(out, entries[i]->d_name);
            fprintf(out, "%s</a>\n", slash);
        }
        free(entries[i]);
    }
    if (count > NAMES_MOST)
        fprintf(out, "<li>and %d more\n", count - NAMES_MOST);
}

static unsigned list(int fd, const char *path, struct files_found *out)
{
    struct dirent **entries;
    size_t size;
    char *text;
    int count = scandirat(fd, ".", &entries, not_hidden, alphasort);
    FILE *page = count >= 0 ? open_memstream(&text, &size) : NULL;

    if (!page) {
        while (count > 0)
            free(entries[--count]);
        return 503;
    }
    fputs("<!DOCTYPE html>\n<meta charset=utf-8>\n<title>/", page);
    put_html(page, path);
    fputs("</title>\n<h1>/", page);
    put_html(page, path);
    fprintf(page, "</h1>\n<ul>\n%s", *path ? "<li><a href=\"../\">../</a>\n" : "");
    put_entries(page, entries, count);
    free(entries);
    fputs("</ul>\n", page);
    if (fclose(page) != 0)
        return 503;
    *out = (struct files_found){ -1, size, "text/html; charset=utf-8", text };
    return 200;
}

/* --- files --- */

static unsigned find_directory(struct files *f, int directory, const char *path,
                               struct files_found *out)
{
    size_t length = strlen(path);
    struct stat about = { .st_mode = 0 };

    if (length > 0 && path[length - 1] != '/')
        return 301;
    int fd = open_beneath(directory, "index.html", O_RDONLY);
    if (fd < 0)
        return list(directory, path, out);
    if (fstat(fd, &about) < 0 || !S_ISREG(about.st_mode)) {
        close(fd);
        return list(directory, path, out);
    }
    f->open++;
    *out = (struct files_found){ fd, (uint64_t)about.st_size, type_of("index.html"), NULL };
    return 200;
}

unsigned files_find(struct files *f, const char *path, struct files_found *out)
{
    struct stat about = { .st_mode = 0 };

    if (f->open >= f->most)
        return 503;
    int fd = open_beneath(f->root, path, O_RDONLY);
    if (fd < 0)
        return files_status(errno);
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode)) {
        f->open++;
        *out = (struct files_found){ fd, (uint64_t)about.st_size, type_of(path), NULL };
        return 200;
    }
    unsigned status = S_ISDIR(about.st_mode) ? find_directory(f, fd, path, out) : 403;
    close(fd);
    return status;
}

void files_close(struct files *f, int fd)
{
    close(fd);
    f->open--;
}

/* --- uploads --- */

static bool make_temporary(struct files_upload *u)
{
    uint64_t random;

    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
        return false;
    snprintf(u->temporary, sizeof u->temporary, ".aksu-upload-%016llx", (unsigned long long)random);
    u->fd = openat(u->directory, u->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                   0666);
    return u->fd >= 0;
}

unsigned files_upload_begin(struct files *f, const char *path, struct files_upload *out)
{
    char parent[PATH_MAX] = "";
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    struct stat about;

    if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return 405;
    if (f->open + 1 >= f->most)
        return 503;
    if (strlen(name) > NAME_MAX || strlen(path) >= sizeof parent)
        return 400;
    memcpy(parent, path, (size_t)(name - path));
    *out = (struct files_upload){ .fd = -1 };
    memcpy(out->name, name, strlen(name) + 1);
    out->directory = open_beneath(f->root, parent, O_RDONLY | O_DIRECTORY);
    if (out->directory < 0)
        return files_status(errno);
    out->replaces = fstatat(out->directory, name, &about, AT_SYMLINK_NOFOLLOW) == 0;
    unsigned status = out->replaces && S_ISDIR(about.st_mode) ? 405 : 200;
    if (status == 200 && !make_temporary(out))
        status = files_status(errno);
    if (status == 200)
        f->open += 2;
    else
        close(out->directory);
    return status;
}

unsigned files_upload_end(struct files *f, struct files_upload *u)
{
    int error = close(u->fd) == 0 ? 0 : errno;      /* some file systems say only now: full */

    if (error == 0 && renameat(u->directory, u->temporary, u->directory, u->name) < 0)
        error = errno;
    if (error != 0)
        unlinkat(u->directory, u->temporary, 0);
    close(u->directory);
    f->open -= 2;
    u->fd = -1;
    return error != 0 ? files_status(error) : u->replaces ? 204 : 201;
}

void files_upload_drop(struct files *f, struct files_upload *u)
{
    unlinkat(u->directory, u->temporary, 0);
    close(u->fd);
    close(u->directory);
    f->open -= 2;
    u->fd = -1;
}
