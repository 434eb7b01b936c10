/* lwip.c - lwIP (Debian's liblwip) as a peer: an HTTP client and server on a TAP.
 *   lwip get TAP ADDRESS SERVER PORT PATH FILE
 *   lwip serve TAP ADDRESS PORT FILE       one connection after the other, until it is killed */
#include <pthread.h>
#include <sys/stat.h>

#include "lwip_tap.h"
#include <lwip/sockets.h>

enum { BLOCK = 65536 };

static char block[BLOCK];

static void *receive(void *unused)
{
    (void)unused;
    while (receive_frame())
        continue;
    return NULL;
}

static void start_with_thread(const char *name, const char *address)
{
    pthread_t thread;

    start(name, address, tcpip_input);
    if (pthread_create(&thread, NULL, receive, NULL) != 0)
        die("no thread");
}

static void write_all(int s, const char *from, size_t length)
{
    while (length > 0) {
        ssize_t n = lwip_write(s, from, length);
        if (n <= 0)
            die("write failed");
        from += n;
        length -= (size_t)n;
    }
}

/* Reads to the end of the lines before the body; returns the octets of the body in `block`. */
static size_t after_head(int s, char **body)
{
    size_t have = 0;

    while (have < BLOCK - 1) {
        ssize_t n = lwip_read(s, block + have, BLOCK - 1 - have);
        if (n <= 0)
            die("no head");
        have += (size_t)n;
        block[have] = 0;
        if ((*body = strstr(block, "\r\n\r\n")) != NULL) {
            *body += 4;
            return have - (size_t)(*body - block);
        }
    }
    die("a head without an end");
    return 0;
}

static int get(char **argv)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = lwip_htons((u16_t)atoi(argv[1])) };
    char *body;
    int s = lwip_socket(AF_INET, SOCK_STREAM, 0);
    FILE *out = fopen(argv[3], "wb");
    ssize_t n;

    if (out == NULL || !ip4addr_aton(argv[0], (ip4_addr_t *)&to.sin_addr))
        die("bad arguments");
    if (lwip_connect(s, (struct sockaddr *)&to, sizeof to) != 0)
        die("no connection");
    n = snprintf(block, BLOCK, "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", argv[2], argv[0]);
    write_all(s, block, (size_t)n);
    size_t first = after_head(s, &body);
    fwrite(body, 1, first, out);
    while ((n = lwip_read(s, block, BLOCK)) > 0)
        fwrite(block, 1, (size_t)n, out);
    if (fclose(out) != 0)
        die("the file cannot be written");
    lwip_close(s);
    usleep(300000);             /* until FIN and its ACK have left */
    return n == 0 ? 0 : 1;
}

static int listener(const char *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = lwip_htons((u16_t)atoi(port)) };
    int s = lwip_socket(AF_INET, SOCK_STREAM, 0);

    if (lwip_bind(s, (struct sockaddr *)&at, sizeof at) != 0 || lwip_listen(s, 4) != 0)
        die("cannot listen");
    puts("listening");
    fflush(stdout);
    return s;
}

static int serve(char **argv)
{
    int s = listener(argv[0]), c;

    while ((c = lwip_accept(s, NULL, NULL)) >= 0) {
        FILE *in = fopen(argv[1], "rb");
        struct stat about;
        char *body;
        size_t n;
        if (in == NULL || fstat(fileno(in), &about) != 0)
            die("no such file");
        after_head(c, &body);
        n = (size_t)snprintf(block, BLOCK, "HTTP/1.0 200 OK\r\nContent-Length: %lld\r\n\r\n",
                             (long long)about.st_size);
        write_all(c, block, n);
        while ((n = fread(block, 1, BLOCK, in)) > 0)
            write_all(c, block, n);
        fclose(in);
        lwip_close(c);
    }
    return 1;
}

int main(int argc, char **argv)
{
    if (argc == 8 && strcmp(argv[1], "get") == 0) {
        start_with_thread(argv[2], argv[3]);
        return get(argv + 4);
    }
    if (argc == 6 && strcmp(argv[1], "serve") == 0) {
        start_with_thread(argv[2], argv[3]);
        return serve(argv + 4);
    }
    die("usage: lwip get TAP ADDRESS SERVER PORT PATH FILE | serve TAP ADDRESS PORT FILE");
    return 2;
}
