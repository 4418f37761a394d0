/* The villagers' chat in the browser: no framework, ES2018.
   What a newcomer gets wrong: nothing that a person wrote may be lost. Words being written live in localStorage
   (DRAFT), words sent but not yet confirmed too (OUTBOX, each with the key that makes a repeat harmless); both are
   cleared only after the server has said yes. Text from the server is only ever set as text, never as HTML. */
(() => {
  "use strict";
  const API = "/api/chat/";
  const DRAFT = "qf.draft";
  const OUTBOX = "qf.outbox";
  const LARGE = "qf.large";
  const MAX_FILE = 20 * 1024 * 1024;
  const { dayNumber, dayWords, clockWords } = window.qfDates;
  const $ = (id) => document.getElementById(id);
  const ui = {};
  ["room", "scroll", "log", "outbox", "welcome", "typing", "newer", "state", "quick", "tray", "composer", "files",
    "attach", "text", "large"].forEach((id) => { ui[id] = $(id); });
  const root = document.documentElement;

  /* ---- small parts ---- */
  const memory = {
    get(key) { try { return localStorage.getItem(key); } catch (e) { return null; } },
    set(key, value) {
      try { if (value) localStorage.setItem(key, value); else localStorage.removeItem(key); } catch (e) { /* private mode */ }
    },
  };
  const el = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "i");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", "#i-" + name);
    svg.appendChild(use);
    return svg;
  };
  const newKey = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  };
  const sleepers = [];
  const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); sleepers.push(done); });
  const wake = () => sleepers.splice(0).forEach((done) => done());
  const sizeText = (n) => {
    if (n < 1024 * 1024) return Math.max(1, Math.round(n / 1024)) + " KB";
    return (n / 1024 / 1024).toFixed(1) + " MB";
  };
  const kindOf = (type) => {
    const kind = { image: "photo", audio: "voice", video: "video" }[(type || "").split("/")[0]];
    return kind || "document";
  };
  const safeUrl = (address) => {
    try {
      const url = new URL(address, location.href);
      return url.protocol === "https:" || url.origin === location.origin ? url.href : null;
    } catch (e) { return null; }
  };

  /* ---- text, links, files, buttons of one message ---- */
  const LINK = /https:\/\/[^\s<>"'\u2018-\u201d\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+/g;
  const fillText = (node, text) => {
    let from = 0;
    text.replace(LINK, (found, at) => {
      const address = found.replace(/[.,;:!?)\]]+$/, "");
      const href = safeUrl(address);
      if (!href) return "";
      node.appendChild(document.createTextNode(text.slice(from, at)));
      const link = el("a", "", address);
      link.href = href;
      link.rel = "noopener noreferrer";
      link.target = "_blank";
      node.appendChild(link);
      from = at + address.length;
      return "";
    });
    node.appendChild(document.createTextNode(text.slice(from)));
    return node;
  };
  const docNode = (file, href) => {
    const node = el(href ? "a" : "span", "doc");
    if (href) { node.href = href; node.target = "_blank"; node.rel = "noopener"; }
    node.appendChild(icon(file.kind));
    node.appendChild(el("span", "doc__name", file.name));
    if (file.size) node.appendChild(el("span", "doc__size", sizeText(file.size)));
    return node;
  };
  const mediaNode = (file, href) => {
    if (!href || (file.kind !== "voice" && file.kind !== "video")) return docNode(file, href);
    const node = el(file.kind === "voice" ? "audio" : "video");
    node.controls = true;
    node.preload = "none";
    node.src = href;
    node.setAttribute("aria-label", (file.kind === "voice" ? "录音 " : "视频 ") + file.name);
    return node;
  };
  const photoNode = (file, href) => {
    const link = el("a", "photo");
    link.href = href;
    link.target = "_blank";
    link.rel = "noopener";
    const img = el("img");
    img.alt = "照片 " + file.name;
    img.loading = "lazy";
    img.addEventListener("load", settleScroll);
    img.addEventListener("error", () => link.replaceWith(docNode(file, href)));
    img.src = href;
    link.appendChild(img);
    return link;
  };
  const addFiles = (bubble, files, address) => {
    const photos = files.filter((f) => f.kind === "photo" && address(f));
    if (photos.length) {
      const grid = el("div", photos.length === 1 ? "photos photos--one" : "photos");
      photos.forEach((f) => grid.appendChild(photoNode(f, address(f))));
      bubble.appendChild(grid);
    }
    files.filter((f) => !photos.includes(f)).forEach((f) => bubble.appendChild(mediaNode(f, address(f))));
  };
  const buttonNode = (button, item) => {
    const href = button.url && safeUrl(button.url);
    const node = el(href ? "a" : "button", "choice");
    node.appendChild(el("span", "", button.text));
    if (href) {
      node.href = href;
      node.target = "_blank";
      node.rel = "noopener noreferrer";
      node.appendChild(icon("link"));
    } else {
      node.type = "button";
      node.addEventListener("click", () => press(node, button, item));
    }
    return node;
  };
  const addChoices = (node, item) => {
    const box = el("div", "choices");
    item.buttons.forEach((row) => {
      const line = el("div", "choices__row");
      row.forEach((button) => line.appendChild(buttonNode(button, item)));
      box.appendChild(line);
    });
    node.appendChild(box);
  };
  const draw = (item) => {
    const node = el("article", "msg msg--" + (item.from === "user" ? "user" : "bot"));
    const bubble = el("div", "bubble");
    bubble.appendChild(el("span", "offscreen", item.from === "user" ? "您说：" : "清风说："));
    node.appendChild(bubble);
    if (item.removed) {
      node.classList.add("msg--removed");
      bubble.appendChild(el("p", "bubble__text", "这条已收好，不再显示"));
      return node;
    }
    if ((item.attachments || []).length) addFiles(bubble, item.attachments, (f) => f.url && safeUrl(f.url));
    if (item.text) bubble.appendChild(fillText(el("p", "bubble__text"), item.text));
    if (item.at) node.appendChild(el("p", "meta", clockWords(item.at) + (item.edited ? " · 改过" : "")));
    if (item.from !== "user" && (item.buttons || []).length) addChoices(node, item);
    return node;
  };

  /* ---- the conversation ---- */
  const shown = new Map(); // id -> {item, node}
  let last = 0;
  let seq = 0; // the newest change seen: an edited message keeps its id and gets a new seq
  const inOrder = () => Array.from(shown.values()).sort((a, b) => a.item.id - b.item.id);

  const nearEnd = () => ui.scroll.scrollHeight - ui.scroll.scrollTop - ui.scroll.clientHeight < 90;
  let follow = true;
  const toEnd = () => { follow = true; ui.newer.hidden = true; ui.scroll.scrollTop = ui.scroll.scrollHeight; };
  function settleScroll() { if (follow) toEnd(); }
  ui.scroll.addEventListener("scroll", () => { follow = nearEnd(); if (follow) ui.newer.hidden = true; }, { passive: true });
  ui.newer.addEventListener("click", toEnd);

  const place = (item) => {
    const node = draw(item);
    const old = shown.get(item.id);
    if (old) {
      const held = old.node.contains(document.activeElement);
      old.node.replaceWith(node);
      if (held) { node.tabIndex = -1; node.focus(); }
    } else {
      const after = item.id < last && inOrder().find((s) => s.item.id > item.id);
      ui.log.insertBefore(node, after ? after.node : null);
    }
    shown.set(item.id, { item, node });
    last = Math.max(last, item.id);
    seq = Math.max(seq, item.seq || item.id);
    return { node, isNew: !old };
  };
  const markDays = () => {
    Array.from(ui.log.querySelectorAll(".day")).forEach((d) => d.remove());
    let before = null;
    inOrder().filter((s) => s.item.at).forEach((s) => {
      if (!before || dayNumber(s.item.at) !== dayNumber(before.item.at)) {
        ui.log.insertBefore(el("p", "day", dayWords(s.item.at)), s.node);
      } else { // one time under messages of the same minute is enough
        before.node.classList.toggle("msg--joined", clockWords(before.item.at) === clockWords(s.item.at));
      }
      before = s;
    });
  };
  const markLive = () => {
    let live = null;
    for (const s of inOrder().reverse()) {
      if (s.item.from === "user") break;
      if (s.item.removed || !(s.item.buttons || []).length) continue;
      if (!s.pressed || s.item.id === last) live = s;
      break;
    }
    shown.forEach((s) => s.node.classList.toggle("msg--live", s === live));
  };
  const take = (items) => {
    if (!items.length) return;
    const following = follow;
    let firstNew = null;
    items.forEach((item) => {
      const { node, isNew } = place(item);
      if (isNew && item.from === "user") echoed(item);
      if (isNew && item.from !== "user") { firstNew = firstNew || node; thinking(false); }
    });
    if (items.some((i) => i.from !== "user")) thinking(false);
    markDays();
    markLive();
    greet();
    if (!following) { ui.newer.hidden = !firstNew; return; }
    toEnd();
    if (firstNew && ui.log.getAttribute("aria-busy") !== "true" && firstNew.offsetHeight > ui.scroll.clientHeight) {
      ui.scroll.scrollTop = firstNew.offsetTop - ui.scroll.offsetTop - 8; // a long answer is read from its first line
    }
  };
  const greet = () => {
    const empty = !shown.size && !waiting.length;
    ui.welcome.hidden = !empty;
    document.body.classList.toggle("first", empty);
  };
  let thinkingTimer = 0;
  function thinking(on) {
    clearTimeout(thinkingTimer);
    ui.typing.hidden = !on;
    if (on) { settleScroll(); thinkingTimer = setTimeout(() => thinking(false), 12000); }
  }

  /* ---- what is on its way to the server ---- */
  const waiting = []; // {key, text?, callback?, message_id?, files?, node?, state: "waiting|sending|refused|sent"}
  let pumping = false;

  const persist = () => memory.set(OUTBOX, JSON.stringify(waiting.filter((m) => !m.files && m.state !== "sent")
    .map(({ key, text, callback, message_id, link, large }) => ({ key, text, callback, message_id, link, large }))).replace(/^\[\]$/, ""));
  const drawWaiting = (m) => {
    if (m.callback !== undefined || m.link || m.large) return;
    const node = el("article", "msg msg--user");
    const bubble = el("div", "bubble");
    if (m.files) {
      addFiles(bubble, m.files.map((f) => ({ name: f.name, size: f.size, kind: kindOf(f.type), file: f })),
        (f) => (f.kind === "photo" ? (f.file.preview = f.file.preview || URL.createObjectURL(f.file)) : null));
    }
    if (m.text) bubble.appendChild(el("p", "bubble__text", m.text));
    m.meta = el("p", "meta");
    node.appendChild(bubble);
    node.appendChild(m.meta);
    m.node = node;
    ui.outbox.appendChild(node);
  };
  const tell = (m, words, isError) => {
    if (!m.meta) return;
    m.meta.className = isError ? "meta meta--error" : "meta";
    m.meta.textContent = words;
    m.bar = null;
  };
  const showUpload = (m, done, total) => {
    if (!m.meta || !m.files) return;
    if (!m.bar) {
      m.meta.textContent = "正在发";
      m.bar = m.meta.appendChild(el("progress"));
      m.bar.setAttribute("aria-label", "已经发了多少");
      m.percent = m.meta.appendChild(el("span"));
    }
    m.bar.max = total;
    m.bar.value = done;
    m.percent.textContent = Math.floor((100 * done) / total) + "%";
  };
  const drop = (m) => {
    const at = waiting.indexOf(m);
    if (at >= 0) waiting.splice(at, 1);
    if (m.node) m.node.remove();
    (m.files || []).forEach((f) => f.preview && URL.revokeObjectURL(f.preview));
    persist();
    greet();
  };
  const say = (m) => {
    Object.assign(m, { key: newKey(), state: "waiting" });
    waiting.push(m);
    drawWaiting(m);
    tell(m, "正在发…");
    persist();
    greet();
    toEnd();
    wake();
    pump();
  };
  function echoed(item) { // the server shows our own message: the local copy has done its work
    const files = (item.attachments || []).length;
    const open = waiting.filter((m) => m.node && m.state !== "refused" && !m.restored);
    const same = open.filter((m) => (m.text || "").trim() === (item.text || "").trim() && !m.files === !files)[0];
    const match = same || open.filter((m) => m.state === "sent")[0];
    if (!match) return;
    match.echoed = true;
    if (match.state === "sent") drop(match); else match.node.hidden = true;
  }

  const request = (m) => new Promise((resolve) => {
    const xhr = new XMLHttpRequest();
    xhr.open("POST", API + "messages");
    xhr.timeout = m.files ? 600000 : 30000;
    let payload;
    if (m.files) {
      payload = new FormData();
      payload.append("text", m.text || "");
      payload.append("key", m.key);
      m.files.forEach((f) => payload.append("files", f, f.name));
      xhr.upload.onprogress = (e) => e.lengthComputable && showUpload(m, e.loaded, e.total);
    } else {
      xhr.setRequestHeader("Content-Type", "application/json");
      const text = m.link ? "/start " + m.link : m.text;
      payload = JSON.stringify({ text, callback: m.callback, message_id: m.message_id, large: m.large, key: m.key });
    }
    xhr.onload = () => {
      let data = {};
      try { data = JSON.parse(xhr.responseText) || {}; } catch (e) { /* a proxy's page */ }
      resolve({ status: xhr.status, data, pause: Number(xhr.getResponseHeader("Retry-After")) || 0 });
    };
    xhr.onerror = xhr.ontimeout = xhr.onabort = () => resolve({ status: 0, data: {}, pause: 0 });
    xhr.send(payload);
  });
  const refused = (m, sentence) => {
    m.state = "refused";
    if (!m.meta) { release(m); drop(m); notice(sentence, true); return; }
    tell(m, sentence, true);
    const back = el("button", "", "拿回来改");
    back.type = "button";
    back.addEventListener("click", () => {
      ui.text.value = [m.text, ui.text.value].filter(Boolean).join("\n");
      (m.files || []).forEach((f) => picked.push(f));
      drop(m);
      drawTray();
      changed();
      ui.text.focus();
    });
    const away = el("button", "", "不发了");
    away.type = "button";
    away.addEventListener("click", () => drop(m));
    m.meta.appendChild(back);
    m.meta.appendChild(away);
    persist();
    settleScroll();
  };
  const accepted = (m, data) => {
    m.state = "sent";
    release(m);
    tell(m, "");
    persist();
    if (data.notice) notice(data.notice);
    if (!m.node || m.echoed || shown.has(data.id)) drop(m);
    else if (m.restored) setTimeout(() => drop(m), 3000);
    if (!m.answered && !data.notice) thinking(true);
    setTimeout(catchUp, 2500);
  };
  async function pump() {
    if (pumping) return;
    pumping = true;
    let tries = 0;
    for (;;) {
      const m = waiting.find((x) => x.state === "waiting" || x.state === "sending");
      if (!m) break;
      m.state = "sending";
      const seen = last;
      const answer = await request(m);
      m.answered = last > seen && inOrder().some((s) => s.item.id > seen && s.item.from !== "user");
      if (answer.status >= 200 && answer.status < 300) { tries = 0; online(true); accepted(m, answer.data); continue; }
      if (answer.status === 401) { if (await session() && tries++ < 3) continue; }
      const again = answer.status === 0 || answer.status >= 500 || [401, 408, 425, 429].includes(answer.status);
      if (!again) { refused(m, answer.data.error || "这条没发出去，请改一改再发。"); continue; }
      online(answer.status !== 0);
      tell(m, answer.status === 0 ? "还没发出去，连上就发" : "那边有点忙，马上再发");
      tries += 1;
      await sleep(answer.pause * 1000 || Math.min(15000, 800 * 2 ** tries));
      tell(m, "正在再发…");
    }
    pumping = false;
  }

  /* ---- buttons ---- */
  function press(node, button, item) {
    if (node.getAttribute("aria-disabled")) return;
    const all = node.closest(".choices").querySelectorAll("button");
    Array.from(all).forEach((b) => { b.removeAttribute("aria-pressed"); b.setAttribute("aria-disabled", "true"); });
    node.setAttribute("aria-pressed", "true");
    if (shown.get(item.id)) shown.get(item.id).pressed = true;
    follow = true;
    say({ callback: button.callback, message_id: item.id, release: all });
  }
  function release(m) {
    if (m.release) setTimeout(() => Array.from(m.release).forEach((b) => b.removeAttribute("aria-disabled")), 1200);
  }

  /* ---- how the line is ---- */
  let noticeTimer = 0;
  let isOnline = true;
  const showState = (words, isError) => {
    ui.state.hidden = !words;
    ui.state.className = isError ? "state state--error" : "state";
    ui.state.textContent = words || "";
  };
  function notice(words, isError, stays) {
    showState(words, isError);
    clearTimeout(noticeTimer);
    if (!stays) noticeTimer = setTimeout(() => showState(isOnline ? "" : OFFLINE), 9000);
  }
  const OFFLINE = "网断了，您写的还在，连上就发";
  function online(yes) {
    if (yes === isOnline) return;
    isOnline = yes;
    clearTimeout(noticeTimer);
    showState(yes ? "" : OFFLINE);
  }

  /* ---- receiving: a stream, or long questions where a stream does not get through ---- */
  const getMessages = async (seconds) => {
    const answer = await fetch(API + "messages?after=" + seq + "&wait=" + seconds, { credentials: "same-origin", cache: "no-store" });
    if (answer.status === 401) { await session(); throw new Error("session"); }
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  };
  /* While very many come at once a new browser works for a moment, or waits where it cannot. */
  const knock = (answer) => fetch(API + "session", {
    method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json" }, body: JSON.stringify(answer),
  });
  const work = (gate) => new Promise((done) => {
    try {
      const worker = new Worker("/chat/work.js");
      worker.onmessage = (event) => { worker.terminate(); done(event.data); };
      worker.onerror = () => { worker.terminate(); done(null); };
      worker.postMessage(gate);
    } catch (e) { done(null); }
  });
  async function session() {
    try {
      let answer = await knock({});
      for (let turn = 0; answer.status === 429 && turn < 5; turn += 1) {
        const gate = await answer.json();
        notice(gate.error, false, true);
        const solution = await work(gate);
        if (solution === null) await sleep(gate.wait * 1000);
        answer = await knock({ challenge: gate.challenge, solution });
        if (answer.ok) notice("");
      }
      return answer.ok;
    } catch (e) { return false; }
  }
  async function catchUp() {
    try { take(await getMessages(0)); } catch (e) { /* the loop below says when the line is down */ }
  }
  const poll = async () => {
    for (let failed = 0; ;) {
      try {
        take(await getMessages(25));
        failed = 0;
        online(true);
        wake();
      } catch (e) {
        failed += 1;
        if (failed > 1 || !navigator.onLine) online(false);
        await sleep(Math.min(15000, 1000 * 2 ** failed));
      }
    }
  };
  const stream = () => {
    if (!window.EventSource) { poll(); return; }
    let failed = 0;
    const source = new EventSource(API + "stream?after=" + seq);
    source.onopen = () => { failed = 0; online(true); wake(); };
    source.onmessage = (event) => { failed = 0; take(JSON.parse(event.data)); };
    source.onerror = () => {
      failed += 1;
      if (!navigator.onLine) online(false);
      if (source.readyState === 2 || failed > 2) { source.close(); poll(); }
    };
  };

  /* ---- writing ---- */
  const picked = [];
  function changed() {
    memory.set(DRAFT, ui.text.value);
    document.body.classList.toggle("writing", ui.text.value !== "" || picked.length > 0);
    ui.text.style.height = "auto";
    ui.text.style.height = ui.text.scrollHeight + 4 + "px";
    settleScroll();
  }
  function drawTray() {
    ui.tray.textContent = "";
    ui.tray.hidden = !picked.length;
    picked.forEach((file) => {
      const line = el("li");
      if (kindOf(file.type) === "photo") {
        const img = el("img");
        img.alt = "";
        img.addEventListener("error", () => img.replaceWith(icon("photo")));
        img.src = file.preview = file.preview || URL.createObjectURL(file);
        line.appendChild(img);
      } else line.appendChild(icon(kindOf(file.type)));
      line.appendChild(el("span", "", file.name));
      const away = el("button");
      away.type = "button";
      away.setAttribute("aria-label", "不发 " + file.name);
      away.appendChild(icon("close"));
      away.addEventListener("click", () => { picked.splice(picked.indexOf(file), 1); drawTray(); changed(); ui.text.focus(); });
      line.appendChild(away);
      ui.tray.appendChild(line);
    });
  }
  const pick = (files) => {
    const tooBig = files.filter((f) => f.size > MAX_FILE);
    const empty = files.filter((f) => !f.size);
    picked.push(...files.filter((f) => f.size && f.size <= MAX_FILE));
    tooBig.forEach((f) => say({ large: { name: f.name, size: f.size } })); // the chat answers with a link for each
    if (empty.length) notice("“" + empty[0].name + "”是空的，请再选一次。", true);
    drawTray();
    changed();
  };
  const batches = (files) => files.reduce((all, file) => {
    const now = all[all.length - 1];
    if (now && now.length < 10 && now.reduce((n, f) => n + f.size, file.size) <= MAX_FILE) now.push(file);
    else all.push([file]);
    return all;
  }, []);
  const submit = () => {
    const text = ui.text.value.trim();
    if (!text && !picked.length) { ui.text.focus(); return; }
    const files = picked.splice(0);
    showState(isOnline ? "" : OFFLINE);
    ui.text.value = "";
    drawTray();
    changed();
    if (!files.length) say({ text });
    batches(files).forEach((batch, n) => say({ text: n ? "" : text, files: batch }));
  };

  ui.composer.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  ui.text.addEventListener("input", changed);
  ui.text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    submit();
  });
  ui.text.addEventListener("paste", (event) => {
    const files = Array.from((event.clipboardData || {}).files || []);
    if (files.length) { event.preventDefault(); pick(files); }
  });
  window.addEventListener("qf:notice", ({ detail }) => notice(detail.words, detail.isError, detail.stays));
  window.addEventListener("qf:file", (event) => pick([event.detail])); // from voice.js
  ui.attach.addEventListener("click", () => ui.files.click());
  ui.files.addEventListener("change", () => { pick(Array.from(ui.files.files)); ui.files.value = ""; });
  ui.quick.addEventListener("click", (event) => {
    const words = event.target.getAttribute("data-say");
    if (words) say({ text: words });
  });
  window.addEventListener("beforeunload", (event) => {
    if (!picked.length && !waiting.some((m) => m.files && m.state !== "sent")) return;
    event.preventDefault(); // files, unlike words, do not survive in this browser
    event.returnValue = "";
  });

  /* ---- large type, keyboard, waking up ---- */
  const setLarge = (on) => {
    root.classList.toggle("large", on);
    ui.large.setAttribute("aria-pressed", String(on));
    memory.set(LARGE, on ? "yes" : "");
    settleScroll();
  };
  ui.large.hidden = false;
  ui.large.addEventListener("click", () => { setLarge(!root.classList.contains("large")); changed(); });
  setLarge(memory.get(LARGE) === "yes");
  if (window.visualViewport) {
    window.visualViewport.addEventListener("resize", () => { // iOS lays the keyboard over the page
      const covered = window.innerHeight - window.visualViewport.height * window.visualViewport.scale;
      document.body.style.height = covered > 80 ? window.visualViewport.height + "px" : "";
      settleScroll();
    });
  }
  window.addEventListener("resize", settleScroll);
  window.addEventListener("online", () => { wake(); catchUp(); });
  window.addEventListener("offline", () => online(false));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { wake(); catchUp(); } });

  const start = async () => {
    ui.room.hidden = false;
    ui.text.value = memory.get(DRAFT) || "";
    changed();
    let kept = [];
    try { kept = JSON.parse(memory.get(OUTBOX)) || []; } catch (e) { /* nothing kept */ }
    kept.forEach((m) => {
      waiting.push(Object.assign(m, { state: "waiting", restored: true }));
      drawWaiting(m);
      tell(m, "正在再发…");
    });
    ui.log.setAttribute("aria-busy", "true");
    for (let failed = 0; ; failed += 1) {
      try {
        if (!(await session())) throw new Error("session");
        take(await getMessages(0));
        online(true);
        break;
      } catch (e) {
        online(false);
        greet();
        await sleep(Math.min(10000, 1000 * 2 ** failed));
      }
    }
    ui.log.removeAttribute("aria-busy");
    greet();
    toEnd();
    stream();
    pump();
    const link = new URLSearchParams(location.search).get("start");
    if (link && /^[\w-]{1,64}$/.test(link)) { // a candidate's invitation; it goes out of the address bar
      history.replaceState(null, "", "/");
      say({ link });
    }
  };
  start();
})();
