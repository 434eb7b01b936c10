/* fast_open.c - TCP Fast Open as Linux has it in its socket calls (tcp(7)): TCP_FASTOPEN and its
 * key, TCP_FASTOPEN_CONNECT, MSG_FASTOPEN. The stack's own calls are those of aksu/fast_open.h. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>

#include "adapter.h"
#include "fast_open.h"
#include "aksu/fast_open.h"


enum { OPTIONS = 40 };

void pd_fast_open_listener(const struct pd_socket *s, struct aksu_listen *how)
{
    int asked = s->settings.fast_open;
    bool all = asked < 0 && (pd.sysctls.fast_open & PD_TFO_ALL_LISTENERS);

    if (!(pd.sysctls.fast_open & PD_TFO_SERVER))
        return;
    how->fast_open = asked > 0 ? (uint32_t)asked : all ? SOMAXCONN : 0;
    how->fast_open_no_cookie = pd.sysctls.fast_open & PD_TFO_SERVER_NO_COOKIE;
    if (s->has_key)
        aksu_set_fast_open_key(pd.net, s->key, NULL);
    else if (pd.sysctls.has_key)
        aksu_set_fast_open_key(pd.net, pd.sysctls.key, NULL);
}

static int set_key(struct pd_socket *s, const void *data, socklen_t length)
{
    if (length != sizeof s->key && length != 2 * sizeof s->key)
        return pd_fail(EINVAL);
    memcpy(s->key, data, sizeof s->key);
    s->has_key = true;
    if (s->state == PD_LISTENING)
        aksu_set_fast_open_key(pd.net, s->key, NULL);
    return 0;
}

static int set_number(struct pd_socket *s, int name, int value)
{
    if (value < 0)
        return pd_fail(EINVAL);
    if (name == TCP_SYNCNT) {
        s->settings.syn_count = value;
        pd_syn_count(s);
    } else if (name == TCP_FASTOPEN_CONNECT) {
        if (!(pd.sysctls.fast_open & PD_TFO_CLIENT))
            return pd_fail(EOPNOTSUPP);
        if (value > 1 || s->state != PD_FRESH)
            return pd_fail(EINVAL);
        s->settings.fast_open_connect = value;
    } else {
        s->settings.fast_open = value;
        if (s->state == PD_LISTENING && s->waiting_count == 0)
            return pd_listen_again(s);
    }
    return 0;
}

bool pd_fast_open_set(struct pd_socket *s, int level, int name, const void *data,
                      socklen_t length, int *result)
{
    int value;

    if (level != IPPROTO_TCP
        || (name != TCP_FASTOPEN && name != TCP_FASTOPEN_CONNECT && name != TCP_FASTOPEN_KEY
            && name != TCP_SYNCNT))
        return false;
    if (name == TCP_FASTOPEN_KEY) {
        *result = set_key(s, data, length);
        return true;
    }
    *result = length < sizeof value ? pd_fail(EINVAL) : 0;
    if (*result == 0) {
        memcpy(&value, data, sizeof value);
        *result = set_number(s, name, value);
    }
    return true;
}

/* So many repetitions: the first after a second, each then after twice the time. */
void pd_syn_count(const struct pd_socket *s)
{
    int count = s->settings.syn_count;

    if (count > 0 && count < 16 && s->state == PD_CONNECTING)
        aksu_set(pd.net, s->conn, AKSU_OPTION_USER_TIMEOUT, ((2 << count) - 1) * 1000, pd.now);
}

/* How much text the SYN would have. */
static size_t room(const struct pd_socket *s, const struct aksu_endpoint *remote)
{
    struct aksu_open how = { .remote = *remote, .local = s->bound, .fast_open = true };

    how.fast_open_no_cookie = pd.sysctls.fast_open & PD_TFO_CLIENT_NO_COOKIE;
    ptrdiff_t octets = aksu_fast_open_room(pd.net, &how, pd.now);
    int most = s->settings.max_segment - OPTIONS;
    if (octets <= 0)
        return 0;
    return most > 0 && octets > most ? (size_t)most : (size_t)octets;
}

/* With a cookie the SYN waits for text: tcp(7). */
bool pd_fast_open_connect(struct pd_socket *s, const struct aksu_endpoint *remote, int *result)
{
    s->fast = s->settings.fast_open_connect > 0;
    if (!s->fast || room(s, remote) == 0)
        return false;
    s->remote = *remote;
    s->state = PD_DEFERRED;
    *result = 0;
    return true;
}

/* False: *result has the error. */
static bool may_open(struct pd_socket *s, const struct sockaddr *address, socklen_t length,
                     struct aksu_endpoint *remote, ssize_t *result)
{
    int error = 0;

    if (address && length >= sizeof(sa_family_t) && address->sa_family == AF_UNSPEC)
        error = EOPNOTSUPP;
    else if (!(pd.sysctls.fast_open & PD_TFO_CLIENT))
        error = EOPNOTSUPP;
    else if (s->state == PD_CONNECTING)
        error = EALREADY;
    else if (!address || !pd_endpoint_of(address, length, remote))
        error = EINVAL;
    *result = error ? pd_fail(error) : 0;
    return error == 0;
}

bool pd_fast_open_send(struct pd_socket *s, size_t length, int flags,
                       const struct sockaddr *address, socklen_t address_length,
                       ssize_t *result)
{
    struct aksu_endpoint remote = s->remote;
    bool blocks = !pd_is_nonblocking(s, flags);

    if (s->state != PD_DEFERRED && !(flags & MSG_FASTOPEN))
        return false;
    if (s->state == PD_CONNECTED || s->state == PD_OVER)
        return false;                           /* as any other */
    if (s->state != PD_DEFERRED && !may_open(s, address, address_length, &remote, result))
        return true;
    size_t most = room(s, &remote);
    s->state = PD_FRESH;
    s->fast = true;
    s->first_text = most == 0 ? 0 : blocks || length < most ? length : most;
    *result = pd_open(s, &remote, flags);
    if (*result == 0 && s->first_text == 0)
        return false;                           /* it is connected, and the text can go now */
    bool queued = s->first_text > 0 && (*result == 0 || (errno == EINPROGRESS && !blocks));
    if (queued)
        *result = (ssize_t)s->first_text;
    return true;
}
