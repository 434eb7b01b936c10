/* names.c - see names.h. */
#include "device/names.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

uint32_t device_mtu(const char *name)
{
    struct ifreq request = { .ifr_mtu = 0 };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    int bad = ioctl(fd, SIOCGIFMTU, &request);
    close(fd);
    return bad || request.ifr_mtu < 68 ? 0 : request.ifr_mtu > 65535 ? 65535u
                                                               : (uint32_t)request.ifr_mtu;
}

void device_names(char *out, size_t room)
{
    struct if_nameindex *all = if_nameindex();
    size_t at = 0;
    out[0] = 0;
    for (struct if_nameindex *n = all; n != NULL && n->if_name != NULL; n++) {
        size_t length = strlen(n->if_name) + (at > 0 ? 2 : 0);
        if (at + length >= room)
            break;
        at += (size_t)snprintf(out + at, room - at, "%s%s", at > 0 ? ", " : "", n->if_name);
    }
    if_freenameindex(all);
}
