"""A web server that does not behave. hostile.py PORT: GET /NAME gets the answer of that name."""
import socket
import struct
import sys
import threading
import time

HEAD = b'HTTP/1.1 200 OK\r\n'
ANSWERS = {
    'no-content': b'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n',
    'short': HEAD + b'Content-Length: 99999\r\n\r\nabc',
    'chunks': HEAD + b'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    'bad-chunks': HEAD + b'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n',
    'huge-chunk': HEAD + b'Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc',
    'circle': b'HTTP/1.1 302 Found\r\nLocation: /circle\r\n\r\n',
    'up': b'HTTP/1.1 302 Found\r\nLocation: ' + b'/..' * 1500 + b'\r\n\r\n',
    'garbage': b'garbage\r\n\r\n',
    'nothing': b'',
    'endless-head': HEAD + b'X: ' + b'y' * 20000 + b'\r\n\r\n',
    'half-head': HEAD + b'Content-Len',
    'negative': HEAD + b'Content-Length: -1\r\n\r\n',
    'escape': b'HTTP/1.1 200 O\x1b[2JK\r\n\r\nbody',
    'patience': b'HTTP/1.1 100 Continue\r\n\r\n' * 2000 + HEAD + b'\r\nbody',
    'big': HEAD + b'\r\n' + b'z' * 3000000,
    'reset': HEAD + b'\r\n' + b'z' * 100000,
}


def answer(conn):
    request = b''
    while b'\r\n\r\n' not in request:
        request += conn.recv(4096) or b'\r\n\r\n'
    name = request.split(b' ')[1].strip(b'/').decode()
    if name == 'drops':             # an octet in each segment
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in HEAD + b'X: ' + b'q' * 300 + b'\r\n\r\nlate':
            conn.send(bytes([octet]))
            time.sleep(0.0005)
    elif name == 'silence':
        time.sleep(60)
    else:
        conn.sendall(ANSWERS[name])
    if name == 'reset':
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    else:
        conn.shutdown(socket.SHUT_WR)
        conn.recv(1)
    conn.close()


def answer_or_not(conn):
    try:
        answer(conn)
    except OSError:
        conn.close()


server = socket.create_server(('', int(sys.argv[1])))
while True:
    threading.Thread(target=answer_or_not, args=(server.accept()[0],), daemon=True).start()
