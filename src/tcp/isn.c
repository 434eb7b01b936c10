/* isn.c - initial sequence numbers (RFC 6528 3, RFC 9293 3.4.1) and the offset of the timestamp
 * clock (RFC 7323 5.4): both keyed by the connection, so that nobody can predict them from another
 * one. */
#include "base/ip_addr.h"
#include "tcp/core.h"

/* RFC 9293 3.4.1 [MUST-9], 3.4.1 [SHLD-1]: the key is secret. IPv4 connections differ in 12
 * octets. One half is for the ISN, the other for the timestamps: neither tells of the other. */
static uint64_t keyed(const struct sipkey *key, const struct tcp_tuple *tuple)
{
    if (!ip_is_v4(&tuple->remote_ip)) {
        uint8_t octets[32 + 8];
        uint32_t ports = (uint32_t)tuple->remote_port << 16 | tuple->local_port;
        memcpy(octets, tuple->local_ip.octet, 16);
        memcpy(octets + 16, tuple->remote_ip.octet, 16);
        store_le64(octets + 32, ports);         /* not the tuple as it lies in memory */
        return siphash24(key, octets, 36);
    }
    uint64_t addresses = (uint64_t)load_be32(ip_v4(&tuple->local_ip)) << 32
                       | load_be32(ip_v4(&tuple->remote_ip));
    return siphash24_12(key, addresses, (uint32_t)tuple->local_port << 16 | tuple->remote_port);
}

/* ISN = M + F(localip, localport, remoteip, remoteport, secretkey), where M ticks every 4 us:
 * RFC 9293 3.4.1 [MUST-8]. Zero is avoided so that a log never shows an ISN that looks unset. */
seq_t tcp_isn(const struct tcp_env *env, const struct tcp_tuple *tuple, uint32_t *ts_offset,
              aksu_time now)
{
    uint64_t secret = keyed(&env->isn_key, tuple);
    uint32_t isn = (uint32_t)(now / US(4)) + (uint32_t)secret;
    *ts_offset = env->cookies.shared ? tcp_timestamp_offset(env, tuple) : (uint32_t)(secret >> 32);
    return seq_of(isn != 0 ? isn : 1);
}

uint32_t tcp_timestamp_offset(const struct tcp_env *env, const struct tcp_tuple *tuple)
{
    const struct sipkey *key = env->cookies.shared ? &env->cookies.clock : &env->isn_key;
    return (uint32_t)(keyed(key, tuple) >> 32);
}

/* That of a connection from before the key was shared. */
uint32_t tcp_own_timestamp_offset(const struct tcp_env *env, const struct tcp_tuple *tuple)
{
    return (uint32_t)(keyed(&env->isn_key, tuple) >> 32);
}

void tcp_iss_is(struct tcp *t, seq_t iss)
{
    bool syn_waits = t->state == TCP_SYN_SENT || t->state == TCP_SYN_RECEIVED;
    if (!syn_waits || !t->syn_owed || !seq_eq(t->snd.una, t->iss))
        bug("the ISS changes only before it is sent");
    t->iss = t->snd.una = t->snd.wl2 = iss;
    t->snd.nxt = t->snd.up = seq_add(iss, 1);
}

/* RFC 9293 3.6.1 [MAY-2]: larger than every sequence number the old connection used. */
void tcp_iss_after(struct tcp *t, seq_t snd_nxt)
{
    seq_t above = seq_add(snd_nxt, 65535 + 2);
    if (seq_gt(above, t->iss))
        tcp_iss_is(t, above);
}
