// Reads what a server with afloat says of its responses: node out/client.js 127.0.0.1:50051
import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";

import { DegradationSchema, FieldState, Reason, type Degradation, type FieldDegradation } from "./gen/afloat/degrade/v1/degradation_pb.js";
import { ErrorInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import { PageService } from "./gen/pages/v1/pages_pb.js";

const client = createClient(PageService, createGrpcTransport({ baseUrl: `http://${process.argv[2]}` }));

// stateOf returns what the field at path holds, "intact" if nothing is marked. A response
// without a report is one of which nothing is known.
function stateOf(report: Degradation | undefined, path: string): string {
  const marker = report?.fields.find((m) => m.path === path || m.path === "" || path.startsWith(m.path + "."));
  if (marker) {
    return FieldState[marker.state].toLowerCase();
  }
  return report && !report.truncated ? "intact" : "unknown";
}

// inTrailer returns the report of a response that has no field for one.
function inTrailer(trailer: Headers): Degradation | undefined {
  const text = trailer.get("afloat-degradation");
  return text ? fromBinary(DegradationSchema, Buffer.from(text, "base64")) : undefined;
}

// reasonOf returns why afloat refused a call: the reason of an ErrorInfo of its domain.
function reasonOf(err: ConnectError): string {
  return err.findDetails(ErrorInfoSchema).find((info) => info.domain === "afloat")?.reason ?? "";
}

const shown = (m: FieldDegradation) =>
  `${m.path}: ${FieldState[m.state].toLowerCase()} (${Reason[m.reason].toLowerCase()})` +
  (m.elementTotal ? ` ${m.elementCount} of ${m.elementTotal}` : "") +
  (m.age ? ` ${m.age.seconds}s old` : "");

let summary: string | null = null;
const page = await client.getPage({ name: "gopher" }, { onHeader: (h) => (summary = h.get("afloat-degraded")) });
console.log(page.greeting);
page.degradation?.fields.forEach((m) => console.log(shown(m)));
console.log(`greeting is ${stateOf(page.degradation, "greeting")}, banner is ${stateOf(page.degradation, "banner")}`);
console.log(`summary: ${summary}`);

let report: Degradation | undefined;
const banner = await client.getBanner({}, { onTrailer: (t) => (report = inTrailer(t)) });
console.log(`${banner.text}: ${report?.fields.map(shown).join()}`);

try {
  await client.getBanner({});
} catch (e) {
  const err = ConnectError.from(e);
  console.log(`refused: ${Code[err.code]} ${reasonOf(err)}`);
}

try {
  await client.getPage({ name: "gopher" }, { headers: { "afloat-require": "fields=greeting,banner" } });
} catch (e) {
  const err = ConnectError.from(e);
  const [why] = err.findDetails(DegradationSchema);
  console.log(`incomplete: ${Code[err.code]} ${reasonOf(err)} banner is ${stateOf(why, "banner")}`);
}
