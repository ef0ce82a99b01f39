"""A small HTTP server with byte ranges, for the test of tools/get_mnist.

range_server.py FOLDER LOG [cut=BYTES] [noranges] [status=CODE]
Serves FOLDER on a free port of 127.0.0.1, prints the port, and logs "path first-byte" per request.
cut: closes the connection after so many bytes of the first answer for each path.
noranges: ignores Range. status: answers everything with that code.
"""
import os
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

folder, log = sys.argv[1:3]
options = dict((word + "=").split("=")[:2] for word in sys.argv[3:])
seen = set()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        name = os.path.basename(self.path)
        wanted = re.match(r"bytes=(\d+)-$", self.headers.get("Range", ""))
        first = int(wanted[1]) if wanted and "noranges" not in options else 0
        with open(log, "a", encoding="ascii") as out:
            out.write(f"{name} {first}\n")
        if "status" in options:
            return self.send_error(int(options["status"]))
        try:
            with open(os.path.join(folder, name), "rb") as file:
                content = file.read()
        except OSError:
            return self.send_error(404)
        if first and first >= len(content):
            return self.send_error(416)
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        cut = int(options["cut"]) if "cut" in options and name not in seen else len(content)
        seen.add(name)
        self.wfile.write(content[first:first + cut])
        self.close_connection = True

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
