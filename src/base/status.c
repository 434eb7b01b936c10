/* status.c - the sentence of each status, in the words of RFC 9293 3.10 where it has some. */
#include "aksu/types.h"

static const char *const sentence[AKSU_STATUS_COUNT] = {
    [AKSU_OK] = "ok",
    [AKSU_DOES_NOT_EXIST] = "connection does not exist",
    [AKSU_ALREADY_EXISTS] = "connection already exists",
    [AKSU_ILLEGAL] = "connection illegal for this process",
    [AKSU_REMOTE_UNSPECIFIED] = "remote socket unspecified",
    [AKSU_NO_RESOURCES] = "insufficient resources",
    [AKSU_CLOSING] = "connection closing",
    [AKSU_RESET] = "connection reset",
    [AKSU_REFUSED] = "connection refused",
    [AKSU_ABORTED] = "connection aborted",
    [AKSU_USER_TIMEOUT] = "connection aborted due to user timeout",
    [AKSU_TIMED_OUT] = "connection timed out",
    [AKSU_UNREACHABLE_NET] = "network unreachable",
    [AKSU_UNREACHABLE_HOST] = "host unreachable",
    [AKSU_UNREACHABLE_PORT] = "port unreachable",
    [AKSU_PROHIBITED] = "communication administratively prohibited",
    [AKSU_WOULD_BLOCK] = "the call would block",
    [AKSU_NOT_CONNECTED] = "connection not established",
    [AKSU_ADDRESS_UNAVAILABLE] = "local address not available",
    [AKSU_TOO_LONG] = "message too long",
    [AKSU_INVALID] = "invalid argument",
};

const char *aksu_status_text(enum aksu_status status)
{
    unsigned index = (unsigned)status;
    return index < AKSU_STATUS_COUNT ? sentence[index] : "unknown status";
}
