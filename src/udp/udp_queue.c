/* udp_queue.c - datagrams wait to be read or to be sent, as records in rings of pool pages. Called
 * by the stack, on behalf of the application and while it makes frames. */
#include "udp/udp_internal.h"
#include "base/check.h"
#include "base/ip_addr.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"
#include "wire/udp.h"

_Static_assert(sizeof(struct udp_record) == UDP_RECORD, "the documented overhead");

static bool write_all(struct udp *u, struct ring *queue, uint32_t at, const void *from,
                      size_t length)
{
    return length == 0
        || ring_write(queue, u->pool, at, from, (uint32_t)length) == length;
}

bool udp_put(struct udp *u, struct ring *queue, uint32_t most, const struct udp_record *record,
             const struct aksu_slice *text, uint32_t parts)
{
    if (record->length + UDP_RECORD > most || queue->length > most - UDP_RECORD - record->length)
        return false;
    uint32_t at = queue->length + UDP_RECORD;
    bool fits = write_all(u, queue, queue->length, record, UDP_RECORD);
    for (uint32_t i = 0; i < parts && fits; i++) {
        fits = write_all(u, queue, at, text[i].data, text[i].length);
        at += (uint32_t)text[i].length;
    }
    if (!fits) {
        ring_trim(queue, u->pool, queue->length);
        return false;
    }
    ring_extend(queue, UDP_RECORD + record->length);
    return true;
}

static struct udp_record head_of(const struct udp *u, const struct ring *queue)
{
    struct udp_record record;
    ring_read(queue, u->pool, 0, (uint8_t *)&record, UDP_RECORD);
    return record;
}

static enum aksu_status take_error(struct udp_endpoint *e)
{
    enum aksu_status error = e->error;
    e->error = AKSU_OK;
    return error;
}

ptrdiff_t udp_receive(struct udp *u, aksu_udp handle, struct aksu_endpoint *from,
                      struct aksu_endpoint *to, void *data, size_t room)
{
    struct udp_endpoint *e = udp_get(u, handle);
    if (e == NULL)
        return -(ptrdiff_t)AKSU_DOES_NOT_EXIST;
    if (e->error != AKSU_OK)
        return -(ptrdiff_t)take_error(e);
    if (e->receive.length == 0)
        return -(ptrdiff_t)AKSU_WOULD_BLOCK;

    struct udp_record record = head_of(u, &e->receive);
    uint32_t length = record.length < room ? record.length : (uint32_t)room;
    if (length > 0)
        ring_read(&e->receive, u->pool, UDP_RECORD, data, length);
    ring_consume(&e->receive, u->pool, UDP_RECORD + record.length, 0);
    if (from != NULL)
        *from = record.from;
    if (to != NULL)
        *to = record.to;
    return (ptrdiff_t)length;
}

static struct udp_list *list_of(struct udp *u, uint8_t place)
{
    return place == UDP_PLACE_SENDING ? &u->sending : &u->parked;
}

static void unlink_endpoint(struct udp *u, struct udp_endpoint *e)
{
    struct udp_list *list = list_of(u, e->place);
    if (e->send_next != 0)
        udp_at(u, e->send_next)->send_prev = e->send_prev;
    else
        list->last = e->send_prev;
    if (e->send_prev != 0)
        udp_at(u, e->send_prev)->send_next = e->send_next;
    else
        list->first = e->send_next;
}

void udp_place(struct udp *u, struct udp_endpoint *e, uint8_t place)
{
    if (e->place != UDP_PLACE_NONE)
        unlink_endpoint(u, e);
    e->place = place;
    e->send_next = 0;
    e->send_prev = 0;
    if (place == UDP_PLACE_NONE)
        return;
    struct udp_list *list = list_of(u, place);
    e->send_prev = list->last;
    if (list->last != 0)
        udp_at(u, list->last)->send_next = e->self;
    else
        list->first = e->self;
    list->last = e->self;
}

/* Where the datagram goes from and to. */
static enum aksu_status address(const struct udp_endpoint *e, const struct aksu_endpoint *from,
                                const struct aksu_endpoint *to, struct udp_record *record)
{
    record->from = from != NULL ? *from : e->local;
    record->to = to != NULL ? *to : e->remote;
    if (ip_is_unspecified(&record->to.ip) || record->to.port == 0)
        return AKSU_REMOTE_UNSPECIFIED;
    bool unspecified = ip_is_unspecified(&record->from.ip);
    if (record->from.port == 0 || (e->any_port && unspecified))
        return AKSU_INVALID;
    if (!unspecified && ip_is_v4(&record->from.ip) != ip_is_v4(&record->to.ip))
        return AKSU_INVALID;
    if (unspecified && ip_is_v4(&record->from.ip) && !ip_is_v4(&record->to.ip))
        return AKSU_INVALID;        /* bound to 0.0.0.0: IPv4 only */
    return AKSU_OK;
}

enum aksu_status udp_send(struct udp *u, aksu_udp handle, const struct aksu_endpoint *from,
                          const struct aksu_endpoint *to, const void *data, size_t length)
{
    struct udp_endpoint *e = udp_get(u, handle);
    if (e == NULL)
        return AKSU_DOES_NOT_EXIST;
    if (e->error != AKSU_OK && !ip_is_unspecified(&e->remote.ip))
        return take_error(e);
    if (length > UDP_TEXT_MOST)
        return AKSU_TOO_LONG;

    struct udp_record record = { .length = (uint32_t)length };
    enum aksu_status status = address(e, from, to, &record);
    if (status != AKSU_OK)
        return status;
    struct aksu_slice text = { data, length };
    if (!udp_put(u, &e->send, UDP_SEND_QUEUE, &record, &text, 1))
        return AKSU_NO_RESOURCES;
    if (e->place == UDP_PLACE_NONE)
        udp_place(u, e, UDP_PLACE_SENDING);
    return AKSU_OK;
}

bool udp_next_datagram(const struct udp *u, struct udp_datagram *out)
{
    if (u->sending.first == 0)
        return false;
    const struct udp_endpoint *e = udp_at(u, u->sending.first);
    struct udp_record record = head_of(u, &e->send);
    out->from = udp_handle(e);
    out->local = record.from;
    out->remote = record.to;
    out->device = e->device;
    out->length = record.length;
    out->parts = record.length == 0 ? 0
                                    : ring_slices(&e->send, u->pool, UDP_RECORD, record.length,
                                                  out->text, UDP_OUT_PARTS);
    return true;
}

static struct udp_endpoint *whose_turn(const struct udp *u)
{
    if (u->sending.first == 0)
        bug("udp_datagram_done, _park: after udp_next_datagram said yes");
    return udp_at(u, u->sending.first);
}

void udp_datagram_done(struct udp *u)
{
    struct udp_endpoint *e = whose_turn(u);
    ring_consume(&e->send, u->pool, UDP_RECORD + head_of(u, &e->send).length, 0);
    udp_place(u, e, e->send.length > 0 ? UDP_PLACE_SENDING : UDP_PLACE_NONE);
}

void udp_datagram_park(struct udp *u)
{
    udp_place(u, whose_turn(u), UDP_PLACE_PARKED);
}

void udp_unpark(struct udp *u)
{
    while (u->parked.first != 0)
        udp_place(u, udp_at(u, u->parked.first), UDP_PLACE_SENDING);
}

void udp_header_build(uint8_t to[8], const struct udp_datagram *d)
{
    uint32_t length = UDP_HEADER + d->length;
    store_be16(to, d->local.port);
    store_be16(to + 2, d->remote.port);
    store_be16(to + 4, (uint16_t)length);
    store_be16(to + 6, 0);
    struct checksum c = checksum_pseudo(&d->local.ip, &d->remote.ip, IP_PROTOCOL_UDP, length);
    checksum_add(&c, to, UDP_HEADER);
    checksum_add_slices(&c, d->text, d->parts);
    uint16_t checksum = checksum_finish(&c);
    store_be16(to + 6, checksum != 0 ? checksum : 0xffff);      /* RFC 768 */
}
