// The page asks for what is in force every few seconds and shows it. Whatever comes from the
// process is text: it is set as text and as nothing else.

const token = document.querySelector('meta[name="afloat-token"]').content;
const mayChange = document.body.classList.contains("may-change");
const $ = (id) => document.getElementById(id);
const refreshEvery = 2000, pageSize = 100, eventsShown = 50, rulesShown = 50;

let size = pageSize;            // how many policies are shown
let latest = null;              // the snapshot that is shown
let ruleToken = "", ruleCount = 0, rulesOf = "";
let selected = null;            // the policy in the dialog, {everything: true} for all

// make returns an element with a class, a text and children.
function make(name, className, ...children) {
  const e = document.createElement(name);
  if (className) e.className = className;
  for (const c of children) if (c !== null && c !== undefined && c !== "") e.append(c);
  return e;
}

const word = (value, prefix) => (value ?? "").replace(prefix, "").toLowerCase().replaceAll("_", " ");
const stateOf = (b) => word(b.state ?? "STATE_UNSPECIFIED", "STATE_");
const number = (n) => Number(n ?? 0).toLocaleString("en");
const seconds = (d) => Number((d ?? "0s").slice(0, -1));

// span returns a time in words that are short.
function span(s) {
  s = Math.max(0, s);
  if (s < 1) return `${Math.round(s * 1000)} ms`;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 60) return `${Math.round(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
  if (s < 172800) return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
  return `${Math.floor(s / 86400)} days`;
}

const ago = (t) => span((Date.now() - Date.parse(t)) / 1000);
const left = (t) => span(Math.ceil((Date.parse(t) - Date.now()) / 1000));
const clock = (t) => new Date(t).toLocaleTimeString("en-GB");

// ask fetches JSON, and throws what the process says if it does not give any.
async function ask(path, parameters, init) {
  const response = await fetch(parameters ? `${path}?${parameters}` : path, { cache: "no-store", ...init });
  if (!response.ok) throw new Error((await response.text()).trim() || response.statusText);
  return response.json();
}

// change sends a change.
function change(request) {
  return ask("override", null, {
    method: "POST", body: JSON.stringify(request), headers: { "Content-Type": "application/json", "X-Afloat-Token": token },
  });
}

function filterOf() {
  const p = new URLSearchParams();
  if ($("text").value) p.set("text", $("text").value);
  if ($("kind").value) p.set("kind", $("kind").value);
  if ($("overridden").checked) p.set("overridden", "1");
  const state = $("state").value;
  const notClosed = ["STATE_OPEN", "STATE_HALF_OPEN", "STATE_SLOW", "STATE_FORCED_OPEN", "STATE_DISABLED"];
  for (const s of state === "not-closed" ? notClosed : state ? [state] : []) p.append("state", s);
  return p;
}

// refresh shows what is in force now. A later one overtakes an earlier one.
let turn = 0;
async function refresh() {
  const mine = ++turn;
  try {
    const p = filterOf();
    p.set("without_rules", "1");
    p.set("page_size", String(size));
    p.set("events", String(eventsShown));
    const { snapshot, history } = await ask("snapshot", p);
    if (mine !== turn) return;
    latest = snapshot;
    show(snapshot, history ?? []);
    $("trouble").hidden = true;
  } catch (e) {
    if (mine !== turn) return;
    $("trouble").textContent = `What is shown is old: ${e.message}`;
    $("trouble").hidden = false;
  }
}

function show(s, history) {
  showHeadline(s);
  showCharts(history);
  showOverrides(s.overrides ?? []);
  showPolicies(s.policies ?? [], s.nextPageToken);
  showEvents(s.events ?? []);
  showRulesState(s.totals);
}

// setText changes a text only if it is another one, so that screen readers hear of changes.
function setText(e, text) {
  if (e.textContent !== text) e.textContent = text;
}

function showHeadline(s) {
  const counts = Object.fromEntries((s.totals.circuits ?? []).map((c) => [word(c.state, "STATE_"), c.circuits ?? 0]));
  const all = Object.values(counts).reduce((a, b) => a + b, 0);
  const others = Object.entries(counts).filter(([state, n]) => state !== "closed" && n > 0).map(([state, n]) => `${number(n)} ${state}`);
  const text = all === 0 ? "No circuit has guarded a call yet."
    : others.length === 0 ? (all === 1 ? "The one circuit is closed." : `All ${number(all)} circuits are closed.`)
      : `Of ${number(all)} circuits, ${others.join(", ")}.`;
  setText($("headline"), text);
  $("headline").className = others.length ? "warn" : "good";
}

// chart draws the history of a number.
function chart(title, values, unit) {
  const w = 160, h = 36, most = Math.max(1, ...values), now = values.at(-1) ?? 0;
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", `0 0 ${w} ${h}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("preserveAspectRatio", "none");
  const shown = (n) => n >= 100 || Number.isInteger(n) ? number(Math.round(n)) : n.toFixed(1);
  svg.setAttribute("aria-label", `${title} in the last minutes: now ${shown(now)}, at most ${shown(Math.max(0, ...values))}`);
  const line = document.createElementNS(ns, "polyline");
  const step = w / Math.max(1, values.length - 1);
  line.setAttribute("points", values.map((v, i) => `${(i * step).toFixed(1)},${(h - 2 - v / most * (h - 4)).toFixed(1)}`).join(" "));
  svg.append(line);
  return make("figure", "chart", make("figcaption", "", title), make("strong", "", `${shown(now)}${unit}`), svg);
}

function showCharts(history) {
  if (history.length === 0) return;
  $("charts").replaceChildren(
    chart("Circuits not closed", history.map((s) => s.notClosed), ""),
    chart("Refused", history.map((s) => s.refusedPerSecond), " /s"),
    chart("In flight", history.map((s) => s.inFlight), ""),
  );
}

function scopeWords(scope) {
  if (!scope || scope.everything) return "everything";
  return [scope.kind, scope.name, scope.target && `at ${scope.target}`, scope.rule && `by rule ${scope.rule}`,
    scope.side && `on the ${word(scope.side, "SIDE_")} side`].filter(Boolean).join(" ");
}

const actionWords = (o) => word(o.action, "ACTION_") + (o.places ? ` to ${o.places}` : "");

// keyed updates the children of a list in place, by key: what a person has the focus in, or
// has selected, stays.
function keyed(list, items, keyOf, create, update) {
  const known = new Map([...list.children].map((e) => [e.dataset.key, e]));
  let at = list.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let e = known.get(key);
    if (e) known.delete(key); else {
      e = create(item);
      e.dataset.key = key;
    }
    update(e, item);
    if (e === at) at = at.nextElementSibling; else list.insertBefore(e, at);
  }
  for (const e of known.values()) e.remove();
}

function showOverrides(all) {
  $("no-overrides").hidden = all.length > 0;
  keyed($("override-list"), all, (o) => o.id, (o) => {
    const e = make("li", "override", make("div", "what"), make("div", "why"), make("div", "time"));
    if (mayChange) {
      const end = make("button", "quiet", "End");
      end.type = "button";
      end.setAttribute("aria-label", `End override ${o.id}: ${actionWords(o)} for ${scopeWords(o.scope)}`);
      end.addEventListener("click", () => endOverride(o, end));
      e.append(end);
    }
    return e;
  }, (e, o) => {
    const [what, why, time] = e.children;
    setText(what, `${actionWords(o)}: ${scopeWords(o.scope)}`);
    setText(why, `${o.reason} (${o.author})`);
    setText(time, `${left(o.until)} left, until ${clock(o.until)}`);
  });
}

async function endOverride(o, button) {
  button.disabled = true;
  try {
    await change({ end: { id: o.id }, reason: "ended on the page" });
    say(`Override ${o.id} has ended.`);
    await refresh();
    $("policies").focus();
  } catch (e) {
    say(e.message);
    button.disabled = false;
  }
}

const keyOf = (p) => [p.kind, p.side, p.target, p.name, p.match, p.shadow].join("\u0000");

// figuresOf returns what stands beside a policy, in words.
function figuresOf(p) {
  if (p.breaker) {
    const b = p.breaker, parts = [];
    if (b.calls) parts.push(`${number(b.failures)} of ${number(b.calls)} calls failed${b.slow ? `, ${number(b.slow)} slow` : ""}`);
    if (b.overdue) parts.push(`${number(b.overdue)} overdue`);
    if (b.retryAt) parts.push(Date.parse(b.retryAt) > Date.now() ? `next probe in ${left(b.retryAt)}` : "the next call is a probe");
    if (b.admittedShare) parts.push(`${Math.round(b.admittedShare * 100)} % pass`);
    if (b.usual) parts.push(`usually within ${span(seconds(b.usual))}`);
    return parts.join(" · ");
  }
  if (p.bulkhead) {
    const b = p.bulkhead, c = b.config ?? {};
    return [`${number(b.inFlight)} of ${number(c.maxConcurrent)} places`, c.maxStreams && `${number(b.streams)} of ${number(c.maxStreams)} streams`,
      c.maxQueue && `${number(b.waiting)} of ${number(c.maxQueue)} waiting`].filter(Boolean).join(" · ");
  }
  if (p.rateLimit) return `${Math.floor(p.rateLimit.tokens ?? 0)} tokens of ${number(p.rateLimit.config?.burst)} · ${number(p.rateLimit.waiting)} waiting`;
  if (p.fault) return `${number(p.fault.delayed)} delayed · ${number(p.fault.aborted)} failed`;
  if (p.timeout) return Object.entries(p.timeout).filter(([, v]) => /s$/.test(v)).map(([k, v]) => `${k} ${v}`).join(" · ");
  return "";
}

const rejectedOf = (p) => p.breaker?.rejected ?? p.bulkhead?.rejected ?? p.rateLimit?.rejected;
const kindWord = (p) => ({ breaker: "circuit", ratelimit: "rate limit" })[p.kind] ?? (p.kind || "policy");
const badgeOf = (p) => p.breaker ? stateOf(p.breaker) : "";
const tones = { closed: "good", open: "bad", "half open": "warn", slow: "warn", "forced open": "bad", disabled: "warn" };

function showPolicies(all, more) {
  const total = latest.totals.policies ?? 0;
  setText($("found"), all.length === 0 ? `None of ${number(total)} policies.`
    : more ? `The first ${number(all.length)} that are found; there are ${number(total)} policies in all.`
      : `${number(all.length)} of ${number(total)} policies.`);
  $("more").hidden = !more;
  keyed($("policy-list"), all, keyOf, (p) => {
    const open = make("button", "name", p.name || "(no name)");
    open.type = "button";
    open.addEventListener("click", () => openDetails(p));
    const where = [kindWord(p) + (p.shadow ? ", which only watches" : ""), p.target && `at ${p.target}`,
      p.side !== "SIDE_CLIENT" && `on the ${word(p.side, "SIDE_")} side`].filter(Boolean).join(" ");
    return make("li", "policy", open, make("span", "badge"), make("span", "where", where), make("span", "figures"), make("span", "refused"), make("span", "override-of"));
  }, (e, p) => {
    const [, badge, , figures, refused, override] = e.children;
    const state = badgeOf(p);
    setText(badge, state ? `${state}${p.breaker?.since && state !== "closed" ? ` for ${ago(p.breaker.since)}` : ""}` : "");
    badge.className = `badge ${tones[state] ?? "none"}`;
    setText(figures, figuresOf(p));
    const n = rejectedOf(p);
    setText(refused, n && n !== "0" ? `${number(n)} refused` : "");
    const o = p.override && (latest.overrides ?? []).find((o) => o.id === p.override);
    setText(override, p.override ? `overridden: ${o ? `${actionWords(o)}, ${left(o.until)} left` : p.override}` : "");
  });
}

function showEvents(all) {
  $("no-events").hidden = all.length > 0;
  keyed($("event-list"), all, (e) => JSON.stringify(e), (e) => {
    const t = e.transition, s = e.steered, time = make("time", "", clock(e.at));
    time.dateTime = e.at;
    if (t) {
      const figures = [t.calls && `${number(t.calls)} calls`, t.failures && `${number(t.failures)} failed`, t.slow && `${number(t.slow)} slow`,
        t.overdue && `${number(t.overdue)} overdue`].filter(Boolean).join(", ");
      const to = t.to.replaceAll("_", " ");
      return make("li", `event ${tones[to] ?? "none"}`, time, make("span", "", `${t.name}${t.target ? ` at ${t.target}` : ""}: ${t.from.replaceAll("_", " ")} → ${to}, because of ${t.cause.replaceAll("_", " ")}${figures ? ` (${figures})` : ""}${t.by ? `, by the condition “${t.by}”` : ""}`));
    }
    const o = s.override ?? {};
    const what = { began: "was begun", expired: "ended by itself", ended: "was ended", replaced: "was replaced", tripped: "tripped", reset: "reset" }[s.what] ?? s.what;
    const text = o.id ? `Override ${o.id} ${what}${s.by ? ` by ${s.by}` : ""}: ${actionWords(o)}, ${scopeWords(o.scope)}. ${o.reason}`
      : `${s.by} ${what} ${number(o.policies)} policies: ${scopeWords(o.scope)}. ${o.reason}`;
    return make("li", "event hand", time, make("span", "", text));
  }, () => {});
}

function showRulesState(t) {
  const since = t.inForceSince ? `, since ${clock(t.inForceSince)}` : "";
  setText($("rules-figures"), `${number(t.rules)} rules are in force${since}. Changes: ${number(t.changesApplied)} applied, ${number(t.changesRefused)} refused.` +
    (Number(t.overflowed ?? 0) > 0 ? ` ${number(t.overflowed)} calls had to share policies: there are too many methods.` : "") +
    (t.unfollowed ? " Nobody follows the changes of the file." : "") + (t.unwatched ? ` The file is not watched: ${t.unwatched}` : ""));
  const refused = t.lastRefused && t.lastRefused.at > t.inForceSince;
  $("rules-fault").hidden = !refused;
  if (refused) setText($("rules-fault"), t.lastRefused.faults);
  const of = `${t.inForceSince}`;
  if (of !== rulesOf) {
    rulesOf = of;
    $("rule-list").replaceChildren();
    ruleToken = "";
    ruleCount = 0;
    showRules();
  }
}

async function showRules() {
  const p = new URLSearchParams({ without_policies: "1", page_size: String(rulesShown) });
  if (ruleToken) p.set("page_token", ruleToken);
  try {
    const { snapshot } = await ask("snapshot", p);
    for (const r of snapshot.rules ?? []) {
      ruleCount++;
      const { match, target, side, shadow, ...policies } = r.rule ?? {};
      const list = make("ul", "");
      for (const [kind, config] of Object.entries(policies)) list.append(make("li", "", make("strong", "", kind), ` ${configWords(config)}`));
      for (const kind of r.otherPolicies ?? []) list.append(make("li", "", make("strong", "", kind)));
      if (!list.children.length) list.append(make("li", "", "no policies: the calls are unguarded"));
      const summary = make("summary", "", match ?? "", target ? ` at ${target}` : "", side ? ` (${word(side, "SIDE_")})` : "", shadow ? " (shadow)" : "");
      $("rule-list").append(make("li", "", make("details", "", summary, make("p", "place", `from ${r.place || word(r.source, "SOURCE_")}`), list)));
    }
    ruleToken = snapshot.nextPageToken ?? "";
    $("more-rules").hidden = !ruleToken;
  } catch (e) {
    rulesOf = ""; // it is tried again with the next refresh
  }
}

// configWords returns a configuration in words: what is set of it.
function configWords(config) {
  if (config === null || typeof config !== "object") return String(config);
  return Object.entries(config).map(([k, v]) => `${k} ${typeof v === "object" ? JSON.stringify(v) : v}`).join(", ");
}

// The dialog of a policy.

async function openDetails(p) {
  selected = p;
  setText($("details-title"), p.everything ? "Override everything" : p.name || "(no name)");
  setText($("details-of"), p.everything ? "The kill switch: every policy of this process does what is chosen here."
    : [kindWord(p), p.target && `at ${p.target}`, `on the ${word(p.side, "SIDE_")} side`, p.match && `by rule ${p.match}`].filter(Boolean).join(", "));
  $("words").replaceChildren();
  $("figures").replaceChildren();
  if (mayChange) prepareChange(p);
  $("details").showModal();
  if (p.everything) return;
  const status = p.breaker ?? p.bulkhead ?? p.rateLimit ?? p.fault ?? p.timeout ?? p.custom ?? {};
  const { config, ...figures } = status;
  for (const [k, v] of Object.entries(figures)) fact(k, typeof v === "object" ? configWords(v) : String(v));
  if (config) fact("config", configWords(config));
  if (p.name?.startsWith("/") && !p.name.endsWith("/")) {
    try {
      const m = await ask("explain", new URLSearchParams({ method: p.name, target: p.target ?? "", side: p.side ?? "" }));
      if (selected === p) $("words").replaceChildren(...(m.words ?? []).map((w) => make("li", "", w)));
    } catch (e) {
      if (selected === p) $("words").replaceChildren(make("li", "", e.message));
    }
  }
}

function fact(name, value) {
  $("figures").append(make("dt", "", name.replace(/[A-Z]/g, (c) => " " + c.toLowerCase())), make("dd", "", value));
}

// options replaces the options of a select.
function options(select, all) {
  select.replaceChildren(...all.map(([value, text]) => {
    const o = make("option", "", text);
    o.value = value;
    return o;
  }));
}

// scopesOf returns the scopes that can be meant, the narrowest first.
function scopesOf(p) {
  if (p.everything) return [["everything", "everything", { everything: true }]];
  const own = { kind: p.kind, side: p.side, name: p.name };
  if (p.target) own.target = p.target;
  if (p.match) own.rule = p.match;
  const all = [["own", `this ${kindWord(p)} alone`, own]];
  const slash = (p.name ?? "").lastIndexOf("/");
  if (slash > 0) {
    if (slash < p.name.length - 1) all.push(["method", `the method ${p.name}`, { name: p.name }]);
    const service = p.name.slice(0, slash);
    all.push(["service", `the service ${service.slice(1)}`, { name: `${service}/*` }]);
  }
  if (p.target) all.push(["target", `all calls to ${p.target}`, { target: p.target }]);
  all.push(["everything", "everything", { everything: true }]);
  return all;
}

function prepareChange(p) {
  const all = [["ACTION_DISABLE", "disable: let every call pass"]];
  if (p.breaker || p.everything) {
    all.unshift(["ACTION_FORCE_OPEN", "force open: refuse every call"], ["ACTION_FORCE_CLOSED", "force closed: refuse no call, go on judging"]);
    all.push(["trip", "trip once: it recovers by itself"], ["reset", "reset: forget what was seen and learned"]);
  }
  if (p.bulkhead) all.unshift(["ACTION_SET_PLACES", "other places"]);
  options($("action"), all);
  options($("scope"), scopesOf(p));
  if (p.everything) $("action").value = "ACTION_DISABLE";
  if (p.bulkhead) $("places").value = p.bulkhead.config?.maxConcurrent ?? 10;
  $("reason").value = "";
  $("refusal").textContent = "";
  meant();
}

// request returns the change that the form asks for.
function request() {
  const [, , scope] = scopesOf(selected).find(([value]) => value === $("scope").value);
  const r = { scope, reason: $("reason").value }, action = $("action").value;
  if (action === "trip" || action === "reset") r[action] = {};
  else {
    r.begin = { action, for: $("lasting").value };
    if (action === "ACTION_SET_PLACES") r.begin.places = Number($("places").value);
  }
  return r;
}

// meant tells for how many policies the change would be.
async function meant() {
  const r = request();
  $("places-label").hidden = !r.begin?.places && $("action").value !== "ACTION_SET_PLACES";
  $("lasting-label").hidden = !r.begin;
  r.reason = r.reason || "trying";
  r.dryRun = true;
  try {
    const m = await change(r);
    const n = m.policies ?? 0;
    setText($("meant"), n === 1 ? "This is for one policy." : `This is for ${number(n)} policies.`);
  } catch (e) {
    setText($("meant"), e.message);
  }
}

async function apply(event) {
  event.preventDefault();
  $("apply").disabled = true;
  setText($("refusal"), "");
  try {
    const m = await change(request());
    $("details").close();
    say(`Done for ${number(m.policies ?? 0)} policies.`);
    await refresh();
  } catch (e) {
    setText($("refusal"), e.message);
  } finally {
    $("apply").disabled = false;
  }
}

let silence = 0;
function say(text) {
  setText($("done"), text);
  $("done").hidden = false;
  clearTimeout(silence);
  silence = setTimeout(() => { $("done").hidden = true; }, 6000);
}

function search() {
  size = pageSize;
  refresh();
}

let typing = 0;
$("text").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(search, 150);
});
for (const id of ["state", "kind", "overridden"]) $(id).addEventListener("change", search);
$("filter").addEventListener("submit", (e) => {
  e.preventDefault();
  search();
});
$("more").addEventListener("click", () => {
  size = Math.min(5000, size * 2);
  refresh();
});
$("more-rules").addEventListener("click", showRules);
$("close").addEventListener("click", () => $("details").close());
if (mayChange) {
  $("kill").addEventListener("click", () => openDetails({ everything: true }));
  $("change").addEventListener("submit", apply);
  for (const id of ["action", "scope", "lasting", "places"]) $(id).addEventListener("change", meant);
}

refresh();
setInterval(() => { if (!document.hidden) refresh(); }, refreshEvery);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
