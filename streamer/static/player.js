// Plays one film in a <video>: the file itself where the browser can, else what the server
// makes of it from any second on, fed piece by piece into a MediaSource.

const OFFSET = 10; // seconds that the server adds to every time; streamer/recipes.py
const AHEAD = 40; // seconds kept ready before the picture that is shown
const BEHIND = 30; // seconds kept after it
const Source = window.ManagedMediaSource ?? window.MediaSource;
const viewer = crypto.randomUUID ? crypto.randomUUID() : String(Math.random()).slice(2);

export const WORDS = {
  direct: "plays as it is",
  packed: "packed anew, nothing is converted",
  sound: "the sound is converted",
  picture: "the picture is converted",
};

const once = (target, ...names) =>
  new Promise((resolve) => {
    const heard = () => {
      names.forEach((name) => target.removeEventListener(name, heard));
      resolve();
    };
    names.forEach((name) => target.addEventListener(name, heard));
  });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Player {
  /** `say(sentence)` shows what is wrong, or nothing. */
  constructor(video, { say = () => {}, shown = () => {} } = {}) {
    this.video = video;
    this.film = JSON.parse(video.dataset.film);
    this.audio = this.film.audio;
    this.say = say;
    this.shown = shown;
    this.place = -1; // among the ways
    this.run = 0; // which feeding is the valid one
    this.aim = 0; // seconds to begin at, until there is a picture
    this.wants = false; // whether it shall play as soon as it can
    this.size = 0; // among the widths of a converted picture
    this.patience = 4000; // ms of a conversion too slow to be watched, before a smaller picture is asked for
    video.addEventListener("seeking", () => this.#sought());
    video.addEventListener("error", () => this.#failed());
    video.addEventListener("play", () => (this.wants = true));
    video.addEventListener("pause", () => (this.wants = this.wants && video.seeking));
    video.addEventListener("waiting", () => this.#hungry());
    window.addEventListener("pagehide", () => this.stop());
    this.next();
  }

  get way() {
    return this.film.ways[this.place]?.way;
  }

  get duration() {
    return this.film.duration || this.video.duration || 0;
  }

  /** Take the next way that this browser says it can play. */
  next(at = 0) {
    this.stop();
    this.aim = at;
    const { video, film } = this;
    while (++this.place < film.ways.length) {
      const { way, type } = film.ways[this.place];
      if (way === "direct") {
        if (this.audio !== film.audio || !video.canPlayType(type)) continue;
        video.src = `/api/media/stream/${film.id}`;
        if (at > 0) once(video, "loadedmetadata").then(() => (video.currentTime = at));
      } else {
        if (!Source?.isTypeSupported(type)) continue;
        this.#open(type, at);
      }
      this.#tell();
      if (this.wants) video.play().catch(() => {});
      return;
    }
    video.removeAttribute("src");
    this.say(
      film.ways.length
        ? "This browser plays none of what can be made of this film. mpv and VLC do."
        : "Nothing on this server can convert this film for a browser. mpv and VLC play it.",
    );
  }

  #tell() {
    const smaller = this.way === "picture" && this.size > 0;
    this.shown(this.way, smaller ? `, ${this.width} wide, for the server is too slow for more` : "");
  }

  /** Pixels that a converted picture is wide at most. */
  get width() {
    return this.film.widths[this.size] ?? 0;
  }

  /** Begin anew with another sound track, at the same second. */
  hear(audio) {
    const at = this.video.currentTime;
    this.wants = !this.video.paused;
    this.audio = audio;
    this.place = -1;
    this.next(at);
  }

  stop() {
    this.run += 1;
    this.request?.abort();
    this.buffer = null;
  }

  async #open(type, at) {
    const { video } = this;
    const run = this.run;
    const source = new Source();
    video.disableRemotePlayback = true; // Apple's condition for a managed source
    const address = URL.createObjectURL(source);
    video.src = address;
    await once(source, "sourceopen");
    URL.revokeObjectURL(address);
    if (run !== this.run) return;
    source.duration = this.film.duration;
    this.source = source;
    this.buffer = source.addSourceBuffer(type);
    this.buffer.timestampOffset = -OFFSET;
    if (at > 0) video.currentTime = at; // "seeking" then feeds it
    else this.#feed(0);
  }

  #range() {
    const { buffered, currentTime } = this.video;
    for (let n = 0; n < buffered.length; n += 1) {
      if (buffered.start(n) - 0.1 <= currentTime && currentTime < buffered.end(n)) {
        return [buffered.start(n), buffered.end(n)];
      }
    }
    return null;
  }

  #sought() {
    if (this.buffer && !this.#range()) this.#feed(this.video.currentTime);
  }

  #hungry() {
    // What fed us has ended early: a server that did not wait, a network that went away.
    if (this.buffer && this.broken) this.#feed(this.#range()?.[1] ?? this.video.currentTime, true);
  }

  async #settled() {
    while (this.buffer?.updating) await once(this.buffer, "updateend");
  }

  /** Read the film from a second on and append it, never far ahead. */
  async #feed(from, keep = false) {
    const run = ++this.run;
    const { video, buffer, film } = this;
    const valid = () => run === this.run && this.buffer === buffer;
    this.request?.abort();
    this.request = new AbortController();
    this.broken = false;
    try {
      const query = new URLSearchParams({ way: this.way, start: from.toFixed(3), audio: this.audio, width: this.width, viewer });
      const asked = fetch(`/api/media/${film.id}/play?${query}`, { signal: this.request.signal });
      asked.catch(() => {}); // it is awaited below
      await this.#settled();
      if (!valid()) return;
      if (this.source.readyState === "open") buffer.abort();
      buffer.timestampOffset = -OFFSET;
      if (!keep && buffer.buffered.length) {
        buffer.remove(0, Infinity);
        await this.#settled();
      }
      const answer = await asked;
      if (!answer.ok) {
        const said = await answer.json().catch(() => ({}));
        if (valid()) this.say(said.error ?? `The server answered ${answer.status}.`);
        return;
      }
      this.say("");
      const reader = answer.body.getReader();
      const pace = this.#pace();
      for (;;) {
        const { done, value } = await reader.read();
        if (!valid()) return;
        if (done) break;
        await this.#append(value, valid);
        if (!valid()) return;
        if (pace() && this.size + 1 < film.widths.length) {
          this.size += 1;
          this.#tell();
          // A second again: after a jump the sound of some files begins a little late, which would leave a gap.
          this.#feed(Math.max((this.#range()?.[1] ?? from) - 1, 0), true);
          return;
        }
        while (valid() && this.#ahead() > AHEAD) await Promise.race([once(video, "timeupdate", "seeking"), pause(1000)]);
        if (!valid()) return;
      }
      await this.#settled();
      if (valid() && this.source.readyState === "open") this.source.endOfStream();
    } catch (error) {
      if (!valid() || error.name === "AbortError") return;
      this.broken = true;
      if (video.readyState < 3) {
        await pause(1000);
        if (valid()) this.#hungry();
      }
    }
  }

  /** Return what says, piece by piece, whether a picture is converted too slowly to be watched. */
  #pace() {
    let since = 0; // ms and second of film at which it was looked at first
    let second = 0;
    return () => {
      const end = this.#range()?.[1];
      const now = performance.now();
      if (this.way !== "picture" || end === undefined || this.#ahead() > AHEAD / 2) {
        since = 0;
        return false;
      }
      if (!since) [since, second] = [now, end];
      return now - since > this.patience && end - second < ((now - since) / 1000) * this.video.playbackRate * 1.02;
    };
  }

  #ahead() {
    const range = this.#range();
    return range ? range[1] - this.video.currentTime : 0;
  }

  async #append(piece, valid) {
    const { buffer, video } = this;
    for (;;) {
      await this.#settled();
      if (!valid()) return;
      try {
        buffer.appendBuffer(piece);
        await this.#settled();
        break;
      } catch (error) {
        if (error.name !== "QuotaExceededError") throw error;
        // Full: forget what was seen, and wait until more of it was.
        await this.#forget(1);
        await Promise.race([once(video, "timeupdate", "seeking"), pause(1000)]);
      }
    }
    if (valid()) await this.#forget(BEHIND);
  }

  async #forget(behind) {
    const { buffer, video } = this;
    const until = video.currentTime - behind;
    if (buffer.buffered.length && buffer.buffered.start(0) < until - 5) {
      await this.#settled();
      buffer.remove(0, until);
      await this.#settled();
    }
  }

  #failed() {
    if (!this.video.error || !this.video.getAttribute("src")) return;
    this.next(this.video.currentTime || this.aim);
  }
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n) => String(n).padStart(2, "0");
  return parts[0] ? `${parts[0]}:${two(parts[1])}:${two(parts[2])}` : `${parts[1]}:${two(parts[2])}`;
}

/** Whether a key is the page's own, not that of a field or button that has the focus. */
export function ours(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return false;
  if (event.target.closest("select, textarea")) return false;
  return !(event.key === " " && event.target.closest("button"));
}

/** Take the link out of the address: what is kept of it is a cookie for this page alone. */
export function tidy() {
  const here = new URL(location.href);
  const at = Number(here.searchParams.get("at")) || 0;
  if (here.searchParams.has("t")) {
    here.searchParams.delete("t");
    history.replaceState(null, "", here);
  }
  return at;
}

export function notice(stage) {
  const shown = stage.querySelector(".notice");
  return (sentence) => {
    shown.textContent = sentence;
    shown.hidden = !sentence;
  };
}

const RATES = [0.25, 0.5, 1, 1.5, 2];

/** The next slower or faster pace. */
export const faster = (now, by) => RATES[Math.min(Math.max(RATES.indexOf(now) + by, 0), RATES.length - 1)];

export function wholeScreen(stage) {
  if (document.fullscreenElement) document.exitFullscreen();
  else (stage.requestFullscreen ?? stage.webkitRequestFullscreen)?.call(stage);
}
