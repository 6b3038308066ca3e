# A TLS server or client of Python's ssl module for test/interop_peers.erl: standard input goes to the peer,
# what the peer sends goes to standard output. One argument: the configuration as JSON.
import json, socket, ssl, sys, threading

c = json.loads(sys.argv[1])
server = c["role"] == "server"
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
if "version" in c:
    ctx.minimum_version = ctx.maximum_version = getattr(ssl.TLSVersion, c["version"])
    ctx.set_ciphers(c["suites"])
    if server:
        ctx.load_dh_params(c["dh"])
else:
    ctx.minimum_version = ssl.TLSVersion.TLSv1_3
if "cert" in c:
    ctx.load_cert_chain(c["cert"], c["key"])
if "ca" in c:
    ctx.load_verify_locations(c["ca"])
if server and c.get("verify"):
    ctx.verify_mode = ssl.CERT_REQUIRED
if "group" in c:
    try:
        ctx.set_ecdh_curve(c["group"])
    except ssl.SSLError:
        pass  # some builds take NIST curves only; the defaults have the others, and our side names just the one
if "alpn" in c:
    ctx.set_alpn_protocols(c["alpn"])

def out(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()

if server:
    listener = socket.create_server(("127.0.0.1", 0))
    out(b"PORT %d\n" % listener.getsockname()[1])
    raw, _ = listener.accept()
    tls = ctx.wrap_socket(raw, server_side=True)
else:
    tls = ctx.wrap_socket(socket.create_connection(("127.0.0.1", c["port"])), server_hostname="localhost")
out(b"CONNECTED %s %s\n" % (tls.version().encode(), (tls.selected_alpn_protocol() or "-").encode()))

# OpenSSL's connection is not to be used by two threads at once: read with a time-out, write in between.
lines, done = [], threading.Event()
def stdin():
    for line in sys.stdin.buffer:
        lines.append(line)
    done.set()
threading.Thread(target=stdin, daemon=True).start()
tls.settimeout(0.02)
while not (done.is_set() and not lines):
    while lines:
        tls.settimeout(10)
        tls.sendall(lines.pop(0))
        tls.settimeout(0.02)
    try:
        data = tls.recv(65536)
    except (socket.timeout, ssl.SSLWantReadError):
        continue
    if not data:
        out(b"CLOSED\n")
        break
    out(data)
tls.close()
