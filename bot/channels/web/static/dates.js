/* Dates as people say them, in China's time whatever the phone is set to. Loaded before chat.js. */
window.qfDates = (() => {
  "use strict";
  const china = (at) => new Date(new Date(at).getTime() + 8 * 3600e3);
  const dayNumber = (at) => Math.floor(china(at).getTime() / 864e5);
  const dayWords = (at) => {
    const d = china(at);
    const ago = dayNumber(Date.now()) - dayNumber(at);
    const year = d.getUTCFullYear() === china(Date.now()).getUTCFullYear() ? "" : d.getUTCFullYear() + "年";
    const date = year + (d.getUTCMonth() + 1) + "月" + d.getUTCDate() + "日（星期" + "日一二三四五六"[d.getUTCDay()] + "）";
    return (["今天 ", "昨天 ", "前天 "][ago] || "") + date;
  };
  const clockWords = (at) => {
    const d = china(at);
    const h = d.getUTCHours();
    const part = h < 6 ? "凌晨" : h < 12 ? "上午" : h < 13 ? "中午" : h < 18 ? "下午" : "晚上";
    return part + (h > 12 ? h - 12 : h) + ":" + String(d.getUTCMinutes()).padStart(2, "0");
  };
  return { dayNumber, dayWords, clockWords };
})();
