"""Is this file, octet for octet, in the memory of a virtual machine? Asks qemu for the memory by QMP.
memory.py QMP-SOCKET OCTETS-OF-MEMORY DUMP FILE"""

import json
import mmap
import socket
import sys


def main(monitor, size, dump, path):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(monitor)
        lines = s.makefile('rw')
        for command in ({'execute': 'qmp_capabilities'}, {'execute': 'stop'},
                        {'execute': 'pmemsave', 'arguments': {'val': 0, 'size': size, 'filename': dump}}):
            lines.write(json.dumps(command) + '\n')
            lines.flush()
            answer = {}
            while 'return' not in answer:           # the others are the greeting and events
                answer = json.loads(lines.readline())
                if 'error' in answer:
                    print(answer['error'])
                    return 1
    with open(path, 'rb') as f:
        wanted = f.read()
    with open(dump, 'rb') as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as memory:
        at = memory.find(wanted[:64])
        while at >= 0:
            same = next((i for i in range(0, len(wanted), 4096)
                         if memory[at + i:at + i + 4096] != wanted[i:i + 4096]), len(wanted))
            if memory[at:at + len(wanted)] == wanted:
                return 0
            print(f'at {at:#x}: the first {same} octets, not all {len(wanted)}')
            at = memory.find(wanted[:64], at + 1)
    print('the machine does not have these octets')
    return 1


sys.exit(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
