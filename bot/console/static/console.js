// Makes plain forms live; below 15 kB.
const d = document, { body } = d, { live } = body.dataset, now = Date.now, focused = () => d.activeElement;
const $ = (s, n = d) => n.querySelector(s), $$ = (s, n = d) => [...n.querySelectorAll(s)];
const on = (at, type, act, more) => at?.addEventListener(type, act, more);
const set = Object.assign, kept = localStorage;
d.documentElement.className = "js";
const W = JSON.parse($("[data-words]")?.content.textContent || "{}");
const fill = (text, facts) => text.replace(/\{(\w+)\}/g, (all, name) => facts[name] ?? all);
const count = (words, n, more) => fill(n === 1 ? words.one : words.many, { n, ...more });
const two = (n) => `0${n}`.slice(-2);
const made = (html) => set(d.createElement("template"), { innerHTML: html }).content.firstElementChild;
const named = (t) => $(`[data-t="${CSS.escape(t)}"]`);
const put = (s, text) => { const at = $(s); if (at) { ($("span", at) || at).textContent = text; at.hidden = !text; } };
const log = $("[data-log]"), list = $("[data-list]"), box = $("[data-dialog]"), say = $("[data-say]"), again = $("[data-again]");
const rest = (node) => { node.until = now() + 400; };

const notice = (text) => { put("[data-notice]", text); setTimeout(put, 9000, "[data-notice]", ""); };

// applied when newer, never under the hand
const waiting = new Map();
const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 80;
const toEnd = () => { if (log) log.scrollTop = log.scrollHeight; };
function busy(node) {
	const chosen = getSelection();
	return (node.contains(focused()) && focused().matches("input,textarea,select")) || (!chosen.isCollapsed && node.contains(chosen.anchorNode));
}
const flush = () => [...waiting].forEach(([t, part]) => { waiting.delete(t); apply(part); });
function apply(part) {
	const old = named(part.t);
	if (old?.dataset.v >= part.v) return;
	for (const k of ["alarm", "said"]) if (part[k]) put(`[data-${k}]`, part[k]);
	if (part.t.startsWith("conv:")) conversation(part, old);
	else if (!old) ({ log: arrive, held: late })[part.add]?.(part);
	else if (busy(old)) waiting.set(part.t, part);
	else swap(old, part);
	if (part.t.startsWith("panel:")) recheck();
}
function swap(old, part) {
	const fresh = made(part.html), inLog = log?.contains(old), stay = inLog && atEnd(), had = focused(), inside = old.contains(had);
	const height = old.offsetHeight, top = $(".scroll", old)?.scrollTop;
	old.replaceWith(fresh);
	if (top) $(".scroll", fresh).scrollTop = top;
	if (inLog && !stay && fresh.offsetHeight < height) fresh.style.minHeight = `${height}px`;
	if (stay) toEnd();
	fresh.classList.add("fresh");
	$$(".btn", fresh).forEach(rest);
	if (inside) (("open" in had.dataset && $("[data-open]", fresh)) || set(fresh, { tabIndex: -1 })).focus({ preventScroll: true });
	ready(fresh);
}
let unseen = 0;
function arrive(part) {
	const stay = atEnd(), node = made(part.html), of = (m) => +m.id.slice(1), next = $$(".msg", log).find((m) => of(m) > of(node));
	if (next) next.before(node); else $(".log").append(node);
	ready(node);
	if (stay) node.scrollIntoView({ block: node.offsetHeight > log.clientHeight ? "start" : "end" });
	else put("[data-pill]", count(W.pill, ++unseen));
}
const later = new Set();
const late = ({ t }) => put("[data-new]", fill(W.new, { n: later.add(t).size }));

// words change at once, places later
const moves = new Map(), inUse = () => list.matches(":hover") || list.contains(focused());
function conversation(part, old) {
	const fresh = part.html && made(part.html);
	if (!list || $("[data-search]").value) return;
	if (old && fresh) {
		const to = $("a", old), from = $("a", fresh);
		to.dataset.s = from.dataset.s;
		to.innerHTML = from.innerHTML;
		old.dataset.v = part.v;
		old.classList.add("fresh");
	}
	if (fresh?.dataset.order === old?.dataset.order) moves.delete(part.t); else moves.set(part.t, fresh);
	settle();
}
function settle() {
	if (moves.size && inUse()) put("[data-held]", count(W.held, moves.size)); else place();
}
function place() {
	for (const [t, fresh] of moves) {
		const row = named(t) || fresh;
		if (!fresh) { row?.remove(); continue; }
		const { group, order } = fresh.dataset, others = $$(`[data-group=${group}]`, list).filter((r) => r !== row);
		set(row.dataset, { group, order });
		const next = others.find((r) => r.dataset.order > order);
		if (next) next.before(row); else (others.at(-1) || $(`[data-grp=${group}]`)).after(row);
		if (group === "yours") $("[data-none]")?.remove();
	}
	moves.clear();
	put("[data-held]", "");
}
function counted(counts) {
	for (const at of $$("[data-count]")) at.textContent = counts[at.dataset.count];
	const n = counts.yours, badge = set($("[data-waiting]"), { hidden: !n });
	badge.firstChild.textContent = n;
	d.title = (n ? `(${n}) ` : "") + d.title.replace(/^\(\d+\) /, "");
	$("link[rel=icon]").href = `/favicon.svg?n=${n}`;
}

const frozen = () => $('.live[data-state="off"]');
async function ask(path, form) {
	if (frozen()) return { problem: $("[data-offline] span").textContent };
	try {
		const answer = await fetch(path, { method: form && "POST", body: form, headers: { "X-Console": 1 } });
		if (answer.status !== 401) return await answer.json();
		signIn();
		return {};
	} catch { return { problem: W.failed }; }
}
async function sent(form, button) {
	const data = new URLSearchParams(new FormData(form, button)), label = button?.innerHTML;
	if (button) {
		button.style.minWidth = `${button.offsetWidth}px`;
		set(button, { ariaDisabled: "true", textContent: W.sending });
	}
	const told = await ask(form.getAttribute("action"), data);
	if (button) set(button, { innerHTML: label, ariaDisabled: null });
	if (told.problem || told.said) notice(told.problem || told.said);
	return told;
}
on(d, "submit", async (event) => {
	const form = event.target, kind = form.dataset.send;
	if ("leave" in form.dataset) drafts.clear();
	if (!kind) return;
	event.preventDefault();
	if (form.busy) return;
	form.busy = true;
	const told = await sent(form, event.submitter);
	form.busy = false;
	if (kind === "again") return entered(form, told);
	if (told.dialog) return show(told.dialog, event.submitter);
	if (!told.done) return;
	if (box.contains(form)) box.close();
	if (kind === "talk") {
		lastSaid = say.value || lastSaid;
		type("");
		form.elements.id.value = now() + Math.random();
		toEnd();
	} else if (told.go && !log) location.assign(told.go);
}, true);

let opener, shown;
const lend = (at) => { if (focused() === body) at?.focus(); }; // closing gives it back
const facts = (node) => $$("[name=parcels]", node).map((b) => b.value + b.disabled + b.dataset.fee).join();
function show(html, from) {
	if (!box.open) { opener = from; lend(from); box.showModal(); }
	box.innerHTML = html;
	shown = facts(box);
	ready(box);
	$("#dlg-title").focus();
}
async function open(link) {
	link.ariaDisabled = "true";
	const { problem, dialog } = await ask(link.href);
	link.ariaDisabled = null;
	if (dialog) show(dialog, link); else if (problem) notice(problem);
}
async function recheck() {
	const main = $("[data-main]", box), path = opener?.href;
	if (!main || !path) return;
	const { dialog } = await ask(path);
	if (!dialog || !box.open || facts(made(`<div>${dialog}</div>`)) === shown) return;
	main.style.minWidth = `${main.offsetWidth}px`;
	rest(set(main, { type: "button", textContent: W.changed, onclick: () => show(dialog, opener) }));
}
on(box, "close", () => { box.innerHTML = ""; lend($("[data-open]") || $(".pane-case")); });

function sums(form) {
	const area = form.closest("dialog,.dlg-still,.card") || form, sum = $("[data-sum]", area), gone = $("[data-missing]", area);
	const lock = (yes) => set($("[data-main]", area) || {}, { ariaDisabled: yes ? "true" : null });
	if (sum && $("[name=parcels]:enabled", form)) {
		const picked = $$("[name=parcels]:checked:enabled", form), fen = picked.reduce((n, b) => n + +b.dataset.fee, 0), n = picked.length;
		const fee = `<b>${fill(sum.dataset.money, { amount: `${fen / 100 | 0}.${two(fen % 100)}` })}</b>`;
		sum.innerHTML = n ? count(sum.dataset, n, { n: `<b>${n}</b>`, fee }) : sum.dataset.none;
		lock(!n);
	}
	if (gone) {
		const left = $$("[name=ticked]:not(:checked)", form), titles = left.map((b) => b.dataset.title).join(gone.dataset.and);
		gone.textContent = titles && count(gone.dataset, left.length, { titles });
		lock(titles);
	}
}
function ready(node) { $$("form[data-send=press]", node).forEach(sums); ticks(); }

async function signIn() {
	stream?.close();
	if (again.open) return;
	again.showModal();
	$("[name=csrf]", again).value = (await ask("/sign-in")).csrf;
}
function entered(form, { csrf, who, problem }) {
	put("[data-again-err]", problem || "");
	if (!csrf) return;
	if (who !== $(".me").dataset.who) location.reload();
	form.reset();
	for (const field of $$("[name=csrf]")) field.value = csrf;
	again.close();
	notice(W.signed_in);
	connect();
}

let stream, last = body.dataset.after, heard, lost = 0, shift = 0, away;
function connect() {
	if (!live || again.open) return;
	stream?.close();
	heard = now();
	stream = new EventSource(`/events?${live}&after=${last}`);
	const hear = (type, act) => on(stream, type, (event) => {
		heard = now();
		last = event.lastEventId || last;
		act(JSON.parse(event.data));
	});
	hear("parts", ({ parts = [], counts }) => { parts.forEach(apply); if (counts) counted(counts); });
	hear("ping", ({ at }) => { shift = at * 1000 - heard; lost = 0; state("on"); });
	hear("reload", () => { if (!say?.value && !box.open) location.reload(); });
	hear("signed_out", signIn);
	stream.onerror = () => {
		lost ||= now();
		if (stream.readyState === 2) setTimeout(connect, 3000);
	};
}
function state(name, words = "") {
	const at = $(".live").dataset;
	if (at.state !== name) put("[data-live-word]", W[name]);
	at.state = name;
	put("[data-offline]", words);
}
function watch() {
	if (!stream || d.hidden || again.open) return;
	if (now() - heard > 30000) lost ||= heard;
	const n = Math.round((now() - lost) / 1000);
	if (!lost || n < 2) return;
	state("off", fill(W.offline, { n, at: $("[data-clock]").textContent.trim() }));
}
on(d, "visibilitychange", () => {
	clearTimeout(away);
	if (d.hidden) away = setTimeout(() => { stream?.close(); stream = null; }, 60000);
	else if (!stream) connect();
});

function long(ms) {
	const s = Math.max(0, ms / 1000 | 0), m = s / 60 | 0, h = m / 60 | 0;
	const [word, n] = h > 71 ? ["days", h / 24 | 0] : h ? ["hours"] : m ? ["minutes", m] : ["seconds", s];
	return fill(W[word], { n, h, m: two(m % 60) });
}
function ticks() {
	if (!live || frozen()) return;
	const at = now() + shift, tell = (s, words, ms) => $$(s).forEach((x) => { x.textContent = fill(words, { duration: long(ms(x.dataset)) }); });
	tell("[data-since]", W.waited, (x) => at - Date.parse(x.since));
	tell("[data-until]", W.left, (x) => Date.parse(x.until) - at);
	if (stream) $("[data-clock]").textContent = `\u00a0${new Date(at + 288e5).toISOString().slice(11, 19)}`;
}

async function copy(value, button) {
	try { await navigator.clipboard.writeText(value); } catch {
		const field = set(d.createElement("textarea"), { value });
		button.after(field);
		field.select();
		d.execCommand("copy");
		field.remove();
	}
	put("[data-said]", W.copied);
	const turn = (to) => $("use", button).setAttribute("href", to);
	turn("#i-ok");
	setTimeout(turn, 1200, "#i-copy");
}
const acts = {
	copy: (at) => copy(at.dataset.copy || location.href, at), print: () => print(), open, pill: toEnd, update: place,
	close: () => box.close(), chip: (at) => { type(`${at.dataset.chip} `); say.focus(); }, keyList: () => $("[data-keys]").showModal(),
	tab: (at) => {
		body.dataset.pane = at.dataset.tab;
		for (const t of $$("[data-tab]")) t.ariaCurrent = t === at ? "page" : null;
		toEnd();
	},
};
on(d, "click", (event) => {
	const at = event.target.closest("button,a");
	if (!at) return;
	const locked = at.ariaDisabled === "true" || at.until > now(), meant = (name) => name in at.dataset && (name !== "close" || box.open);
	const act = locked ? "locked" : Object.keys(acts).find(meant);
	if (!act) return;
	event.preventDefault();
	event.stopPropagation();
	acts[act]?.(at);
}, true);
on(d, "change", ({ target: at }) => {
	const { send } = at.form?.dataset || {};
	if (send === "press") sums(at.form);
	if (send === "switch") at.form.requestSubmit();
	if ("letters" in at.dataset) kept.letters = at.checked;
});

// typed and not sent: this tab keeps it for whoever typed it
const drafts = sessionStorage, { who } = $(".me")?.dataset || {};
if (live && drafts.who !== who) { drafts.clear(); drafts.who = who; }
let lastSaid = "", going = 0;
function typed() {
	drafts[say.form.action] = say.value;
	say.style.height = "auto";
	say.style.height = `${say.scrollHeight}px`;
}
function type(text) { say.value = text; typed(); }
function step(by) {
	const all = $$("a.conv"), at = all.indexOf($("a.conv:focus") || $("a.conv[aria-current]")) + by;
	all[Math.max(at, 0)]?.focus();
}
const press = (...choices) => choices.map((s) => $$(s).at(-1)).find(Boolean)?.click();
const single = {
	"/": () => $("[data-search]")?.focus(), c: () => say?.focus(), i: () => press("[data-open]"), j: () => step(1), k: () => step(-1), u: place,
	g: () => { going = now(); }, "?": acts.keyList, y: () => press(".msg .card-id [data-copy]", "#main [data-copy]"),
	r: () => press('.msg a[href^="/records/"]', '.par a[href^="/records/"]'),
};
on(d, "keydown", (event) => {
	if (event.isComposing || event.keyCode === 229) return;
	const { key, target: at, shiftKey } = event, enter = key === "Enter", ctrl = event.ctrlKey || event.metaKey, stop = () => event.preventDefault();
	if (at === say) {
		if (enter && !shiftKey) { stop(); say.form.requestSubmit(); }
		if (key === "ArrowUp" && !say.value) { stop(); type(lastSaid); }
	}
	if (enter && at.matches(".chk")) stop();
	if (enter && box?.open && ctrl) { stop(); $("[data-main]", box)?.click(); }
	if (key === "F6") {
		stop();
		const panes = $$(".pane").filter((p) => p.offsetParent), from = panes.findIndex((p) => p.contains(focused()));
		panes.at((from + (shiftKey ? -1 : 1)) % panes.length)?.focus();
	}
	if (!live || kept.letters === "false" || ctrl || event.altKey || $("dialog[open]") || at.matches("input:not([type=checkbox]),textarea,select")) return;
	const to = now() - going < 1500 && $(`[data-go="${CSS.escape(key)}"]`), act = to ? () => to.click() : single[key];
	if (act) { stop(); act(); }
});

on(say, "input", typed);
on(list, "pointerleave", () => setTimeout(settle));
on(d, "focusout", () => setTimeout(() => { flush(); settle(); }));
on(d, "selectionchange", flush);
on(log, "scroll", () => { if (atEnd()) { unseen = 0; put("[data-pill]", ""); } });
on(log, "wheel", () => $$(".msg", log).forEach((m) => { m.style = ""; }));
for (const s of $$("[data-letters]")) s.checked = kept.letters !== "false";
ready(d);
if (say) type(drafts[say.form.action] ?? say.defaultValue);
toEnd();
$("a.conv[aria-current]")?.scrollIntoView({ block: "center" });
connect();
if (live) setInterval(() => { ticks(); watch(); }, 1000);
