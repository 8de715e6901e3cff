// What others do appears by itself. One tab of a browser holds the stream of events for all of them, since a browser has
// six connections to a site: it has the lock, and the others hear it on a channel. An event says what changed, never
// how: each tab then reads its own page again. Without a stream, pages are as they were drawn.
const {livePlace, person} = document.body.dataset;
const LEAVES_AFTER = 5 * 60_000;
const KEPT = 200;
const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 60_000;
const NAME = `afterword-live-${person}`;

if (livePlace !== undefined && navigator.locks && window.BroadcastChannel && window.EventSource) {
  const tabs = new BroadcastChannel(NAME);
  const told = []; // the last events, for a tab that was drawn while they came
  let place = livePlace;
  let source = null;
  let waiting = null;
  let release = null;
  let again = 0;
  let leaving = 0;
  let pause = FIRST_PAUSE;
  let isOver = false;

  // What it changes here

  const stale = new Set();
  let reading = false;
  const read = async () => {
    if (reading || !stale.size || document.hidden) return;
    reading = true;
    await new Promise((done) => setTimeout(done, document.querySelector(".htmx-request") ? 250 : 30));
    const parts = [...stale].join();
    stale.clear();
    try {
      await afterword.refresh(parts);
    } finally {
      reading = false;
      read();
    }
  };

  const hear = (event) => {
    place = event.place || place;
    if (event.kind === "end") {
      isOver = true;
      leave();
      return;
    }
    if (event.kind === "presence") {
      document.dispatchEvent(new CustomEvent("afterword:presence", {detail: event.id}));
      return;
    }
    for (const one of document.querySelectorAll("[data-live-of]")) {
      const wanted = one.dataset.liveOf.split(" ");
      if (event.kind === "refresh" || wanted.includes(event.kind) || wanted.includes(event.postmortemId)) {
        stale.add(one.dataset.liveParts ?? `#${one.id}`);
      }
    }
    read();
  };

  // Holding the stream, or hearing who does

  const open = () => {
    source = new EventSource(place ? `/events?after=${encodeURIComponent(place)}` : "/events");
    source.addEventListener("open", () => { pause = FIRST_PAUSE; });
    source.addEventListener("message", ({data, lastEventId}) => {
      const event = {...JSON.parse(data), place: lastEventId};
      told.push(event);
      if (told.length > KEPT) told.shift();
      tabs.postMessage(event);
      hear(event);
    });
    source.addEventListener("place", ({lastEventId}) => { place = lastEventId; });
    source.addEventListener("error", () => {
      if (source?.readyState !== EventSource.CLOSED) return; // else the browser itself tries again
      again = setTimeout(open, pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    });
  };
  const join = () => {
    if (waiting || isOver) return;
    waiting = new AbortController();
    navigator.locks
      .request(NAME, {signal: waiting.signal}, () => new Promise((done) => {
        release = done;
        open();
      }))
      .catch(() => {})
      .finally(() => { waiting = release = null; });
  };
  const leave = () => {
    clearTimeout(again);
    source?.close();
    source = null;
    waiting?.abort();
    release?.();
  };

  tabs.addEventListener("message", ({data}) => {
    if (!("since" in data)) hear(data);
    else if (source) {
      const from = told.findIndex((one) => one.place === data.since);
      if (from >= 0) for (const event of told.slice(from + 1)) tabs.postMessage(event);
    }
  });
  document.addEventListener("visibilitychange", () => {
    clearTimeout(leaving);
    if (document.hidden) {
      leaving = setTimeout(leave, LEAVES_AFTER);
      return;
    }
    join();
    read();
  });
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", ({persisted}) => { if (persisted) join(); });
  join();
  tabs.postMessage({since: place});
}

// Somebody saved what the reader is writing in: it stays as it is, and says so.
document.addEventListener("afterword:outdated", ({target, detail: {fresh}}) => {
  const {savedBy, revision, history} = fresh.dataset;
  if (!revision || revision === target.dataset.revision || target.querySelector(":scope > .outdated")?.dataset.revision === revision) return;
  target.querySelector(":scope > .outdated")?.remove();
  const note = document.createElement("p");
  note.className = "outdated";
  note.dataset.revision = revision;
  note.setAttribute("role", "status");
  note.append(`${savedBy || "Someone else"} saved a new version. Yours is merged with it when you save. `);
  const link = document.createElement("a");
  link.href = history;
  link.target = "_blank";
  link.textContent = "See what changed";
  note.append(link);
  target.prepend(note);
});
