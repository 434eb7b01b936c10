/* device.h - ready-made devices: the in-memory pair, and interfaces to what is outside the
 * process. Linux only but for the pair. */
#ifndef AKSU_DEVICE_H
#define AKSU_DEVICE_H

#include "aksu/stack.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The in-memory pair: what one stack sends, the other receives at once, without a copy.
 * Moves frames both ways until neither stack has one to send; at most `most` frames, so that the
 * caller stays in control. Returns the number moved. Frames keep their checksums; the receiver
 * verifies them unless its device has AKSU_OFFLOAD_CHECKSUM. */
struct aksu_pair {
    struct aksu *net[2];
    aksu_device device[2];
};
AKSU_API size_t aksu_pair_move(struct aksu_pair *pair, size_t most, aksu_time now);

/* What became of a frame that was to be transmitted. */
enum aksu_transmit { AKSU_TRANSMIT_DONE,
                     AKSU_TRANSMIT_FULL,    /* not taken: again when `fd` is writable */
                     AKSU_TRANSMIT_LATER,   /* not taken: again in a millisecond, fd cannot tell */
                     AKSU_TRANSMIT_LOST,    /* this frame cannot be sent; the next one may */
                     AKSU_TRANSMIT_GONE };  /* the interface is no more: `why` says it */

/* An open interface: frames from and to outside the process, and a descriptor to wait on. Anybody
 * may write one of his own: fill in the operations. */
struct aksu_interface;
struct aksu_interface_ops {
    /* Up to `most` frames that have arrived, borrowed until the next receive.
     * 0: none now. -1: the interface is gone, `why` says why. Never waits. */
    int (*receive)(struct aksu_interface *i, struct aksu_frame *out, unsigned most);
    /* Borrows the frame for the call. Never waits. */
    enum aksu_transmit (*transmit)(struct aksu_interface *i, const struct aksu_frame *frame);
    /* Sends what transmit has batched; NULL: it batches nothing. With `blocked` set something is
     * left: it will be called again when fd is writable, before any other frame. */
    void (*flush)(struct aksu_interface *i);
    void (*close)(struct aksu_interface *i);    /* frees it, and the descriptor */
};
enum { AKSU_WHY = 256 };            /* octets of a sentence, with the final zero */
struct aksu_interface {
    const struct aksu_interface_ops *ops;
    int fd;                         /* POLLIN: receive; POLLOUT when `blocked` */
    bool blocked;                   /* a frame waits until fd is writable; or until retry_at, and
                                       then POLLOUT says nothing */
    bool gone;
    bool cuts;                      /* transmit takes no large segment and no partial checksum:
                                       aksu_interface_move cuts and completes what device.offload
                                       lets the stack hand out */
    aksu_time retry_at;             /* AKSU_NEVER: fd will tell */
    aksu_time due_at;               /* call it again by then (CLOCK_MONOTONIC), whatever fd says;
                                       0: no need to */
    struct aksu_device_config device;   /* for aksu_attach; its name is name[] */
    char name[16];
    char why[AKSU_WHY];             /* after gone: a sentence with the way round it */
    /* Kept by aksu_interface_move, but that receive counts in `lost` what it cannot hand on. */
    uint64_t frames_in, frames_out, octets_in, octets_out, lost;
    uint8_t *held;                  /* a copy of the frame that was not taken */
    struct aksu_frame held_frame;
    uint32_t held_sent;             /* octets of its TCP text that have left in pieces */
};

/* Every field may be 0. */
struct aksu_interface_config {
    uint8_t mac[6];                 /* of the stack [a random local one; none for bare IP] */
    uint32_t mtu;                   /* [the system's MTU of that interface, or 1500] */
    bool no_offload;                /* frames of at most one MTU, with all checksums */
    bool bare_ip;                   /* with fd:, dgram:, stream: IP packets, not Ethernet frames */
};
/* Opens what `spec` names; NULL: `why` is a sentence with the way round it. `config` may be NULL.
 *   tap:NAME         a TAP device (Ethernet). One that is there and belongs to the user can be
 *                    opened by anybody; one that is not is made, which needs CAP_NET_ADMIN, and
 *                    goes when it is closed. Its addresses, and that it is up, are the system's
 *                    business: `ip link set NAME up`
 *   tun:NAME         a TUN device (bare IP); the same
 *   packet:NAME      AF_PACKET on an interface that others use too, with a MAC address of our own;
 *                    needs CAP_NET_RAW. This machine's own traffic does not come by
 *   fd:N             a descriptor opened by somebody else, ours from now on (also when this fails,
 *                    unless there is no such descriptor): a TAP or TUN (found out by asking it), a
 *                    datagram socket (a frame each) or a stream socket (4 octets of length first)
 *   dgram:OURS,PEER  AF_UNIX datagrams, as QEMU's -netdev dgram
 *   stream:PATH      AF_UNIX stream that somebody listens on, as QEMU's -netdev stream and passt */
AKSU_API struct aksu_interface *aksu_interface_open(const char *spec,
                                                    const struct aksu_interface_config *config,
                                                    char why[AKSU_WHY]);
AKSU_API void aksu_interface_close(struct aksu_interface *i);

/* One turn, without waiting: what the stack has to send, then a batch in. So what the caller does
 * about that batch leaves with the ACKs for it, in the next turn. At most 256 frames out and 64 in.
 * A frame that is not taken is kept, and nothing is pulled out of the stack before it has left.
 * True: something moved, call it again before sleeping on fd. */
AKSU_API bool aksu_interface_move(struct aksu_interface *i, struct aksu *net, aksu_device device,
                                  aksu_time now);
/* Its halves, each at its own time: over a fast link the answer to what has just left is in the
 * batch that comes in, and has taken some time. */
AKSU_API bool aksu_interface_move_out(struct aksu_interface *i, struct aksu *net, aksu_time now);
AKSU_API bool aksu_interface_move_in(struct aksu_interface *i, struct aksu *net,
                                     aksu_device device, aksu_time now);

/* A pcapng file of everything that passes `inner` (which is closed with it), with the stack's own
 * events as comments of the packet that they belong to. Give aksu_capture_sink() to
 * aksu_config.sink, through a tee if others listen too; free the stack before the capture.
 * `clock_offset`: what to add to CLOCK_MONOTONIC to get nanoseconds since 1970. NULL: `why`. A
 * write that fails ends the capture, not the interface; its aksu_interface.why says so. */
AKSU_API struct aksu_interface *aksu_capture_open(struct aksu_interface *inner, const char *path,
                                                  uint64_t clock_offset, char why[AKSU_WHY]);
AKSU_API struct aksu_sink *aksu_capture_sink(struct aksu_interface *capture);

/* `inner` behind two paths (path.h) in real time: what is transmitted goes through `out` before it
 * leaves, what arrives through `in` before it is received. All three are closed with it. Large
 * segments are cut by the paths. NULL: no memory; then all three are still the caller's. */
struct aksu_path;
AKSU_API struct aksu_interface *aksu_path_interface(struct aksu_interface *inner,
                                                    struct aksu_path *out, struct aksu_path *in);

#ifdef __cplusplus
}
#endif
#endif
