/* device.c - see device.h. */
#include "device/device.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { MTU_DEFAULT = 1500 };

void device_why(char why[AKSU_WHY], const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(why, AKSU_WHY, format, list);
    va_end(list);
}

void device_gone(struct aksu_interface *i, const char *format, ...)
{
    va_list list;
    if (i->gone)
        return;
    i->gone = true;
    va_start(list, format);
    vsnprintf(i->why, sizeof i->why, format, list);
    va_end(list);
}

bool device_mac(uint8_t mac[6])
{
    if (getrandom(mac, 6, 0) != 6)
        return false;
    mac[0] = (uint8_t)((mac[0] & ~3u) | 2u);    /* one station, named locally */
    return true;
}

bool device_init(struct aksu_interface *i, const struct aksu_interface_ops *ops, int fd,
                 const char *name, const struct aksu_interface_config *config, uint32_t mtu,
                 bool bare, char why[AKSU_WHY])
{
    static const uint8_t none[6];
    i->ops = ops;
    i->fd = fd;
    i->retry_at = AKSU_NEVER;
    snprintf(i->name, sizeof i->name, "%s", name);
    i->device = (struct aksu_device_config){
        .name = i->name,
        .mtu = config->mtu != 0 ? config->mtu : mtu != 0 ? mtu : MTU_DEFAULT,
    };
    if (bare)
        return true;
    if (config->mac[0] & 1) {
        device_why(why, "a MAC address of %02x:... belongs to a group: a station's has an even "
                   "first octet", config->mac[0]);
        return false;
    }
    memcpy(i->device.mac, config->mac, sizeof none);
    if (memcmp(config->mac, none, sizeof none) == 0 && !device_mac(i->device.mac)) {
        device_why(why, "the system has no randomness for a MAC address: give one");
        return false;
    }
    return true;
}

unsigned device_iovec(const struct aksu_frame *frame, struct iovec *out)
{
    for (uint32_t k = 0; k < frame->parts; k++)
        out[k] = (struct iovec){ (void *)(uintptr_t)frame->part[k].data, frame->part[k].length };
    return frame->parts;
}
