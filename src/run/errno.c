/* errno.c - the reasons of the stack in the words of errno(3). */
#include <errno.h>

#include "run/calls.h"

int run_errno(enum aksu_status status)
{
    switch (status) {
    case AKSU_OK: return 0;
    case AKSU_DOES_NOT_EXIST: return ENOTCONN;
    case AKSU_ALREADY_EXISTS: return EADDRNOTAVAIL;
    case AKSU_ILLEGAL: return EACCES;
    case AKSU_REMOTE_UNSPECIFIED: return ECONNREFUSED;
    case AKSU_NO_RESOURCES: return ENOBUFS;
    case AKSU_CLOSING: return EPIPE;
    case AKSU_RESET: return ECONNRESET;
    case AKSU_REFUSED: return ECONNREFUSED;
    case AKSU_ABORTED: return ECONNABORTED;
    case AKSU_USER_TIMEOUT: return ETIMEDOUT;
    case AKSU_TIMED_OUT: return ETIMEDOUT;
    case AKSU_UNREACHABLE_NET: return ENETUNREACH;
    case AKSU_UNREACHABLE_HOST: return EHOSTUNREACH;
    case AKSU_UNREACHABLE_PORT: return ECONNREFUSED;
    case AKSU_PROHIBITED: return EACCES;
    case AKSU_WOULD_BLOCK: return EAGAIN;
    case AKSU_NOT_CONNECTED: return ENOTCONN;
    case AKSU_ADDRESS_UNAVAILABLE: return EADDRNOTAVAIL;
    case AKSU_TOO_LONG: return EMSGSIZE;
    case AKSU_INVALID: return EINVAL;
    case AKSU_STATUS_COUNT: break;
    }
    return EIO;
}
