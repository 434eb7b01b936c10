#!/usr/bin/env python3
"""put.py PORT [SECONDS]: takes PUT on the kernel's TCP, over IPv4 and IPv6, and answers with the sha256 of what came.
With SECONDS it does not read for so long after the head of a request has come."""
import hashlib, http.server, socket, socketserver, sys, time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    rbufsize = 1 << 20

    def do_PUT(self):
        digest, left = hashlib.sha256(), int(self.headers['Content-Length'])
        time.sleep(float(sys.argv[2]) if len(sys.argv) > 2 else 0)
        while left > 0:
            piece = self.rfile.read1(left)
            if not piece:
                return
            digest.update(piece)
            left -= len(piece)
        answer = digest.hexdigest().encode()
        self.send_response(201)
        self.send_header('Content-Length', str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    address_family, daemon_threads = socket.AF_INET6, True


Server(('::', int(sys.argv[1])), Handler).serve_forever()
