"""A web client that does not behave. rude.py ADDRESS: prints a line for each thing that it tried."""
import socket
import struct
import sys
import time

GET = b'GET /hello.txt HTTP/1.1\r\nHost: x\r\n'


def connect():
    conn = socket.create_connection((sys.argv[1], 80), timeout=15)
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return conn


def rest(conn):
    text = b''
    while piece := conn.recv(65536):
        text += piece
    return text


def status(text):
    return text[9:12].decode()


conn = connect()
for octet in GET + b'Connection: close\r\nX: ' + b'a' * 300 + b'\r\n\r\n':
    conn.send(bytes([octet]))
    time.sleep(0.0005)
print('drops', status(rest(conn)))

conn = connect()
conn.sendall((GET + b'\r\n') * 500 + GET + b'Connection: close\r\n\r\n')
print('pipeline', rest(conn).count(b'HTTP/1.1 200 OK'))

conn = connect()
conn.sendall(GET + b'X: ' + b'b' * 40000 + b'\r\n\r\n')
print('large-head', status(rest(conn)))

# "100 Continue" has no room behind the file at first, and must come when it has.
conn = connect()
conn.sendall(b'GET /big HTTP/1.1\r\nHost: x\r\n\r\n'
             b'PUT /expect HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n')
time.sleep(0.5)
conn.settimeout(5)
last = b''
while b'100 Continue\r\n\r\n' not in last:
    last = last[-100:] + conn.recv(1 << 20)
conn.sendall(b'12345')
print('continue', status(conn.recv(1000)))

for name, request in {
        'version': b'GET / HTTP/2.0\r\n\r\n', 'no-host': b'GET / HTTP/1.1\r\n\r\n', 'zero': b'\0\1\2\r\n\r\n',
        'lengths': b'PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n',
        'overflow': b'PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n',
        'bad-chunk': b'PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
        'folded': GET + b' more\r\n\r\n', 'outside': b'GET /../../etc/passwd HTTP/1.0\r\n\r\n'}.items():
    conn = connect()
    conn.sendall(request)
    conn.shutdown(socket.SHUT_WR)
    print(name, status(rest(conn)))

for i in range(60):
    conn = connect()
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    if i % 2:
        conn.sendall(b'PUT /lost HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n' + b'x' * (i * 1500))
    else:
        conn.sendall(b'GET /big HTTP/1.1\r\nHost: a\r\n\r\n' * 3)
        conn.recv(1 + i * 800)
    if i % 3 == 0:
        time.sleep(0.005)
    conn.close()
