"""Reads what a server with afloat says of its responses: client.py 127.0.0.1:50051"""

import base64
import sys

import grpc
from google.rpc import error_details_pb2, status_pb2

from afloat.degrade.v1 import degradation_pb2 as degradation
from pages.v1 import pages_pb2, pages_pb2_grpc


def state_of(report, path):
    """What the field at path holds, "intact" if nothing is marked; None: nothing is known."""
    for m in report.fields if report else ():
        if m.path in ("", path) or path.startswith(m.path + "."):
            return name(degradation.FieldState, m.state, "FIELD_STATE_")
    return "intact" if report and not report.truncated else "unknown"


def in_trailer(call):
    """The report of a response that has no field for one."""
    text = dict(call.trailing_metadata()).get("afloat-degradation")
    if text is None:
        return None
    return degradation.Degradation.FromString(base64.b64decode(text + "=" * (-len(text) % 4)))


def detail(err, kind):
    """The detail of an error that is a message of the kind."""
    encoded = dict(err.trailing_metadata()).get("grpc-status-details-bin", b"")
    for packed in status_pb2.Status.FromString(encoded).details:
        found = kind()
        if packed.Unpack(found):
            return found
    return kind()


def name(enum, value, prefix):
    """The name of a value, as in "missing"."""
    return enum.Name(value).removeprefix(prefix).lower()


def shown(m):
    """A marker, as in "banner: missing (timeout)"."""
    text = f"{m.path}: {name(degradation.FieldState, m.state, 'FIELD_STATE_')}"
    text += f" ({name(degradation.Reason, m.reason, 'REASON_')})"
    if m.element_total:
        text += f" {m.element_count} of {m.element_total}"
    if m.HasField("age"):
        text += f" {m.age.seconds}s old"
    return text


with grpc.insecure_channel(sys.argv[1]) as channel:
    pages = pages_pb2_grpc.PageServiceStub(channel)

    page, call = pages.GetPage.with_call(pages_pb2.GetPageRequest(name="gopher"))
    report = page.degradation if page.HasField("degradation") else None
    print(page.greeting)
    for m in report.fields:
        print(shown(m))
    print(f"greeting is {state_of(report, 'greeting')}, banner is {state_of(report, 'banner')}")
    print(f"summary: {dict(call.initial_metadata())['afloat-degraded']}")

    banner, call = pages.GetBanner.with_call(pages_pb2.GetBannerRequest())
    print(f"{banner.text}: {','.join(shown(m) for m in in_trailer(call).fields)}")

    try:
        pages.GetBanner(pages_pb2.GetBannerRequest())
    except grpc.RpcError as err:
        info = detail(err, error_details_pb2.ErrorInfo)
        print(f"refused: {err.code().name} {info.reason if info.domain == 'afloat' else ''}")

    try:
        pages.GetPage(
            pages_pb2.GetPageRequest(name="gopher"),
            metadata=[("afloat-require", "fields=greeting,banner")],
        )
    except grpc.RpcError as err:
        info = detail(err, error_details_pb2.ErrorInfo)
        why = detail(err, degradation.Degradation)
        print(f"incomplete: {err.code().name} {info.reason} banner is {state_of(why, 'banner')}")
