/* deny_pidfd_getfd PROGRAM ARGS - runs a program that may not use pidfd_getfd(2), as in a container
 * with the default profile. */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    if (argc < 2 || !filter
        || seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(pidfd_getfd), 0) != 0
        || seccomp_load(filter) != 0)
        return 2;
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    return 127;
}
