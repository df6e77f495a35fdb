// The page of one film: what its keys and its list of sounds do.

import { Player, WORDS, faster, notice, ours, tidy, wholeScreen } from "./player.js";

const at = tidy();
const stage = document.querySelector(".stage");
const video = document.querySelector("video");
const way = document.querySelector("#way");
const player = new Player(video, {
  say: notice(stage),
  shown: (name, more) => (way.textContent = WORDS[name] + more),
});
window.player = player;
if (at > 0) {
  if (video.readyState > 0) video.currentTime = at;
  else video.addEventListener("loadedmetadata", () => (video.currentTime = at), { once: true });
}

document.querySelector("#sounds")?.addEventListener("change", (event) => {
  player.hear(Number(event.target.value));
  video.focus();
});

function subtitles() {
  const tracks = [...video.textTracks];
  const now = tracks.findIndex((track) => track.mode === "showing");
  tracks.forEach((track, n) => (track.mode = n === now + 1 ? "showing" : "disabled"));
}

const jump = (by) => (video.currentTime = Math.min(Math.max(video.currentTime + by, 0), player.duration - 0.1));
const step = (by) => {
  video.pause();
  jump(by / (player.film.rate || 25));
};
const louder = (by) => (video.volume = Math.min(Math.max(video.volume + by, 0), 1));

const KEYS = {
  " ": () => (video.paused ? video.play() : video.pause()),
  k: () => (video.paused ? video.play() : video.pause()),
  ArrowLeft: () => jump(-10),
  ArrowRight: () => jump(10),
  ArrowUp: () => louder(0.1),
  ArrowDown: () => louder(-0.1),
  ",": () => step(-1),
  ".": () => step(1),
  c: subtitles,
  "<": () => (video.playbackRate = faster(video.playbackRate, -1)),
  ">": () => (video.playbackRate = faster(video.playbackRate, 1)),
  m: () => (video.muted = !video.muted),
  f: () => wholeScreen(stage),
};

// Before the player's own controls hear them, so that each key does one thing.
window.addEventListener(
  "keydown",
  (event) => {
    if (!ours(event)) return;
    const digit = /^[0-9]$/.test(event.key);
    if (!digit && !KEYS[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    if (digit) video.currentTime = (player.duration * Number(event.key)) / 10;
    else KEYS[event.key]();
  },
  true,
);
