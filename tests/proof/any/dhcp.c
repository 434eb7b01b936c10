/* dhcp.c - DHCP messages, however long, with any options. */
#include "copy.h"
#include "wire/dhcp.c"

/*@ predicate option(struct aksu_slice value) = value.length <= 0x7fffffff
        && \valid_read(value.data + (0 .. value.length - 1)); */

/*@ requires \valid(to + (0 .. 3)) && option(value)
        && \separated(to + (0 .. 3), value.data + (0 .. value.length - 1));
    assigns to[0 .. 3]; */
static void take_address(uint8_t to[4], struct aksu_slice value);

/*@ requires \valid(to) && option(value);
    assigns *to; */
static void take_be16(uint16_t *to, struct aksu_slice value);

/*@ requires \valid(to) && option(value);
    assigns *to; */
static void take_be32(uint32_t *to, struct aksu_slice value);

/*@ requires \valid(to) && option(value);
    assigns *to; */
static void take_u8(uint8_t *to, struct aksu_slice value);

/*@ requires \valid(to);
    assigns *to; */
static void take_slice(struct aksu_slice *to, struct aksu_slice value);

/*@ requires \valid(m) && option(value)
        && \separated(m, value.data + (0 .. value.length - 1));
    assigns m->resolvers, m->resolver[0 .. DHCP_RESOLVERS - 1][0 .. 3]; */
static void take_resolvers(struct dhcp_message *m, struct aksu_slice value);

/*@ requires \valid(m) && \valid(overload) && option(value)
        && \separated(m, overload, value.data + (0 .. value.length - 1));
    assigns *m, *overload; */
static void take_option(struct dhcp_message *m, uint8_t *overload, uint8_t code,
                        struct aksu_slice value);

/*@ requires \valid(m) && \valid(overload)
        && length <= 0x7fffffff && \valid_read(data + (0 .. length - 1))
        && \separated(m, overload, data + (0 .. length - 1));
    assigns *m, *overload; */
static bool parse_options(struct dhcp_message *m, uint8_t *overload, const uint8_t *data,
                          size_t length);

/*@ requires \valid(m) && FIXED + 4 <= length <= 0x7fffffff
        && \valid_read(data + (0 .. length - 1)) && \separated(m, data + (0 .. length - 1));
    assigns *m; */
static bool parse_fields(struct dhcp_message *m, const uint8_t *data, size_t length);

/*@ requires \valid(m) && \valid_read(data + (0 .. FIXED - 1))
        && \separated(m, data + (0 .. FIXED - 1));
    assigns m->reply, m->xid, m->secs, m->broadcast, m->ciaddr[0 .. 3], m->yiaddr[0 .. 3],
            m->siaddr[0 .. 3], m->giaddr[0 .. 3], m->chaddr[0 .. 5]; */
static void parse_fixed(struct dhcp_message *m, const uint8_t *data);

/*@ requires \valid(out) && length <= 0x7fffffff && \valid_read(data + (0 .. length - 1))
        && \separated(out, data + (0 .. length - 1));
    assigns *out; */
enum dhcp_fault wire_dhcp_parse(const uint8_t *data, size_t length, struct dhcp_message *out);
