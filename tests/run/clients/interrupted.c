/* interrupted ADDRESS PORT - a blocking connect() to a peer that does not answer is interrupted by
 * a signal without SA_RESTART: EINTR; then the attempt goes on in the background: EALREADY. A
 * second one has SO_SNDTIMEO: EINPROGRESS when that is over. Prints the three names. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

static void nothing(int number)
{
    (void)number;
}

static void alarm_in_100_ms(void)
{
    struct sigaction action = { .sa_handler = nothing };
    struct itimerval timer = { .it_value = { .tv_usec = 100000 } };

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

static const char *try(int fd, const struct sockaddr_in *to)
{
    return connect(fd, (const struct sockaddr *)to, sizeof *to) == 0 ? "connected"
                                                                    : strerrorname_np(errno);
}

int main(int argc, char **argv)
{
    struct sockaddr_in to = { .sin_family = AF_INET };
    struct timeval limit = { .tv_usec = 400000 };

    if (argc != 3)
        return 2;
    to.sin_port = htons((unsigned short)atoi(argv[2]));
    inet_pton(AF_INET, argv[1], &to.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    alarm_in_100_ms();
    printf("%s ", try(fd, &to));
    fcntl(fd, F_SETFL, O_NONBLOCK);
    printf("%s ", try(fd, &to));
    fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    printf("%s\n", try(fd, &to));
    return 0;
}
