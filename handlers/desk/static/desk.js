/* Small improvements of the desk. Every page and form works without this file.
   1 a form is not sent twice   2 unsent words survive in this tab   3 copy buttons   4 lists renew themselves
   5 who else has this case open */
(function () {
  "use strict";
  var body = document.body;
  var PREFIX = "qf-draft:";
  var owner = body.getAttribute("data-official") || "";
  var outcome = body.getAttribute("data-outcome");
  var dirty = false;
  var leaving = false;

  function each(selector, act, root) {
    Array.prototype.forEach.call((root || document).querySelectorAll(selector), act);
  }
  function store(key, value) {
    try {
      if (value === null) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, JSON.stringify(value));
    } catch (e) { /* private mode: the form still works */ }
  }
  function stored(key) {
    try { return JSON.parse(sessionStorage.getItem(key)); } catch (e) { return null; }
  }
  function drafts() {
    try { return Object.keys(sessionStorage).filter(function (k) { return k.indexOf(PREFIX) === 0; }); }
    catch (e) { return []; }
  }

  /* ---- 2 unsent words ---- */
  function keyOf(form) { return PREFIX + form.getAttribute("action") + "#" + (form.id || ""); }
  function kept(form) {
    return Array.prototype.filter.call(form.elements, function (e) {
      var typed = e.tagName === "TEXTAREA" || /^(text|search|tel|number|date)$/.test(e.type);
      return e.name && typed && !e.readOnly && !e.hasAttribute("data-private");
    });
  }
  function remember(form) {
    var words = {};
    kept(form).forEach(function (e) { if (e.value !== e.defaultValue) words[e.name] = e.value; });
    dirty = Object.keys(words).length > 0;
    store(keyOf(form), dirty ? { owner: owner, words: words, sent: false } : null);
  }
  function settle() {
    /* A page that is neither an error nor the sign-in says: the server has what was sent. */
    drafts().forEach(function (key) {
      var draft = stored(key);
      if (!draft || (owner && draft.owner !== owner)) store(key, null);
      else if (draft.sent && outcome === "page") store(key, null);
      else if (draft.sent) { draft.sent = false; store(key, draft); }
    });
  }
  function restore(form) {
    var draft = stored(keyOf(form));
    var found = false;
    if (!draft || !owner || draft.owner !== owner) return;
    kept(form).forEach(function (e) {
      if (e.name in draft.words && e.value === e.defaultValue && e.value !== draft.words[e.name]) {
        e.value = draft.words[e.name];
        found = true;
      }
    });
    if (!found) return;
    dirty = true;
    var note = document.createElement("p");
    note.className = "kept";
    note.setAttribute("role", "status");
    note.textContent = "上次没交的内容还在，已经给您放回来了。";
    form.insertBefore(note, form.firstChild);
  }
  settle();
  each("form[data-keep]", function (form) {
    restore(form);
    form.addEventListener("input", function () { remember(form); });
  });
  window.addEventListener("beforeunload", function (event) {
    if (!dirty || leaving) return;
    event.preventDefault();
    event.returnValue = "";
  });

  /* ---- 1 a form is not sent twice ---- */
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.getAttribute("data-sending")) { event.preventDefault(); return; }
    leaving = true;
    if (form.hasAttribute("data-sign-out")) drafts().forEach(function (key) { store(key, null); });
    var draft = form.hasAttribute("data-keep") && stored(keyOf(form));
    if (draft) { draft.sent = true; store(keyOf(form), draft); }
    if (form.method !== "post") return;
    form.setAttribute("data-sending", "yes");
    each("button[type=submit]", function (b) { b.setAttribute("aria-disabled", "true"); }, form);
    setTimeout(function () { release(form); }, 15000);
  });
  function release(form) {
    form.removeAttribute("data-sending");
    leaving = false;
    each("button[aria-disabled]", function (b) { b.removeAttribute("aria-disabled"); }, form);
  }
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) each("form[data-sending]", release);
  });

  /* ---- 3 copy ---- */
  function copyOld(text) {
    var box = document.createElement("textarea");
    box.value = text;
    box.className = "visually-hidden";
    body.appendChild(box);
    box.select();
    var done = document.execCommand("copy");
    body.removeChild(box);
    return done;
  }
  function told(button, done) {
    var label = button.textContent;
    button.textContent = done ? "已复制" : "复制不了，请长按选中";
    setTimeout(function () { button.textContent = label; }, 2500);
  }
  function showCopy(root) { each("[data-copy]", function (b) { b.hidden = false; b.setAttribute("aria-live", "polite"); }, root); }
  showCopy();
  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("[data-copy]");
    if (!button) return;
    var text = button.getAttribute("data-copy");
    if (navigator.clipboard && window.isSecureContext) {
      navigator.clipboard.writeText(text).then(function () { told(button, true); }, function () { told(button, copyOld(text)); });
    } else told(button, copyOld(text));
  });

  /* ---- 4 lists renew themselves: <div id="queue" data-refresh="60"> ---- */
  var touched = 0;
  ["input", "keydown", "pointerdown"].forEach(function (name) {
    document.addEventListener(name, function () { touched = Date.now(); }, { passive: true });
  });
  function busy(region) {
    var active = document.activeElement;
    return document.hidden || dirty || Date.now() - touched < 5000 || region.contains(active) ||
      !!region.querySelector("details[open], input:checked") || /^(INPUT|TEXTAREA|SELECT)$/.test(active ? active.tagName : "");
  }
  function renew(region) {
    if (busy(region)) return;
    fetch(location.href, { credentials: "same-origin", headers: { Accept: "text/html" } }).then(function (answer) {
      if (!answer.ok || answer.redirected) return null;
      return answer.text();
    }).then(function (html) {
      var fresh = html && new DOMParser().parseFromString(html, "text/html").getElementById(region.id);
      if (!fresh || busy(region) || fresh.innerHTML === region.getAttribute("data-seen")) return;
      region.setAttribute("data-seen", fresh.innerHTML);
      region.textContent = "";
      while (fresh.firstChild) region.appendChild(document.adoptNode(fresh.firstChild));
      showCopy(region);
    }).catch(function () { /* no line: try again next time */ });
  }
  each("[data-refresh][id]", function (region) {
    region.setAttribute("data-seen", region.innerHTML);
    setInterval(function () { renew(region); }, Math.max(15, Number(region.getAttribute("data-refresh")) || 60) * 1000);
  });

  /* ---- 5 who else: <p id="presence" data-presence="/desk/cases/QF-…/presence" data-version="3"> ---- */
  function company(line) {
    if (document.hidden) return;
    fetch(line.getAttribute("data-presence"), { credentials: "same-origin", headers: { Accept: "application/json" } }).then(function (answer) {
      return answer.ok && !answer.redirected ? answer.json() : null;
    }).then(function (found) {
      if (!found) return;
      var changed = String(found.version) !== line.getAttribute("data-version") ? "这件刚刚有人办过，刷新看看最新的。" : "";
      if (line.textContent !== found.says + changed) line.textContent = found.says + changed;
      line.hidden = !line.textContent;
    }).catch(function () { /* no line: ask again next time */ });
  }
  each("[data-presence]", function (line) { setInterval(function () { company(line); }, 4000); });

  each("[data-error-summary]", function (box) { box.focus(); });
})();
