/* child.c - fork, filter, execve. The child installs the filter on itself and passes the announcing
 * descriptor up a socket pair (SCM_RIGHTS); then it waits there until the supervisor is ready. */
#include "run/child.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/filter.h"

enum { NOT_FOUND = 127, CANNOT_RUN = 126 };

union control {
    char room[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

/* An errno value with a descriptor, when that is 0. */
static bool send_result(int up, int error, int fd)
{
    union control control = { .room = { 0 } };
    struct iovec iov = { &error, sizeof error };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

    if (error == 0) {
        message.msg_control = control.room;
        message.msg_controllen = sizeof control.room;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    return sendmsg(up, &message, MSG_NOSIGNAL) == sizeof error;
}

/* The descriptor, or -errno. */
static int receive_result(int down)
{
    int error = 0;
    int fd = -1;
    union control control;
    struct iovec iov = { &error, sizeof error };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room,
                              .msg_controllen = sizeof control.room };

    if (recvmsg(down, &message, MSG_CMSG_CLOEXEC) != sizeof error)
        return -ECHILD;
    if (error != 0)
        return -error;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_type != SCM_RIGHTS)
        return -EPROTO;
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

static _Noreturn void be_the_program(int up, char *const argv[], const sigset_t *mask, pid_t parent)
{
    char go;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(CANNOT_RUN);
    int notify = run_filter_install();
    bool sent = send_result(up, notify < 0 ? -notify : 0, notify);
    if (notify < 0 || !sent || read(up, &go, 1) != 1)
        _exit(CANNOT_RUN);
    close(notify);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(argv[0], argv);
    int error = errno;
    fprintf(stderr, "aksu run: %s: %s\n", argv[0], strerror(error));
    fflush(stderr);
    if (write(up, "n", 1) != 1)
        _exit(CANNOT_RUN);
    _exit(error == ENOENT ? NOT_FOUND : CANNOT_RUN);
}

static void say_why(int error)
{
    switch (error) {
    case EBUSY:
        fputs("aksu run: a seccomp filter that reports to another supervisor is in force here, and "
              "the kernel allows one: run it outside of that sandbox (or of the other aksu run)\n",
              stderr);
        break;
    case ENOSYS: case EINVAL: case EOPNOTSUPP:
        fputs("aksu run: this kernel has no seccomp user notification: Linux 5.14 or later with "
              "CONFIG_SECCOMP_FILTER is needed\n", stderr);
        break;
    case EPERM: case EACCES:
        fputs("aksu run: the seccomp() system call is forbidden here: a container needs a profile "
              "that allows it (docker run --security-opt seccomp=unconfined)\n", stderr);
        break;
    default:
        fprintf(stderr, "aksu run: the seccomp filter cannot be installed: %s\n",
                strerror(error));
    }
}

bool run_child_start(struct run_child *child, char *const argv[], const sigset_t *mask)
{
    int pair[2];
    pid_t parent = getpid();

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        perror("aksu run: socketpair");
        return false;
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        be_the_program(pair[1], argv, mask, parent);
    }
    close(pair[1]);
    *child = (struct run_child){ .pid = pid, .start = pair[0] };
    child->notify = pid < 0 ? -errno : receive_result(pair[0]);
    if (pid > 0 && child->notify >= 0)
        return true;
    if (pid < 0) {
        perror("aksu run: fork");
        close(pair[0]);
        return false;
    }
    say_why(-child->notify);
    run_child_cancel(child);
    return false;
}

void run_child_release(struct run_child *child)
{
    send(child->start, "g", 1, MSG_NOSIGNAL);
}

void run_child_cancel(struct run_child *child)
{
    close(child->start);
    kill(child->pid, SIGKILL);
    waitpid(child->pid, NULL, 0);
}

bool run_child_ran(const struct run_child *child)
{
    char no;

    /* a good execve() closes the other end */
    return recv(child->start, &no, 1, MSG_DONTWAIT) != 1;
}

int run_child_exit(const struct run_child *child)
{
    struct rlimit none = { 0, 0 };
    sigset_t set;

    if (!WIFSIGNALED(child->status))
        return WEXITSTATUS(child->status);
    int number = WTERMSIG(child->status);
    setrlimit(RLIMIT_CORE, &none);      /* one core file, the program's, is enough */
    signal(number, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, number);
    fflush(NULL);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    return 128 + number;
}
