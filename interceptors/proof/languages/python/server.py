"""A server that does what it is told: python3 server.py <connection age in ms, 0 for none>."""

import base64
import signal
import sys
import threading
from concurrent import futures

import grpc


def unary(request, context):
    words = request[2:].decode().split()
    if words[0] == "code":
        if len(words) > 2:
            details = base64.b64decode(words[2])
            context.set_trailing_metadata((("grpc-status-details-bin", details),))
        code = next(c for c in grpc.StatusCode if c.value[0] == int(words[1]))
        context.abort(code, "as told")
    if words[0] == "hang":
        over = threading.Event()
        context.add_callback(over.set)
        over.wait()
    return b""


def watch(request, context):
    context.send_initial_metadata(())
    over = threading.Event()
    context.add_callback(over.set)
    over.wait()
    yield from ()


class Handlers(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method == "/peer.Peer/Unary":
            return grpc.unary_unary_rpc_method_handler(unary)
        return grpc.unary_stream_rpc_method_handler(watch)


options = [("grpc.so_reuseport", 0)]
if sys.argv[1] != "0":
    options += [("grpc.max_connection_age_ms", int(sys.argv[1])), ("grpc.max_connection_age_grace_ms", 300)]
server = grpc.server(futures.ThreadPoolExecutor(max_workers=64), options=options)
server.add_generic_rpc_handlers((Handlers(),))
port = server.add_insecure_port("127.0.0.1:" + sys.argv[2])
server.start()
print("listening on", port, flush=True)
signal.signal(signal.SIGTERM, lambda *_: server.stop(0))
server.wait_for_termination()
