"""end.py - an end of a connection on the kernel's TCP that a script drives: the commands of tests/interop/tool.c, from
stdin, each answered with a line that begins with "ok" or "no". Errors have the names of errno."""
import errno
import fcntl
import os
import select
import socket
import struct
import sys
import time

TABLE = 65521
TEXT = bytes((i * 2654435761 & 0xffffffff) >> 24 for i in range(TABLE)) * 2
STATES = ['', 'ESTABLISHED', 'SYN-SENT', 'SYN-RECEIVED', 'FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT', 'CLOSED', 'CLOSE-WAIT',
          'LAST-ACK', 'LISTEN', 'CLOSING', 'SYN-RECEIVED']
TCP_INFO, SIOCOUTQ = 11, 0x5411


def number(word, otherwise=10000):
    return int(word[0]) if word else otherwise


def until(word):
    return time.monotonic() + number(word) / 1000


class End:
    def __init__(self):
        self.listener = self.conn = None
        self.pace = 0
        self.forget()

    def forget(self):
        self.to_send = self.sent = self.got = self.failed = 0

    def new(self, address, local=None):
        """A socket, bound to the local port."""
        s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setblocking(False)
        if local:
            s.bind(('::' if ':' in address else '0.0.0.0', int(local)))
        return s

    def turn(self, seconds, *more):
        """Waits for `more` to be readable, or a while; sends what there is."""
        pending = [self.conn] if self.sent < self.to_send else []
        readable, writable, _ = select.select(more, pending, [], max(0, seconds))
        if writable:
            at = self.sent % TABLE
            try:
                self.sent += self.conn.send(TEXT[at:at + min(TABLE, self.to_send - self.sent)])
            except OSError as e:
                self.to_send = self.sent
                self.failed = e.errno           # the kernel tells it once only
        return readable

    # -- commands --

    def listen(self, port, *size):
        self.listener = socket.socket(socket.AF_INET6)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if size:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, int(size[0]))
        self.listener.bind(('::', int(port)))
        self.listener.listen(16)

    def accept(self, *ms):
        self.forget()
        if not select.select([self.listener], [], [], number(ms) / 1000)[0]:
            return 'no connection'
        self.conn = self.listener.accept()[0]
        self.conn.setblocking(False)

    def unlisten(self):
        self.listener.close()

    def start(self, address, port, local=None):
        """Sends the SYN."""
        self.forget()
        self.conn = self.new(address, local)
        try:
            self.conn.connect((address, int(port)))
        except BlockingIOError:
            pass

    def connected(self, *ms):
        if not select.select([], [self.conn], [], number(ms) / 1000)[1]:
            return 'no answer'
        error = self.conn.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            return 'no ' + errno.errorcode[error]

    def connect(self, address, port, local=None):
        self.start(address, port, local)
        return self.connected()

    def send(self, octets):
        self.to_send += int(octets)
        self.turn(0)

    def take(self, most, at):
        """Up to that many octets; b'' at the end; None when the time has come."""
        while time.monotonic() < at:
            if self.conn in self.turn(min(0.02, at - time.monotonic()), self.conn):
                return self.conn.recv(most)
        return None

    def expect(self, octets, *ms):
        want, at = int(octets), until(ms)
        while self.got < want:
            try:
                text = self.take(min(TABLE, want - self.got), at)
            except OSError as e:
                return f'no {errno.errorcode[e.errno]} at octet {self.got}'
            if not text:
                return f'no {"more" if text is not None else "more in time"} at octet {self.got}'
            first = self.got % TABLE
            if text != TEXT[first:first + len(text)]:
                return f'no other text at octet {self.got}'
            self.got += len(text)
            if self.pace:
                time.sleep(self.pace)

    def set_pace(self, ms):
        self.pace = int(ms) / 1000

    def eof(self, *ms):
        text = self.take(1, until(ms))
        return None if text == b'' else 'no end' if text is None else 'no more text'

    def wait(self, state, *ms):
        at = until(ms)
        while time.monotonic() < at:
            seen = self.state()
            if seen == state or state == 'sent' and self.sent == self.to_send and not self.queued(SIOCOUTQ):
                return 'ok ' + seen
            self.turn(0.01)
        return 'no ' + seen

    def state(self):
        return STATES[self.conn.getsockopt(socket.IPPROTO_TCP, TCP_INFO, 1)[0]]

    def queued(self, request):
        return struct.unpack('i', fcntl.ioctl(self.conn, request, b'\0' * 4))[0]

    def error(self, *ms):
        """Waits until the connection has failed, and not only been told of a soft error."""
        at, last = until(ms), self.failed
        while time.monotonic() < at:
            closed = self.state() == 'CLOSED'
            last = self.conn.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or self.failed or last
            if closed:
                return 'ok ' + errno.errorcode.get(last, 'no error')
            self.turn(0.01)
        return f'no {self.state()} {errno.errorcode.get(last, "")}'

    def shutdown(self):
        """The end of what was given to send, after it: FIN must not overtake text that the kernel had no room for."""
        at = until([])
        while self.sent < self.to_send and time.monotonic() < at:
            self.turn(0.02)
        self.conn.shutdown(socket.SHUT_WR)

    def close(self):
        self.forget()
        self.conn.close()

    def abort(self):
        self.conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.close()

    def status(self):
        return f'ok sent={self.sent} got={self.got}'

    def sleep(self, ms):
        at = until([ms])
        while time.monotonic() < at:
            self.turn(min(0.02, at - time.monotonic()))

    # -- the loop --

    def execute(self, line):
        word = line.split()
        try:
            print(getattr(self, {'pace': 'set_pace'}.get(word[0], word[0]))(*word[1:]) or 'ok', flush=True)
        except OSError as e:
            print('no', errno.errorcode.get(e.errno, str(e)), flush=True)

    def run(self):
        print('ready', flush=True)
        rest = b''
        while True:
            if 0 not in self.turn(0.02, 0):
                continue
            text = os.read(0, 4096)
            if not text:
                return
            *lines, rest = (rest + text).split(b'\n')
            for line in lines:
                if line == b'quit':
                    return
                self.execute(line.decode())


End().run()
