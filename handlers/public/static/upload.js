/* Shows how far an upload has come. Without it the form works as it stands. */
(() => {
  "use strict";
  const form = document.getElementById("upload");
  if (!form) return;
  const file = form.querySelector("input[type=file]");
  const button = form.querySelector("button");
  const shown = document.getElementById("upload-progress");
  const bar = shown.querySelector("progress");
  const words = shown.querySelector("[data-words]");
  const fault = document.getElementById("upload-fault");
  const say = (text) => { fault.textContent = text; fault.hidden = !text; };
  const size = (bytes) => (bytes / 1048576).toFixed(bytes < 10485760 ? 1 : 0) + " 兆";

  form.addEventListener("submit", (event) => {
    const chosen = file.files[0];
    if (!chosen) { event.preventDefault(); say(form.dataset.noFile); return; }
    if (!chosen.size) { event.preventDefault(); say(form.dataset.empty); return; }
    if (chosen.size > Number(form.dataset.most)) { event.preventDefault(); say(form.dataset.tooLarge); return; }
    event.preventDefault();
    say("");
    button.disabled = true;
    shown.hidden = false;
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.responseType = "document";
    request.upload.onprogress = (progress) => {
      if (!progress.lengthComputable) return;
      bar.max = progress.total;
      bar.value = progress.loaded;
      words.textContent = progress.loaded < progress.total
        ? size(progress.loaded) + "，一共 " + size(progress.total)
        : "传完了，正在加密存好…";
    };
    request.onload = () => {
      const answer = request.response && request.response.querySelector("main");
      if (answer) document.querySelector("main").replaceWith(document.adoptNode(answer));
      else failed();
      window.scrollTo(0, 0);
    };
    const failed = () => { button.disabled = false; shown.hidden = true; say(form.dataset.cutOff); };
    request.onerror = request.onabort = request.ontimeout = failed;
    const data = new FormData();
    data.append("file", chosen, chosen.name);
    request.send(data);
  });
})();
