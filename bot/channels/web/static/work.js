/* A worker: finds the number that makes SHA-256 of "challenge:number" begin with so many zero bits. No network. */
"use strict";
const K = [];
const H0 = [];
for (let n = 2, found = 0; found < 64; n += 1) {
  let prime = true;
  for (let d = 2; d * d <= n; d += 1) if (n % d === 0) { prime = false; break; }
  if (!prime) continue;
  const fraction = (x) => ((x - Math.floor(x)) * 4294967296) | 0;
  if (found < 8) H0.push(fraction(Math.sqrt(n)));
  K.push(fraction(Math.cbrt(n)));
  found += 1;
}
const turn = (x, n) => (x >>> n) | (x << (32 - n));
/* The first word of the digest of ASCII text; 32 bits are more than anybody is asked for. */
const firstWord = (text) => {
  const length = ((text.length + 8) >> 6) + 1;
  const words = new Int32Array(length * 16);
  for (let i = 0; i < text.length; i += 1) words[i >> 2] |= text.charCodeAt(i) << (24 - (i % 4) * 8);
  words[text.length >> 2] |= 0x80 << (24 - (text.length % 4) * 8);
  words[length * 16 - 1] = text.length * 8;
  const h = H0.slice();
  const w = new Int32Array(64);
  for (let block = 0; block < length; block += 1) {
    let [a, b, c, d, e, f, g, i] = h;
    for (let t = 0; t < 64; t += 1) {
      if (t < 16) w[t] = words[block * 16 + t];
      else {
        const x = w[t - 15];
        const y = w[t - 2];
        const s0 = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3);
        const s1 = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10);
        w[t] = (w[t - 16] + s0 + w[t - 7] + s1) | 0;
      }
      const one = (i + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[t] + w[t]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      i = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
    }
    [a, b, c, d, e, f, g, i].forEach((value, at) => { h[at] = (h[at] + value) | 0; });
  }
  return h[0] >>> 0;
};
self.onmessage = (event) => {
  const { challenge, bits } = event.data;
  const below = 2 ** (32 - bits);
  for (let n = 0; ; n += 1) {
    if (firstWord(challenge + ":" + n) < below) { self.postMessage(n); return; }
  }
};
