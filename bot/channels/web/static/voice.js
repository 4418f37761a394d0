/* Speaking instead of typing: tap to begin, tap to stop. The recording then waits in chat.js's tray until it is sent,
   so that nobody sends what they did not want to. Without a microphone or an old browser: the button stays hidden. */
(() => {
  "use strict";
  const LONGEST = 5 * 60 * 1000;
  const button = document.getElementById("voice");
  let recorder = null;

  const emit = (name, detail) => window.dispatchEvent(new CustomEvent(name, { detail }));
  const notice = (words, isError) => emit("qf:notice", { words, isError, stays: recorder !== null });
  const show = (on) => {
    button.classList.toggle("round--on", on);
    button.setAttribute("aria-label", on ? "说完了，停" : "录一段话");
    button.querySelector("use").setAttribute("href", on ? "#i-stop" : "#i-voice");
  };
  const finish = (parts, sound, end) => {
    const type = (recorder.mimeType || "audio/webm").split(";")[0];
    clearTimeout(end);
    sound.getTracks().forEach((track) => track.stop());
    recorder = null;
    show(false);
    emit("qf:file", new File(parts, "录音." + (type.split("/")[1] || "webm"), { type }));
    notice("录好了，点右边的箭头发出去。");
  };
  const begin = async () => {
    let sound;
    try {
      sound = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (e) {
      notice("用不了话筒。可以点左边的加号，选一段录好的声音。", true);
      return;
    }
    const parts = [];
    recorder = new MediaRecorder(sound);
    const end = setTimeout(() => recorder && recorder.stop(), LONGEST);
    recorder.ondataavailable = (event) => parts.push(event.data);
    recorder.onstop = () => finish(parts, sound, end);
    recorder.start();
    show(true);
    notice("正在录，说完点红色的方块。");
  };

  if (!window.MediaRecorder || !navigator.mediaDevices) return;
  button.hidden = false;
  button.addEventListener("click", () => { if (recorder) recorder.stop(); else begin(); });
})();
