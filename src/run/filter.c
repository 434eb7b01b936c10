/* filter.c - which system calls are asked about (seccomp_unotify(2)). Only calls that can concern a
 * TCP socket stop the program; read, write, poll and their like never do. child.c installs it. */
#include "run/filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { INT_BITS = 0xffffffff, TYPE_BITS = 0xf, MOST_INSTRUCTIONS = 1024 };

#define ARGUMENT(n, mask, value) \
    SCMP_CMP(n, SCMP_CMP_MASKED_EQ, (scmp_datum_t)(uint32_t)(mask), value)

struct rule {
    int syscall;
    unsigned count;
    struct scmp_arg_cmp argument[2];
};

#define ALWAYS(name) { SCMP_SYS(name), 0, { { 0 } } }
#define FAMILY(family) { SCMP_SYS(socket), 2, \
        { ARGUMENT(0, INT_BITS, family), ARGUMENT(1, TYPE_BITS, SOCK_STREAM) } }
#define LEVEL(name, level) { SCMP_SYS(name), 1, { ARGUMENT(1, INT_BITS, level) } }
#define OPTION(name, option) { SCMP_SYS(name), 2, \
        { ARGUMENT(1, INT_BITS, SOL_SOCKET), ARGUMENT(2, INT_BITS, option) } }
#define REQUEST(request) { SCMP_SYS(ioctl), 1, { ARGUMENT(1, INT_BITS, request) } }

/* The options of SOL_SOCKET that are not here work on the program's own descriptor. */
static const struct rule rules[] = {
    FAMILY(AF_INET), FAMILY(AF_INET6),
    ALWAYS(connect), ALWAYS(bind), ALWAYS(listen), ALWAYS(getsockname), ALWAYS(getpeername),
    LEVEL(getsockopt, IPPROTO_TCP), LEVEL(getsockopt, IPPROTO_IP), LEVEL(getsockopt, IPPROTO_IPV6),
    LEVEL(setsockopt, IPPROTO_TCP), LEVEL(setsockopt, IPPROTO_IP), LEVEL(setsockopt, IPPROTO_IPV6),
    OPTION(getsockopt, SO_ERROR), OPTION(getsockopt, SO_DOMAIN), OPTION(getsockopt, SO_PROTOCOL),
    OPTION(getsockopt, SO_PEERCRED), OPTION(getsockopt, SO_KEEPALIVE),
    OPTION(getsockopt, SO_SNDBUF), OPTION(getsockopt, SO_RCVBUF),
    OPTION(setsockopt, SO_KEEPALIVE), OPTION(setsockopt, SO_LINGER),
    OPTION(setsockopt, SO_SNDBUF), OPTION(setsockopt, SO_RCVBUF),
    OPTION(setsockopt, SO_SNDBUFFORCE), OPTION(setsockopt, SO_RCVBUFFORCE),
    REQUEST(SIOCOUTQ), REQUEST(SIOCOUTQNSD),
};

static int add_rules(scmp_filter_ctx filter)
{
    int error = 0;

    for (size_t i = 0; i < sizeof rules / sizeof rules[0] && error == 0; i++)
        error = seccomp_rule_add_array(filter, SCMP_ACT_NOTIFY, rules[i].syscall, rules[i].count,
                                       rules[i].argument);
    /* A ring would carry connect() past the filter; programs have a way without. */
    if (error == 0)
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(io_uring_setup), 0);
    return error;
}

/* The filter as the kernel takes it: whole instructions in a file. Returns how many, or -errno. */
static ssize_t export(scmp_filter_ctx filter, struct sock_filter *out, size_t most)
{
    int file = memfd_create("filter", MFD_CLOEXEC);

    if (file < 0)
        return -errno;
    int error = seccomp_export_bpf(filter, file);
    ssize_t length = error ? error : pread(file, out, most * sizeof *out, 0);
    close(file);
    return length < 0 ? length : length / (ssize_t)sizeof *out;
}

/* seccomp_load() would lose the kernel's reason (libseccomp 2.5). */
static int load(struct sock_filter *instruction, ssize_t count)
{
    struct sock_fprog program = { .len = (unsigned short)count, .filter = instruction };

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    long notify = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                          &program);
    return notify < 0 ? -errno : (int)notify;
}

/* libseccomp asks the kernel itself and takes a refusal for a kernel that cannot. */
static int refused(int error)
{
    uint32_t action = SECCOMP_RET_USER_NOTIF;

    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0
        && (errno == EPERM || errno == EACCES))
        return -EPERM;
    return error;
}

int run_filter_install(void)
{
    struct sock_filter instruction[MOST_INSTRUCTIONS];
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    if (!filter)
        return -ENOMEM;
    seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);

    ssize_t result = add_rules(filter);
    if (result < 0)
        result = refused((int)result);
    if (result == 0)
        result = export(filter, instruction, MOST_INSTRUCTIONS);
    seccomp_release(filter);
    return result < 0 ? (int)result : load(instruction, result);
}
