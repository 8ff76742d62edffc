// Every page works as plain forms; this makes them live and quick. One module, no build step, below 15 kB.
const $ = (s, n = document) => n.querySelector(s);
const $$ = (s, n = document) => [...n.querySelectorAll(s)];
const { body } = document;
document.documentElement.classList.add("js");
const words = JSON.parse($("[data-words]")?.content.textContent || "{}");
const say = (text) => { const to = $("[data-said]"); if (to) to.textContent = text; };
const fill = (text, facts) => text.replace(/\{(\w+)\}/g, (all, name) => facts[name] ?? all);
const made = (html) => { const t = document.createElement("template"); t.innerHTML = html; return t.content.firstElementChild; };
const store = { get: (k) => { try { return localStorage.getItem(k); } catch { return null; } },
  set: (k, v) => { try { localStorage.setItem(k, v); } catch { /* private window: not kept */ } } };

// ---- notices ----
let noticeTimer;
function notice(text) {
  const bar = $("[data-notice]");
  if (!bar) return;
  $("span", bar).textContent = text;
  bar.hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => { bar.hidden = true; }, 10000);
}

// ---- parts: applied only when newer, never under the hand ----
const waiting = new Map();
const log = $("[data-log]"), messages = $("[data-messages]"), list = $("[data-list]");
const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 80;
const toEnd = () => { log.scrollTop = log.scrollHeight; };

function held(node) {
  const at = document.activeElement, chosen = getSelection();
  if (node.contains(at) && !at.closest("[data-pressed]") && at !== node) return true;
  return chosen && !chosen.isCollapsed && node.contains(chosen.anchorNode);
}
function flush() {
  for (const [t, part] of waiting) { waiting.delete(t); apply(part); }
}
function apply(part) {
  const old = $(`[data-t="${CSS.escape(part.t)}"]`);
  if (old && Number(old.dataset.v) >= part.v) return;
  if (part.alarm && part.t) $("[data-alarm]").textContent = $("h3", made(part.html))?.textContent || "";
  if (part.t.startsWith("conv:")) return conversation(part, old);
  if (!old) return part.add === "log" ? arrive(part) : part.add === "held" ? hold(part) : undefined;
  if (held(old)) { waiting.set(part.t, part); return; }
  swap(old, part);
  if (part.t.startsWith("panel:")) recheck();
}
function swap(old, part) {
  const fresh = made(part.html), stay = log && atEnd(), inLog = log?.contains(old);
  const had = old.contains(document.activeElement), height = old.offsetHeight, scroll = $(".scroll", old)?.scrollTop;
  for (const box of $$("input:checked[value]", old)) {
    const same = $$(`input[name="${box.name}"]`, fresh).find((b) => b.value === box.value && !b.disabled);
    if (same) same.checked = true;
  }
  old.replaceWith(fresh);
  if (scroll && $(".scroll", fresh)) $(".scroll", fresh).scrollTop = scroll;
  if (inLog && fresh.offsetHeight < height) fresh.style.minHeight = `${height}px`;
  if (inLog && stay) toEnd();
  fresh.classList.add("fresh");
  for (const b of $$("button,a.btn", fresh)) b.quietUntil = performance.now() + 400;
  if (had) { fresh.tabIndex = -1; fresh.focus({ preventScroll: true }); }
  ready(fresh);
}
let unseen = 0, newRows = 0;
function arrive(part) {
  const stay = atEnd(), node = made(part.html);
  if ($$("[id^=m]", messages).some((m) => Number(m.id.slice(1)) > Number(part.t.split(":")[1]))) {
    const after = $$("[id^=m]", messages).find((m) => Number(m.id.slice(1)) > Number(part.t.split(":")[1]));
    after.before(node);
  } else messages.append(node);
  ready(node);
  if (stay) { toEnd(); return; }
  unseen += 1;
  const pill = $("[data-pill]");
  pill.textContent = fill(unseen === 1 ? words.pill_one : words.pill_many, { n: unseen });
  pill.hidden = false;
}
function hold(part) {
  const bar = $("[data-new]");
  if (!bar || hold.known?.has(part.t)) return;
  (hold.known ??= new Set()).add(part.t);
  newRows += 1;
  $("span", bar).textContent = fill(bar.dataset.one, { n: newRows });
  bar.hidden = false;
}

// ---- the list: a row changes at once, its place only when nobody points at it ----
const moves = new Map();
const listInUse = () => list && (list.matches(":hover") || list.contains(document.activeElement));
function conversation(part, old) {
  if (!list || $("[data-search]")?.value) return;
  const fresh = part.html && made(part.html);
  if (old && fresh) {
    const from = $("a", fresh), to = $("a", old);
    to.dataset.s = from.dataset.s;
    to.innerHTML = from.innerHTML;
    old.dataset.v = part.v;
    old.dataset.n = fresh.dataset.n;
    old.classList.add("fresh");
    mark(old);
    if (old.dataset.group === fresh.dataset.group && old.dataset.order === fresh.dataset.order) { moves.delete(part.t); heldBar(); return; }
  } else if (!fresh && !old) return;
  moves.set(part.t, fresh || null);
  if (listInUse()) heldBar(); else place();
}
function heldBar() {
  const bar = $("[data-held]");
  if (!bar) return;
  bar.hidden = !moves.size;
  $("span", bar).textContent = fill(moves.size === 1 ? words.held_one : words.held_many, { n: moves.size });
}
function place() {
  for (const [t, fresh] of moves) {
    const old = $(`[data-t="${CSS.escape(t)}"]`, list);
    if (!fresh) { old?.remove(); continue; }
    const row = old || fresh;
    row.dataset.group = fresh.dataset.group;
    row.dataset.order = fresh.dataset.order;
    const rows = $$(`li[data-group="${row.dataset.group}"]`, list).filter((r) => r !== row);
    const next = rows.find((r) => r.dataset.order > row.dataset.order);
    const last = rows.at(-1) || $(`[data-grp="${row.dataset.group}"]`, list);
    if (row.dataset.group === "yours") $("[data-none]", list)?.remove();
    if (next) next.before(row); else last.after(row);
    mark(row);
  }
  moves.clear();
  heldBar();
}
function mark(row) {
  const seen = JSON.parse(store.get("seen") || "{}"), id = row.dataset.t, n = Number(row.dataset.n);
  if ($("a", row).getAttribute("aria-current") || seen[id] === undefined) { seen[id] = n; store.set("seen", JSON.stringify(seen)); }
  $("a", row).classList.toggle("new", n > seen[id]);
}
function counted(counts) {
  for (const [name, n] of Object.entries(counts)) for (const at of $$(`[data-count="${name}"]`)) at.textContent = n;
  const badge = $("[data-waiting]"), n = counts.yours;
  if (badge) { badge.firstChild.textContent = n; badge.hidden = !n; }
  document.title = (n ? `(${n}) ` : "") + document.title.replace(/^\(\d+\) /, "");
  $("link[rel=icon]").href = `/favicon.svg?n=${n}`;
}

// ---- posting ----
let frozen = false;
async function ask(path, options = {}) {
  const answer = await fetch(path, { ...options, headers: { "X-Console": "1", ...options.headers } });
  const told = await answer.json().catch(() => ({}));
  return { ...told, status: answer.status };
}
async function post(form, button) {
  if (frozen) { notice($("[data-offline] span").textContent); return null; }
  const data = new URLSearchParams(new FormData(form));
  if (button?.name) data.append(button.name, button.value);
  const label = button?.innerHTML;
  if (button) {
    button.style.minWidth = `${button.offsetWidth}px`;
    button.setAttribute("aria-disabled", "true");
    button.dataset.pressed = "";
    if (button.classList.contains("btn")) button.textContent = words.sending;
  }
  let told = null;
  try {
    told = await ask(form.getAttribute("action"), { method: "POST", body: data });
  } catch { notice(words.failed); }
  if (button) { button.innerHTML = label; button.removeAttribute("aria-disabled"); setTimeout(() => delete button.dataset.pressed, 1500); }
  if (told?.status === 401) { signIn(); return null; }
  if (told?.problem) { notice(told.problem); return null; }
  if (told?.said) say(told.said), notice(told.said);
  return told;
}
addEventListener("submit", async (event) => {
  const form = event.target, button = event.submitter;
  if (form.matches("[data-again-form]")) { event.preventDefault(); return enter(form); }
  if (!form.matches("[data-compose],[data-press],[data-press-plain],[data-switch]")) return;
  event.preventDefault();
  if (form.busy) return;
  form.busy = true;
  const told = await post(form, button);
  form.busy = false;
  if (!told) return;
  if (form.matches("[data-compose]")) {
    const field = $("[data-say]", form);
    lastSaid = field.value || lastSaid;
    field.value = "";
    grow(field);
    form.elements.id.value = crypto.randomUUID?.() || String(Math.random()).slice(2);
    toEnd();
  }
  if (told.dialog) show(told.dialog, button);
  else if (box.open && box.contains(form)) box.close();
  if (form.matches("[data-press]") && !messages && !told.dialog && !body.dataset.live?.startsWith("page=record&")) location.assign(form.elements.next?.value || "/");
}, true);

// ---- dialog ----
const box = $("[data-dialog]") || {};
let opener = null, shownAt = "";
function show(html, from) {
  if (!box.open) opener = from;
  box.innerHTML = html;
  if (!box.open) box.showModal();
  shownAt = facts(box);
  ready(box);
  $("#dlg-title").focus();
}
const facts = (node) => $$("[name=parcels]", node).map((b) => `${b.value} ${b.disabled} ${b.dataset.fee}`).join();
async function open(link) {
  if (frozen) { notice($("[data-offline] span").textContent); return; }
  link.setAttribute("aria-disabled", "true");
  const told = await ask(link.getAttribute("href")).catch(() => ({ problem: words.failed }));
  link.removeAttribute("aria-disabled");
  if (told.status === 401) signIn(); else if (told.problem) notice(told.problem); else if (told.dialog) show(told.dialog, link);
}
async function recheck() {
  const link = $("[data-open]"), main = box.open && $("[data-main]", box);
  if (!main || !link || !shownAt) return;
  const told = await ask(link.getAttribute("href")).catch(() => ({}));
  if (!told.dialog || !box.open || facts(made(`<div>${told.dialog}</div>`)) === shownAt) return;
  const again = document.createElement("button");
  again.type = "button";
  again.className = "btn btn-p";
  again.style.minWidth = `${main.offsetWidth}px`;
  again.textContent = words.changed;
  again.quietUntil = performance.now() + 400;
  again.onclick = () => show(told.dialog, opener);
  main.replaceWith(again);
}
box.addEventListener?.("close", () => { box.innerHTML = ""; if (opener?.isConnected) opener.focus(); opener = null; });

// ---- what is picked, what is ticked ----
function sums(form) {
  const area = form.closest("dialog,.dlg-still,.card") || form;
  const main = $("[data-main]", area), sum = $("[data-sum]", area), gone = $("[data-missing]", area);
  if (sum && $("[name=parcels]:enabled", form)) {
    const picked = $$("[name=parcels]:checked:enabled", form), fen = picked.reduce((all, b) => all + Number(b.dataset.fee), 0);
    const amount = `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, "0")}`;
    const text = !picked.length ? sum.dataset.none : picked.length === 1 ? sum.dataset.one : sum.dataset.many;
    sum.textContent = fill(text, { n: picked.length, fee: fill(sum.dataset.money, { amount }) });
    main?.setAttribute("aria-disabled", String(!picked.length));
  }
  if (gone) {
    const left = $$("[name=ticked]:not(:checked)", form).map((b) => b.dataset.title);
    gone.textContent = left.length ? fill(left.length === 1 ? gone.dataset.one : gone.dataset.many, { n: left.length, titles: left.join("") }) : "";
    main?.setAttribute("aria-disabled", String(left.length > 0));
  }
}
function ready(node) { for (const form of $$("form[data-press]", node)) sums(form); ticks(); }

// ---- signed out meanwhile ----
const again = $("[data-again]");
async function signIn() {
  stream?.close();
  const told = await ask("/sign-in").catch(() => ({}));
  const form = $("form", again);
  if (!form.elements.csrf) form.insertAdjacentHTML("beforeend", '<input type="hidden" name="csrf">');
  form.elements.csrf.value = told.csrf || "";
  if (!again.open) again.showModal();
  $("#again-title").focus();
}
async function enter(form) {
  const told = await ask("/sign-in", { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => ({ problem: words.failed }));
  const problem = $("[data-again-err]");
  problem.hidden = !told.problem;
  $("span", problem).textContent = told.problem || "";
  if (told.problem || !told.csrf) return;
  for (const field of $$("input[name=csrf]")) field.value = told.csrf;
  form.elements.password.value = "";
  again.close();
  if (told.name !== $(".me span:last-child")?.firstChild.textContent) { location.reload(); return; }
  notice(words.signed_in);
  connect();
}

// ---- the stream ----
let stream, last = body.dataset.after, heardAt = Date.now(), lostAt = 0, shift = 0;
function heard(event) { heardAt = Date.now(); if (event.lastEventId) last = event.lastEventId; }
function lost() { lostAt ||= Date.now(); }
function connect() {
  if (!body.dataset.live) return;
  stream?.close();
  stream = new EventSource(`/events?${body.dataset.live}&after=${last}`);
  stream.addEventListener("parts", (event) => {
    heard(event);
    const told = JSON.parse(event.data);
    (told.parts || []).forEach(apply);
    if (told.counts) counted(told.counts);
  });
  stream.addEventListener("ping", (event) => { heard(event); shift = JSON.parse(event.data).at * 1000 - Date.now(); online(); });
  stream.addEventListener("reload", () => { if (!$("[data-say]")?.value && !box.open) location.reload(); });
  stream.addEventListener("signed_out", signIn);
  stream.onerror = async () => {
    lost();
    if (stream.readyState !== 2) return;
    const told = await ask("/sign-in").catch(() => ({}));
    if (told.signed_in === false) signIn(); else setTimeout(connect, 3000);
  };
}
function online() {
  lostAt = 0;
  if (!frozen && $(".live")?.dataset.state === "on") return;
  frozen = false;
  body.classList.remove("frozen");
  $("[data-offline]").hidden = true;
  $(".live").dataset.state = "on";
  $("[data-live-word]").textContent = words.live;
}
function watch() {
  if (!stream || document.hidden) return;
  if (Date.now() - heardAt > 30000) lost();
  if (!lostAt || Date.now() - lostAt < 1500) return;
  if (!frozen) {
    frozen = true;
    body.classList.add("frozen");
    $(".live").dataset.state = "off";
    $("[data-live-word]").textContent = words.off;
    lost.at = $("[data-clock]").textContent.trim();
  }
  const bar = $("[data-offline]");
  bar.hidden = false;
  $("span", bar).textContent = `${fill(words.offline, { n: Math.round((Date.now() - lostAt) / 1000) })} ${fill(words.frozen, { at: lost.at })}`;
}
let hiddenTimer;
document.addEventListener("visibilitychange", () => {
  clearTimeout(hiddenTimer);
  if (document.hidden) hiddenTimer = setTimeout(() => { stream?.close(); stream = null; }, 60000);
  else if (!stream) { heardAt = Date.now(); connect(); }
});

// ---- clocks ----
function long(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return fill(words.seconds, { n: s });
  if (s < 3600) return fill(words.minutes, { n: Math.floor(s / 60) });
  if (s < 259200) return fill(words.hours, { h: Math.floor(s / 3600), m: String(Math.floor((s % 3600) / 60)).padStart(2, "0") });
  return fill(words.days, { n: Math.floor(s / 86400) });
}
function ticks() {
  if (!words.live || frozen) return;
  const now = Date.now() + shift;
  for (const at of $$("[data-since]")) at.textContent = fill(words.waited, { duration: long((now - Date.parse(at.dataset.since)) / 1000) });
  for (const at of $$("[data-until]")) if (Date.parse(at.dataset.until) > now) at.textContent = fill(words.left, { duration: long((Date.parse(at.dataset.until) - now) / 1000) });
  const clock = $("[data-clock]");
  if (clock && stream) clock.textContent = `\u00a0${new Date(now).toLocaleTimeString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai" })}`;
}

// ---- clicks ----
async function copy(text, button) {
  try { await navigator.clipboard.writeText(text); } catch {
    const field = document.createElement("textarea");
    field.value = text;
    (box.open ? box : body).append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  say(words.copied);
  const icon = button && $("use", button);
  if (!icon) return;
  const before = icon.getAttribute("href");
  icon.setAttribute("href", "#i-ok");
  setTimeout(() => icon.setAttribute("href", before), 1200);
}
addEventListener("click", (event) => {
  const at = event.target.closest("button,a,summary");
  if (!at) return;
  const stop = () => { event.preventDefault(); event.stopPropagation(); };
  if (at.getAttribute("aria-disabled") === "true" || at.quietUntil > performance.now()) return stop();
  const d = at.dataset;
  if (d.copy !== undefined) { stop(); copy(d.copy, at); }
  else if (d.copyLink !== undefined) { stop(); copy(location.href, at); }
  else if (d.print !== undefined) { stop(); print(); }
  else if (d.chip) { stop(); const f = $("[data-say]"); f.value = `${d.chip} `; f.focus(); }
  else if (d.open !== undefined && box.showModal) { stop(); open(at); }
  else if (d.close !== undefined && box.open) { stop(); box.close(); }
  else if (d.showKeys !== undefined) { stop(); $("[data-keys]").showModal(); }
  else if (d.pill !== undefined) { stop(); toEnd(); }
  else if (d.tab) { stop(); pane(d.tab); }
  else if (at.closest("[data-held]")) { stop(); place(); }
}, true);
addEventListener("change", (event) => {
  const at = event.target;
  if (at.form?.matches("[data-press]")) sums(at.form);
  if (at.matches(".sw") && at.form?.matches("[data-switch]")) at.form.requestSubmit();
  if (at.dataset.raw !== undefined) $(".tl").classList.toggle("raw-off", !at.checked);
  if (at.dataset.letters !== undefined) store.set("letters", at.checked ? "on" : "off");
});
function pane(name) {
  body.dataset.pane = name;
  for (const tab of $$("[data-tab]")) tab.toggleAttribute("aria-current", tab.dataset.tab === name);
  if (name === "chat" && log) toEnd();
}

// ---- keys ----
let lastSaid = "", going = 0;
const grow = (field) => { field.style.height = "auto"; field.style.height = `${Math.min(field.scrollHeight, 160)}px`; };
function walk(step) {
  const links = $$("a.conv", list), at = links.indexOf(document.activeElement);
  const from = at < 0 ? links.findIndex((l) => l.getAttribute("aria-current")) : at;
  links[Math.min(Math.max(from + step, 0), links.length - 1)]?.focus();
}
const single = {
  "/": () => $("[data-search]")?.focus(), c: () => $("[data-say]")?.focus(), i: () => $("[data-open]")?.click(),
  j: () => list && walk(1), k: () => list && walk(-1), u: place, "?": () => $("[data-keys]")?.showModal(),
  y: () => ($(".pane-case .scroll [data-copy]") || $("#main [data-copy]"))?.click(),
  r: () => ($$('[data-log] a[href^="/records/"]').at(-1) || $('.pane-case a[href^="/records/"]') || $('#main a[href^="/records/"]'))?.click(),
  g: () => { going = Date.now(); },
};
addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) return;
  const { key, target: at } = event, stop = () => event.preventDefault();
  if (at.matches?.("[data-say]")) {
    if (key === "Enter" && !event.shiftKey) { stop(); at.form.requestSubmit($("[data-send]", at.form)); }
    if (key === "ArrowUp" && !at.value && lastSaid) { stop(); at.value = lastSaid; }
    if (key === "Escape") at.blur();
  }
  if (key === "Enter" && box.open && (event.ctrlKey || event.metaKey)) { stop(); $("[data-main]", box)?.click(); return; }
  if (key === "Enter" && at.matches?.("input.chk")) stop();
  if (key === "F6") {
    stop();
    const panes = $$("[data-pane-of]").filter((p) => p.offsetParent), now = panes.findIndex((p) => p.contains(document.activeElement));
    const next = panes[(now + (event.shiftKey ? -1 : 1) + panes.length) % panes.length];
    if (next) { next.tabIndex = -1; next.focus(); }
    return;
  }
  if (at.matches?.("input:not([type=checkbox]),textarea,select") || $("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (store.get("letters") === "off") return;
  const go = Date.now() - going < 1500 && $(`nav [data-go="${CSS.escape(key)}"]`);
  if (go) { stop(); go.click(); going = 0; return; }
  if (single[key]) { stop(); single[key](); }
});

// ---- begin ----
const field = $("[data-say]");
field?.addEventListener("input", () => grow(field));
list?.addEventListener("pointerleave", () => setTimeout(() => { if (!listInUse()) place(); }));
addEventListener("focusout", () => setTimeout(() => { flush(); if (list && !listInUse()) place(); }));
document.addEventListener("selectionchange", () => { if (getSelection()?.isCollapsed) flush(); });
log?.addEventListener("scroll", () => {
  if (!atEnd()) return;
  unseen = 0;
  $("[data-pill]").hidden = true;
}, { passive: true });
log?.addEventListener("wheel", () => { for (const m of $$("[style]", messages)) m.style.minHeight = ""; }, { passive: true });
if (list) $$("li[data-t]", list).forEach(mark);
if (store.get("letters") === "off") for (const s of $$("[data-letters]")) s.checked = false;
ready(document);
if (log) toEnd();
connect();
if (words.live) setInterval(() => { ticks(); watch(); }, 1000);
