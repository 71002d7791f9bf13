// Shows what the program says of itself. All of it is put in as text: names of
// methods and of users are whatever somebody made up.

const labels = { hanging: "hang", failing: "break" };

const byId = (id) => document.getElementById(id);

// make builds an element with a class, a text and children.
function make(tag, className, ...content) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  e.append(...content.filter((c) => c !== null));
  return e;
}

const percent = (share) => `${(100 * share).toFixed(share > 0 && share < 0.0995 ? 1 : 0)} %`;
const millis = (ms) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
const rate = (n) => `${n < 10 ? n.toFixed(1) : Math.round(n)} calls/s`;
const taken = (places, where) => places && `${places.inFlight} of ${places.limit} places ${where} taken, ${places.waiting} wait`;
const words = (s) => s.replaceAll("_", " ");
const list = (names) => names.join(", ").replace(/, ([^,]*)$/, " and $1");

const shown = new Map();

// differs reports whether a part of the state is another than the one that is shown. One
// that is not is left alone, with what is selected in it.
function differs(name, part) {
  const text = JSON.stringify(part);
  if (shown.get(name) === text) return false;
  shown.set(name, text);
  return true;
}

function figures(list, pairs) {
  list.replaceChildren(...pairs.map(([name, value]) => make("div", "", make("dt", "", name), make("dd", "", value))));
}

// sparkline draws what became of the pages of each second, a bar for each.
function sparkline(values) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", "0 0 60 10");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "pages in full, partial and failed, the last minute");
  values.forEach((second, i) => {
    let top = 0;
    for (const [share, kind] of [[second.failed, "bad"], [1 - second.full - second.failed, "warn"], [second.full, "good"]]) {
      const bar = document.createElementNS(ns, "rect");
      bar.setAttribute("class", kind);
      bar.setAttribute("x", String(60 - values.length + i + 0.1));
      bar.setAttribute("y", String(10 * top));
      bar.setAttribute("width", "0.8");
      bar.setAttribute("height", String(Math.max(0, 10 * share)));
      svg.append(bar);
      top += share;
    }
  });
  return svg;
}

function headline(state) {
  const cut = state.services.filter((s) => s.circuit && s.circuit.state !== "closed").map((s) => s.name);
  const sick = state.services.filter((s) => s.sickness && s.sickness !== "well").map((s) => s.name);
  const h = byId("headline");
  if (state.pages.failed > 0) {
    h.className = "bad";
    h.textContent = "Some pages fail.";
  } else if (cut.length > 0) {
    h.className = "warn";
    h.textContent = `Afloat without ${list(cut)}.`;
  } else if (sick.length > 0) {
    h.className = "warn";
    h.textContent = `${list(sick)} ${sick.length > 1 ? "are" : "is"} sick.`;
  } else {
    h.className = "good";
    h.textContent = "All is well.";
  }
}

function circuitBadge(circuit) {
  if (!circuit) return make("span", "badge", "no circuit");
  const kind = { closed: "good", half_open: "warn" }[circuit.state] ?? "bad";
  let until = "";
  if (circuit.state === "open") until = circuit.retryIn > 0 ? `, probe in ${circuit.retryIn.toFixed(1)} s` : ", probe is due";
  return make("span", `badge ${kind}`, `${words(circuit.state)}${until}`);
}

// card is a backend, made once and filled at each state, so that a button keeps the
// focus.
function card(service) {
  const badge = make("span", "badge");
  const meter = document.createElement("meter");
  meter.min = 0;
  const calls = make("p", "numbers");
  const places = make("p", "numbers");
  const pressure = document.createElement("meter");
  pressure.high = 0.5;
  pressure.title = `pressure at ${service.name}`;
  const control = make("p", "numbers");
  const refusals = make("p", "numbers");
  const controlled = make("div", "control", control, pressure, refusals);
  controlled.hidden = true;
  const buttons = (service.sicknesses ?? []).map((value) => {
    const b = make("button", "", labels[value] ?? value);
    b.type = "button";
    b.value = value;
    b.addEventListener("click", () => become(service.name, value));
    return b;
  });
  const choice = make("div", "switch", ...buttons);
  choice.setAttribute("role", "group");
  choice.setAttribute("aria-label", `what is wrong with ${service.name}`);
  const element = make("div", "card", make("div", "top", make("h3", "", service.name), badge), calls, places, meter, controlled, choice);
  element.id = `backend-${service.name}`;
  return {
    element,
    fill(s) {
      element.className = `card ${s.circuit ? s.circuit.state : ""}`;
      const fresh = circuitBadge(s.circuit);
      badge.className = fresh.className;
      badge.textContent = fresh.textContent;
      badge.title = s.circuit && s.circuit.calls > 0 ? `of ${s.circuit.calls} calls ${s.circuit.failures} failed and ${s.circuit.slow} were slow` : "";
      meter.max = s.places ? s.places.limit : 1;
      meter.high = meter.max * 0.9;
      meter.value = s.places ? s.places.inFlight : 0;
      meter.title = s.places ? `${s.places.inFlight} of ${s.places.limit} places taken, ${s.places.waiting} wait` : "";
      calls.textContent = `${rate(s.callsPerSecond)} from ${s.calledBy}`;
      places.textContent = [
        s.places ? `${s.places.inFlight} of ${s.places.limit} places taken` : null,
        s.refused > 0 ? `${s.refused} refused` : null,
      ].filter(Boolean).join(" · ");
      controlled.hidden = !s.control;
      if (s.control) {
        pressure.value = s.control.pressure;
        control.textContent = `pressure ${percent(s.control.pressure)} · ${s.control.inFlight} of ${s.control.limit} places of its own taken, ${s.control.waiting} wait`;
        refusals.textContent = `refused by class: ${s.control.refused.map((r) => `${r.class} ${r.calls}`).join(" · ")}`;
      }
      for (const b of buttons) b.setAttribute("aria-pressed", String(b.value === s.sickness));
    },
  };
}

const cards = new Map();

function services(all) {
  const chains = [];
  for (const s of all.filter((s) => !s.sickness)) {
    const box = make("span", "card small", make("strong", "", s.name),
      make("span", "numbers", rate(s.callsPerSecond), s.own ? `, ${s.own.inFlight} of ${s.own.limit} places` : null),
      s.circuit ? circuitBadge(s.circuit) : null);
    box.id = `server-${s.name}`;
    box.title = [taken(s.places, "on the way"), taken(s.own, "of its own")].filter(Boolean).join(", ");
    if (!s.calledBy) chains.push(make("span", "chain", make("span", "arrow", "client")));
    chains.at(-1)?.append(make("span", "arrow", "→"), box);
  }
  byId("callers").replaceChildren(...chains);
  for (const s of all.filter((s) => s.sickness)) {
    if (!cards.has(s.name)) {
      cards.set(s.name, card(s));
      byId("backends").append(cards.get(s.name).element);
    }
    cards.get(s.name).fill(s);
  }
}

// usual says how many visitors there are.
const usual = (times) => (times > 1 ? `${times} times as many as usual` : "as many as usual");

let asked = 0; // requests for more visitors, or fewer, that are under way

// visitors shows how many there are, unless somebody is just changing that.
function visitors(v) {
  if (!v || asked > 0) return;
  const slider = byId("times");
  slider.max = v.most;
  slider.value = v.times;
  say(v.times);
}

function say(times) {
  byId("times").setAttribute("aria-valuetext", usual(times));
  byId("times-shown").textContent = usual(times);
}

function markerBadge(part) {
  if (!part.state) return null;
  const kind = part.state === "missing" ? "bad" : "warn";
  const age = part.age > 0 ? `, ${Math.round(part.age)} s old` : "";
  return make("span", `badge ${kind}`, `${words(part.state)}${age} · ${words(part.reason)}`);
}

function page(p) {
  if (!differs("page", p)) return;
  if (p.error) {
    byId("page").replaceChildren(make("p", "", `No page: ${p.error}`));
    return;
  }
  const parts = p.parts.map((part) => {
    const lines = part.lines.length > 0 ? part.lines : [part.state === "missing" ? "not available just now" : "none"];
    const box = make("div", `part ${part.state}`,
      make("div", "top", make("h3", "", part.name), markerBadge(part)),
      make("ul", "", ...lines.map((l) => make("li", "", l))));
    box.id = `part-${part.name}`;
    return box;
  });
  byId("page").replaceChildren(...parts);
}

function events(all) {
  if (!differs("events", all)) return;
  const items = all.map((e) => make("li", e.level, make("time", "", e.at), make("span", "", e.service), make("span", "", e.text)));
  byId("events").replaceChildren(...(items.length > 0 ? items : [make("li", "empty", "Nothing yet.")]));
}

function show(state) {
  headline(state);
  figures(byId("figures"), [
    ["pages a second", state.pages.perSecond.toFixed(0)],
    ["in full", percent(state.pages.full)],
    ["partial", percent(state.pages.partial)],
    ["failed", percent(state.pages.failed)],
    ["p50", millis(state.pages.p50)],
    ["p99", millis(state.pages.p99)],
    ["the last minute", sparkline(state.pages.history)],
  ]);
  visitors(state.visitors);
  services(state.services);
  page(state.page);
  figures(byId("order-figures"), [
    ["placed", state.orders.placed],
    ["charged", state.orders.charged],
    ["accepted for later", state.orders.accepted],
    ["waiting on disk", state.orders.waiting],
    ["refused", state.orders.refused],
  ].map(([name, n]) => [name, String(n)]));
  byId("rules-file").textContent = state.rulesFile;
  events(state.events);
}

// change asks for a change, and shows why if there is none.
async function change(path, what) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(what),
  });
  if (!answer.ok) byId("subline").textContent = await answer.text();
}

const become = (name, sickness) => change(`backends/${encodeURIComponent(name)}`, { sickness });

let coming = Promise.resolve();

// Each step of the slider counts, one after the other: the last one is what remains.
byId("times").addEventListener("input", (e) => {
  const times = Number(e.target.value);
  say(times);
  asked++;
  coming = coming.then(() => change("visitors", { times })).catch(() => {}).finally(() => { asked--; });
});

const source = new EventSource("events");
source.addEventListener("message", (m) => show(JSON.parse(m.data)));
source.addEventListener("error", () => {
  byId("headline").className = "bad";
  byId("headline").textContent = "The program has ended, or cannot be reached.";
});
