/* memory.c - arguments that are pointers: process_vm_readv(2) and process_vm_writev(2) on the
 * thread that waits. The handlers use it. What is read counts only if the thread still waits
 * afterwards. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

#include "run/calls.h"
#include "run/supervisor.h"

void run_memory_refused(struct run *run, const char *what)
{
    if (!run->told_of_memory)
        fprintf(stderr, "aksu run: %s cannot be looked into (%s: %s): a container needs a profile "
                "that allows it (docker run --cap-add SYS_PTRACE), and a program that changed its "
                "user needs an aksu run as root\n", run->program, what, strerror(errno));
    run->told_of_memory = true;
}

static int failure(const struct run_call *call)
{
    if (errno != EPERM && errno != ENOSYS)
        return -EFAULT;
    run_memory_refused(call->run, "process_vm_readv");
    return -EPERM;
}

static struct iovec remote(uint64_t address, size_t length)
{
    return (struct iovec){ (void *)(uintptr_t)address, length };
}

int run_memory_read(const struct run_call *call, uint64_t address, void *out, size_t length)
{
    struct iovec here = { out, length };
    struct iovec there = remote(address, length);

    if (length == 0)
        return 0;
    ssize_t got = process_vm_readv(call->thread, &here, 1, &there, 1, 0);
    if (got < 0)
        return failure(call);
    if ((size_t)got != length || !run_notify_valid(&call->run->notify, call->id))
        return -EFAULT;
    return 0;
}

int run_memory_write(const struct run_call *call, uint64_t address, const void *data,
                     size_t length)
{
    struct iovec here = { (void *)(uintptr_t)data, length };
    struct iovec there = remote(address, length);

    if (length == 0)
        return 0;
    if (!run_notify_valid(&call->run->notify, call->id))
        return -EFAULT;
    ssize_t put = process_vm_writev(call->thread, &here, 1, &there, 1, 0);
    if (put < 0)
        return failure(call);
    return (size_t)put == length ? 0 : -EFAULT;
}

int run_address_read(const struct run_call *call, uint64_t address, uint64_t length,
                     struct sockaddr_storage *out)
{
    int size = (int)length;

    memset(out, 0, sizeof *out);
    if (size < 0 || (size_t)size > sizeof *out)
        return -EINVAL;
    return run_memory_read(call, address, out, (size_t)size);
}

int run_result_write(const struct run_call *call, uint64_t address, uint64_t length_address,
                     const void *data, size_t length, bool tell_whole)
{
    int room = 0;
    int error = run_memory_read(call, length_address, &room, sizeof room);

    if (error)
        return error;
    if (room < 0)
        return -EINVAL;
    size_t fits = (size_t)room < length ? (size_t)room : length;
    int told = (int)(tell_whole ? length : fits);
    error = run_memory_write(call, address, data, fits);
    return error ? error : run_memory_write(call, length_address, &told, sizeof told);
}
