/* fast_open_peers.c - what a client keeps of servers: the cookie and the MSS for each pair of
 * addresses (RFC 7413 4.1.3), and for ports where Fast Open did harm until when not to try it again
 * (4.1.3.1). One page, taken when it is first needed. Called by fast_open_client.c. */
#include "base/ip_addr.h"
#include "tcp/core.h"

static struct fast_open_peer *all(const struct tcp_env *env)
{
    return (void *)pool_page(env->pool, env->fast_open.peers);
}

struct fast_open_peer *fast_open_find(const struct tcp_env *env, const struct tcp_tuple *tuple,
                                      uint16_t port)
{
    if (env->fast_open.peers == 0)
        return NULL;
    for (unsigned i = 0; i < FAST_OPEN_PEERS; i++) {
        struct fast_open_peer *p = &all(env)[i];
        if (p->used != 0 && p->port == port && ip_eq(&p->remote, &tuple->remote_ip)
            && ip_eq(&p->local, &tuple->local_ip))
            return p;
    }
    return NULL;
}

static bool have_page(struct tcp_env *env)
{
    struct fast_open *f = &env->fast_open;
    if (f->peers != 0)
        return true;
    if (pool_left(env->pool) <= env->reserve_pages || (f->peers = pool_take(env->pool)) == 0)
        return false;
    memset(all(env), 0, POOL_PAGE);
    return true;
}

struct fast_open_peer *fast_open_have(struct tcp_env *env, const struct tcp_tuple *tuple,
                                      uint16_t port)
{
    struct fast_open_peer *p = fast_open_find(env, tuple, port);
    if (p == NULL && have_page(env)) {
        p = all(env);
        for (unsigned i = 1; i < FAST_OPEN_PEERS; i++)
            p = all(env)[i].used < p->used ? &all(env)[i] : p;
        *p = (struct fast_open_peer){ .local = tuple->local_ip, .remote = tuple->remote_ip,
                                      .port = port };
    }
    if (p != NULL)
        p->used = ++env->fast_open.uses;
    return p;
}

void fast_open_forget(struct tcp_env *env)
{
    if (env->fast_open.peers != 0)
        memset(all(env), 0, POOL_PAGE);
}
