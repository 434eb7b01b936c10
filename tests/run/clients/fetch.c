/* fetch ADDRESS PORT BYTES - asks the http server of tests/run and writes what it answers to
 * stdout, with blocking calls only. Static, with musl, it shows that no C library is in the way. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[1 << 16];

static int dial(const char *address, int port)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((unsigned short)port) };
    int is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
    int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);

    if (!is_v4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1)
        return -1;
    int result = is_v4 ? connect(fd, (struct sockaddr *)&v4, sizeof v4)
                       : connect(fd, (struct sockaddr *)&v6, sizeof v6);
    return result < 0 ? -1 : fd;
}

/* Text after the first empty line. */
static int copy_body(int fd)
{
    ssize_t got;
    int matched = 0;

    while ((got = read(fd, buffer, sizeof buffer)) > 0) {
        ssize_t i = 0;
        for (; i < got && matched < 4; i++)
            matched = buffer[i] == "\r\n\r\n"[matched] ? matched + 1 : buffer[i] == '\r';
        if (fwrite(buffer + i, 1, (size_t)(got - i), stdout) != (size_t)(got - i))
            return 1;
    }
    return got < 0 || fflush(stdout) != 0;
}

int main(int argc, char **argv)
{
    char request[64];

    if (argc != 4)
        return 2;
    int fd = dial(argv[1], atoi(argv[2]));
    if (fd < 0) {
        perror("fetch");
        return 1;
    }
    int length = snprintf(request, sizeof request, "GET /%s HTTP/1.0\r\n\r\n", argv[3]);
    if (write(fd, request, (size_t)length) != length)
        return 1;
    return copy_body(fd);
}
