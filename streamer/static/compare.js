// The page of two copies: A leads, B follows it to the picture; a seam between them moves.

import { Player, WORDS, clock, faster, notice, ours, tidy, wholeScreen } from "./player.js";

const at = tidy();
const find = (selector) => document.querySelector(selector);
const stage = find("#stage");
const seam = find("#seam");
const time = find("#time");
const [a, b] = document.querySelectorAll("video");
const say = notice(stage);
const ways = {};
const players = [a, b].map(
  (video, n) =>
    new Player(video, {
      say,
      shown: (way, more) => {
        ways["AB"[n]] = WORDS[way] + more;
      },
    }),
);
const length = Math.min(...players.map((player) => player.duration));
let shift = 0; // seconds that B is later than A
let playing = false;
let rate = 1; // of both
let heard = 0; // whose sound
let sliding = false;

const state = { get drift() { return b.currentTime - a.currentTime - shift; }, get playing() { return playing; }, players };
window.comparison = state;

const ready = (video) => !video.seeking && video.readyState >= 3;

function seek(to) {
  const wanted = Math.min(Math.max(to, 0, -shift), length - 0.1);
  a.currentTime = wanted;
  b.currentTime = Math.max(wanted + shift, 0);
  show();
}

function play(on) {
  playing = on;
  players.forEach((player) => (player.wants = on));
  find("#play").textContent = on ? "❚❚" : "▶";
  if (!on) [a, b].forEach((video) => video.pause());
  keep();
}

// Both run or both wait. A small drift is made good by B's pace, a large one by a jump.
function keep() {
  const both = ready(a) && ready(b);
  if (playing && both) [a, b].forEach((video) => video.paused && video.play().catch(() => {}));
  if (playing && !both) [a, b].forEach((video) => ready(video) && !video.paused && video.pause());
  if (playing && a.ended) play(false);
  const drift = state.drift;
  if (both && Math.abs(drift) > (playing ? 0.35 : 0.02)) {
    b.playbackRate = rate;
    b.currentTime = Math.max(a.currentTime + shift, 0);
  } else if (playing && both) {
    const most = b.muted ? 0.3 : 0.12; // what nobody hears may hurry more
    b.playbackRate = rate * (Math.abs(drift) < 0.015 ? 1 : 1 - Math.max(-most, Math.min(most, drift * 1.2)));
  }
  show();
}

function show() {
  const drift = Math.abs(state.drift) < 0.5 / (players[0].film.rate || 25) ? "in step" : "falling into step";
  const busy = playing && !(ready(a) && ready(b));
  const speed = rate === 1 ? "" : ` · ${rate}×`;
  find("#step").textContent = `${busy ? "waiting for the slower copy" : drift} · A ${ways.A ?? "?"} · B ${ways.B ?? "?"}${speed}`;
  find("#clock").textContent = clock(a.currentTime);
  if (!sliding) time.value = String((1000 * a.currentTime) / length);
}

function cut(part) {
  const bounded = Math.min(Math.max(part, 0), 100);
  stage.style.setProperty("--seam", `${bounded}%`);
  seam.setAttribute("aria-valuenow", String(Math.round(bounded)));
  state.seam = bounded;
}

function lay(swipe) {
  stage.classList.toggle("swipe", swipe);
  find("#layout").textContent = swipe ? "Side by side" : "Swipe";
}

function pace(by) {
  rate = faster(rate, by);
  [a, b].forEach((video) => (video.playbackRate = rate));
  keep();
}

function hear(which) {
  heard = which;
  [a, b].forEach((video, n) => (video.muted = n !== which));
  find("#sound").textContent = `Sound of ${"AB"[which]}`;
}

// The next language of subtitles, on both sides where both have it; then none.
const languages = [...new Set([a, b].flatMap((video) => [...video.textTracks].map((track) => track.language)))];
let read = -1;
function subtitles() {
  read = read + 1 < languages.length ? read + 1 : -1;
  for (const video of [a, b]) {
    const tracks = [...video.textTracks];
    const wanted = tracks.find((track) => read >= 0 && track.language === languages[read]);
    tracks.forEach((track) => (track.mode = track === wanted ? "showing" : "disabled"));
  }
}

function move(by) {
  shift = Math.round((shift + by) * 1000) / 1000;
  find("#shift").textContent = `${shift < 0 ? "−" : ""}${Math.abs(shift).toFixed(2)} s`;
  seek(a.currentTime);
}

const frame = () => 1 / (players[0].film.rate || 25);
const KEYS = {
  " ": () => play(!playing),
  k: () => play(!playing),
  ArrowLeft: () => seek(a.currentTime - 10),
  ArrowRight: () => seek(a.currentTime + 10),
  ",": () => (play(false), seek(a.currentTime - frame())),
  ".": () => (play(false), seek(a.currentTime + frame())),
  "[": () => cut(state.seam - 5),
  "]": () => cut(state.seam + 5),
  v: () => lay(!stage.classList.contains("swipe")),
  s: () => hear(1 - heard),
  c: subtitles,
  "<": () => pace(-1),
  ">": () => pace(1),
  "-": () => move(-frame()),
  "+": () => move(frame()),
  "=": () => move(frame()),
  f: () => wholeScreen(stage),
};

window.addEventListener(
  "keydown",
  (event) => {
    if (!ours(event)) return;
    const digit = /^[0-9]$/.test(event.key);
    if (!digit && !KEYS[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.target === seam && event.key.startsWith("Arrow")) cut(state.seam + (event.key === "ArrowLeft" ? -5 : 5));
    else if (digit) seek((length * Number(event.key)) / 10);
    else KEYS[event.key]();
  },
  true,
);

stage.addEventListener("pointerdown", (event) => {
  if (!stage.classList.contains("swipe") || event.button !== 0) return;
  stage.setPointerCapture(event.pointerId);
  const follow = (moved) => {
    const box = stage.getBoundingClientRect();
    cut((100 * (moved.clientX - box.left)) / box.width);
  };
  follow(event);
  stage.addEventListener("pointermove", follow);
  const end = () => stage.removeEventListener("pointermove", follow);
  stage.addEventListener("pointerup", end, { once: true });
  stage.addEventListener("pointercancel", end, { once: true });
});

time.addEventListener("input", () => {
  sliding = true;
  find("#clock").textContent = clock((length * time.value) / 1000);
});
time.addEventListener("change", () => {
  sliding = false;
  seek((length * time.value) / 1000);
});
find("#play").addEventListener("click", () => play(!playing));
find("#layout").addEventListener("click", () => lay(!stage.classList.contains("swipe")));
find("#sound").addEventListener("click", () => hear(1 - heard));
find("#earlier").addEventListener("click", () => move(-frame()));
find("#later").addEventListener("click", () => move(frame()));

find("#length").textContent = clock(length);
cut(50);
lay(true);
hear(0);
let begun = false;
for (const video of [a, b]) {
  for (const name of ["playing", "waiting", "canplay", "seeked", "ended"]) video.addEventListener(name, keep);
  video.addEventListener("loadedmetadata", () => {
    if (begun || !(a.readyState && b.readyState)) return;
    begun = true;
    seek(at || length / 10);
  });
}
setInterval(keep, 200);
