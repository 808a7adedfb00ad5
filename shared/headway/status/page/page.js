// Puts each part of the page that has changed in its place, as the server sends it.
"use strict";

const live = document.getElementById("live");
const events = new EventSource("/events");

function keep(part, html) {
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...part.querySelectorAll("details[open]")].map((one) => one.id);
  part.innerHTML = html;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

events.addEventListener("status", (event) => {
  const { title, parts } = JSON.parse(event.data);
  document.title = title;
  for (const [id, html] of Object.entries(parts)) {
    const part = document.getElementById(id);
    if (part) keep(part, html);
  }
  live.textContent = "This page renews itself.";
});

events.addEventListener("error", () => {
  live.textContent = "The connection is lost: what stands here may be old. Trying again.";
});
