// The server's routes, and the stream of what happens. Every failure is a sentence for people.

const UNREACHABLE = "The room cannot be reached. It may have been stopped.";

async function call(method, path, body) {
  const options = { method, headers: {} };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(`/api${path}`, options);
  } catch {
    throw new Error(UNREACHABLE);
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error ?? `The room answered with error ${response.status}.`);
  return answer;
}

const at = (room, rest = "") => `/rooms/${encodeURIComponent(room)}${rest}`;

export const state = () => call("GET", "/state");
export const samples = () => call("GET", "/samples");
export const commands = () => call("GET", "/commands");
export const meaning = (eagerness) => call("GET", `/eagerness/${eagerness}`);
export const create = (name) => call("POST", "/rooms", { name });
export const show = (room, limit) => call("GET", at(room, `?limit=${limit}`));
export const say = (room, message) => call("POST", at(room, "/messages"), message);
export const edit = (room, id, text) => call("PATCH", at(room, `/messages/${encodeURIComponent(id)}`), { text });
export const remove = (room, id) => call("DELETE", at(room, `/messages/${encodeURIComponent(id)}`));
export const change = (room, settings) => call("PATCH", at(room, "/settings"), settings);
export const command = (room, line) => call("POST", at(room, "/commands"), line);

const KINDS = [
  "status", "rooms", "settings", "message", "edited", "deleted", "decided",
  "typing", "draft", "withdrawn", "notice", "refetch",
];

// Listens for ever. `on.open` is called after each connection, when much may have been missed.
export function listen(on) {
  const stream = new EventSource("/api/events");
  for (const kind of KINDS) {
    stream.addEventListener(kind, (event) => on[kind]?.(JSON.parse(event.data)));
  }
  stream.addEventListener("open", () => on.open());
  stream.addEventListener("error", () => {
    on.lost();
    if (stream.readyState !== EventSource.CLOSED) return; // it tries again by itself
    stream.close();
    setTimeout(() => listen(on), 2000);
  });
}
