// The page to try a model: one panel for each raw input by its kind, one answer beside it.

const MAX_BARS = 10;
const MAX_ROWS = 100;
const byId = (id) => document.getElementById(id);

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "class") made.className = value;
    else if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

// --- what a panel hands over: {type, body} of the media, or null where nothing is there yet

function filePanel(raw, kind, asked) {
  let given = null;
  let address = "";
  const preview = element(kind === "image" ? "img" : "audio", { hidden: true, alt: "", controls: true });
  const name = element("span", {}, `or drop one here`);
  const show = (blob, title) => {
    given = blob;
    if (address) URL.revokeObjectURL(address);
    address = URL.createObjectURL(blob);
    preview.src = address;
    preview.hidden = false;
    name.textContent = title;
    asked();
  };
  const picker = (more) => {
    const input = element("input", { type: "file", accept: `${kind}/*`, class: "unseen", ...more });
    input.addEventListener("change", () => input.files[0] && show(input.files[0], input.files[0].name));
    return input;
  };
  const what = kind === "image" ? "an image" : "a recording";
  const file = picker({ name: raw.name });
  const drop = element("label", { class: "drop" }, file, element("strong", {}, `Choose ${what}`), name);
  for (const event of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(event, (happening) => {
      happening.preventDefault();
      drop.classList.toggle("over", event === "dragover");
      const dropped = event === "drop" && happening.dataTransfer.files[0];
      if (dropped) show(dropped, dropped.name);
    });
  }
  const tools = element("div", { class: "row" });
  const panel = element("fieldset", {}, drop, tools, preview);
  if (kind === "image" && matchMedia("(pointer: coarse)").matches) {
    tools.append(element("label", { class: "button" }, picker({ capture: "environment" }), "Take a photo"));
  }
  const stop = kind === "image" ? addCamera(tools, panel, show) : addMicrophone(tools, panel, raw.sample_rate, show);
  const typeOf = (blob) => blob.type || (kind === "image" ? "image/jpeg" : "audio/wav");
  return { panel, stop, read: () => given && { type: typeOf(given), body: given } };
}

const end = (stream) => stream.getTracks().forEach((track) => track.stop());

// addCamera and addMicrophone return what turns them off, for when their panel goes

function addCamera(tools, panel, show) {
  if (!navigator.mediaDevices) return () => {}; // browsers give it to localhost and https alone
  const video = element("video", { hidden: true, muted: true, playsInline: true });
  const button = element("button", { type: "button" }, "Use the camera");
  let stream = null;
  let isGone = false;
  button.addEventListener("click", async () => {
    if (!stream) {
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      } catch (error) {
        return tell(`The camera cannot be used: ${error.message}`);
      }
      if (isGone) return end(stream);
      video.srcObject = stream;
      await video.play();
      video.hidden = false;
      button.textContent = "Take this picture";
      return undefined;
    }
    const canvas = element("canvas", { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    end(stream);
    stream = null;
    video.hidden = true;
    button.textContent = "Use the camera";
    canvas.toBlob((blob) => show(blob, "from the camera"), "image/png");
    return undefined;
  });
  tools.append(button);
  panel.append(video);
  return () => { isGone = true; if (stream) end(stream); };
}

function addMicrophone(tools, panel, rate, show) {
  if (!navigator.mediaDevices) return () => {};
  const bar = element("div");
  const level = element("div", { class: "level", hidden: true }, bar);
  const button = element("button", { type: "button" }, "Record");
  let recording = null;
  let isGone = false;
  const stop = () => {
    const { context, stream } = recording;
    recording = null;
    end(stream);
    return context.close();
  };
  button.addEventListener("click", async () => {
    if (recording) {
      const { context, chunks } = recording;
      await stop();
      level.hidden = true;
      button.textContent = "Record";
      return show(wav(chunks, context.sampleRate), "from the microphone");
    }
    let stream = null;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false },
      });
      recording = await record(stream, rate, (peak) => { bar.style.width = `${Math.min(100, 100 * peak)}%`; });
    } catch (error) {
      if (stream) end(stream);
      return tell(`The microphone cannot be used: ${error.message}`);
    }
    if (isGone) return stop();
    level.hidden = false;
    button.textContent = "Stop";
    return undefined;
  });
  tools.append(button);
  panel.insertBefore(level, tools.nextSibling);
  return () => { isGone = true; if (recording) stop(); };
}

async function record(stream, rate, loudness) {
  const chunks = [];
  const sinkId = { type: "none" }; // nothing is played, and a machine without a speaker can record
  let context;
  let source;
  try {
    context = new AudioContext({ sampleRate: rate, sinkId });
    source = context.createMediaStreamSource(stream);
  } catch { // some browsers resample no microphone: the WAV says its rate, and the model resamples
    context = new AudioContext({ sinkId });
    source = context.createMediaStreamSource(stream);
  }
  await context.audioWorklet.addModule("recorder.js");
  const tap = new AudioWorkletNode(context, "recorder", { channelCount: 1, channelCountMode: "explicit" });
  tap.port.onmessage = ({ data: samples }) => {
    chunks.push(samples);
    loudness(samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0));
  };
  source.connect(tap);
  tap.connect(context.destination);
  return { context, stream, chunks };
}

function wav(chunks, rate) {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const view = new DataView(new ArrayBuffer(44 + 2 * length));
  const text = (place, letters) => [...letters].forEach((letter, index) => view.setUint8(place + index, letter.charCodeAt(0)));
  text(0, "RIFF"); view.setUint32(4, 36 + 2 * length, true); text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, rate, true); view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  text(36, "data"); view.setUint32(40, 2 * length, true);
  let place = 44;
  for (const chunk of chunks) {
    for (const sample of chunk) {
      view.setInt16(place, Math.max(-32768, Math.min(32767, Math.round(32768 * sample))), true);
      place += 2;
    }
  }
  return new Blob([view], { type: "audio/wav" });
}

function textPanel(raw) {
  const area = element("textarea", { name: raw.name, placeholder: "Some text", "aria-label": raw.name });
  return { panel: element("fieldset", {}, area), read: () => area.value && { type: "text/plain", body: area.value } };
}

function rowPanel(raw, asked, isAlone) {
  let table = null;
  const file = element("input", { type: "file", accept: ".csv", class: "unseen" });
  file.addEventListener("change", () => { table = file.files[0] ?? null; if (table) asked(); table = null; file.value = ""; });
  const upload = element("label", { class: "button" }, file, "Ask for a whole CSV file");
  const cells = raw.columns.map((column) => element("input", { name: column, autocomplete: "off" }));
  const labels = cells.map((cell, index) => element("label", {}, raw.columns[index], cell));
  const note = element("p", { class: "quiet small" }, "An empty field is a missing value.");
  const row = () => Object.fromEntries(cells.map((cell) => [cell.name, cell.value === "" ? null : cell.value]));
  return {
    panel: element("fieldset", {}, element("div", { class: "columns" }, ...labels), note, ...(isAlone ? [element("div", { class: "row" }, upload)] : [])),
    read: () => (table ? { type: "text/csv", body: table } : { type: "application/json", body: JSON.stringify(row()) }),
  };
}

function numbersPanel(raw, kind) {
  const hint = kind === "series" ? "0.1, 0.2\n0.3, 0.4" : "[0.1, 0.2, 0.3]";
  const area = element("textarea", { name: raw.name, placeholder: hint, "aria-label": raw.name });
  const file = element("input", { type: "file", accept: kind === "series" ? ".csv,.txt" : ".json", class: "unseen" });
  const open = element("label", { class: "button" }, file, "Open a file");
  file.addEventListener("change", async () => { area.value = file.files[0] ? await file.files[0].text() : ""; });
  const isJson = () => kind === "tensor" || area.value.trimStart().startsWith("[");
  return {
    panel: element("fieldset", {}, area, element("div", { class: "row" }, open)),
    read: () => area.value && { type: isJson() ? "application/json" : "text/csv", body: area.value },
  };
}

function panelFor(raw, asked, isAlone) {
  if (raw.kind === "image" || raw.kind === "audio") return filePanel(raw, raw.kind, asked);
  if (raw.kind === "text") return textPanel(raw);
  if (raw.kind === "table") return rowPanel(raw, asked, isAlone);
  return numbersPanel(raw, raw.kind);
}

// --- several raw inputs go as one object: files in base64, rows and numbers as they are

async function joined(panels, model) {
  const members = {};
  for (const [index, raw] of model.raw_inputs.entries()) {
    const part = panels[index].read();
    if (!part) return null;
    if (part.body instanceof Blob) members[raw.name] = await base64(part.body);
    else if (raw.kind === "text") members[raw.name] = part.body;
    else if (part.type === "text/csv") members[raw.name] = pointsOf(part.body);
    else members[raw.name] = JSON.parse(part.body);
  }
  return { type: "application/json", body: JSON.stringify(members) };
}

// A CSV of numbers as rows, as the server reads a file of them: without a header, null where a point is missing.
export function pointsOf(text) {
  const lines = text.split(/\r?\n/).filter((line) => line.trim());
  const delimiter = [";", "\t", ","].find((one) => lines[0].includes(one));
  const missing = ["", "NaN", "NA", "N/A", "null", "None", "?"];
  const rows = lines.map((line) => (delimiter ? line.split(delimiter) : line.trim().split(/\s+/))
    .map((cell) => cell.trim().replace(/^"(.*)"$/, "$1").trim()));
  const isNumber = (cell) => cell !== "" && !Number.isNaN(Number(cell));
  if (!rows[0].some(isNumber) && rows[0].some((cell) => !missing.includes(cell))) rows.shift();
  return rows.map((row) => row.map((cell) => {
    if (missing.includes(cell)) return null;
    if (!isNumber(cell)) throw new Error(`expected numbers, got '${cell}'`);
    return Number(cell);
  }));
}

async function base64(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let place = 0; place < bytes.length; place += 32768) text += String.fromCharCode(...bytes.subarray(place, place + 32768));
  return btoa(text);
}

// --- asking and telling

async function ask(model, panels) {
  let request;
  try {
    request = panels.length === 1 ? panels[0].read() : await joined(panels, model);
  } catch (error) {
    return tell(error.message);
  }
  if (!request) return undefined;
  const button = byId("send");
  button.disabled = true;
  const started = performance.now();
  try {
    const response = await fetch(`models/${encodeURIComponent(model.name)}/predict`, {
      method: "POST", headers: { "content-type": request.type }, body: request.body,
    });
    const answer = await response.json();
    const took = performance.now() - started;
    const timing = /dur=([\d.]+)/.exec(response.headers.get("server-timing") ?? "");
    if (response.ok) show(answer, took, timing ? Number(timing[1]) : null);
    else tell(answer.error);
  } catch (error) {
    tell(`The server did not answer: ${error.message}`);
  } finally {
    button.disabled = false;
  }
  return undefined;
}

function tell(message) {
  byId("answer").replaceChildren(element("p", { class: "bad" }, message));
}

const percent = (score) => (score === null ? "–" : `${(100 * score).toFixed(score > 0.9995 || score < 0.0005 ? 2 : 1)} %`);
const number = (value) => (value === null ? "–" : Array.isArray(value) ? value.map(number).join(", ") : Number(value).toPrecision(6).replace(/\.?0+(e|$)/, "$1"));

function headline(answer) {
  if (answer.error !== undefined) return [element("p", { class: "bad" }, answer.error)];
  if (answer.label !== undefined) {
    const ranked = Object.entries(answer.scores).sort((a, b) => b[1] - a[1]).slice(0, MAX_BARS);
    const bars = ranked.map(([label, score]) => {
      const bar = element("div");
      bar.style.width = `${Math.max(0, Math.min(100, 100 * score))}%`;
      return element("li", {}, bar, element("span", {}, label), element("span", {}, percent(score)));
    });
    return [element("p", { class: "label", id: "label" }, answer.label), element("p", { class: "note" }, percent(answer.score)), element("ol", { class: "scores" }, ...bars)];
  }
  if (answer.is_anomaly !== undefined) {
    const word = element("p", { class: `label ${answer.is_anomaly ? "bad" : "good"}`, id: "label" }, answer.is_anomaly ? "Anomaly" : "Normal");
    return [word, element("p", { class: "note" }, `score ${number(answer.score)}, threshold ${number(answer.threshold)}`)];
  }
  if (answer.value !== undefined) return [element("p", { class: "label", id: "label" }, `${number(answer.value)} ${answer.unit ?? ""}`)];
  return [element("p", { class: "label small", id: "label" }, Object.keys(answer.outputs).join(", "))];
}

function show(answer, took, onServer) {
  const time = `${took.toFixed(0)} ms${onServer === null ? "" : `, ${onServer.toFixed(1)} ms of it on the server`}`;
  const parts = Array.isArray(answer)
    ? [element("table", {}, ...answer.slice(0, MAX_ROWS).map((one) => element("tr", {},
        element("td", {}, one.input), element("td", {}, one.error ?? one.label ?? (one.value === undefined ? "" : number(one.value))))))]
    : headline(answer);
  const whole = JSON.stringify(answer, null, 1);
  const details = element("details", {}, element("summary", {}, "The whole answer"), element("pre", {}, whole.slice(0, 20000)));
  byId("answer").replaceChildren(...parts, element("p", { class: "quiet small", id: "time" }, time), details);
  byId("told").scrollIntoView({ block: "nearest" }); // on a phone it is below the input
}

let shown = []; // the panels

function choose(model) {
  for (const one of shown) one.stop?.();
  byId("title").textContent = model.name;
  document.title = `Try ${model.name}`;
  byId("about").textContent = `${model.task} · ${model.artifact} · version ${model.version}`;
  const isMedia = (raw) => raw.kind === "image" || raw.kind === "audio";
  const panels = [];
  const asked = () => { if (model.raw_inputs.length === 1) ask(model, panels); };
  panels.push(...model.raw_inputs.map((raw) => panelFor(raw, asked, model.raw_inputs.length === 1)));
  shown = panels;
  panels.forEach((one, index) => one.panel.prepend(element("legend", {}, model.raw_inputs[index].name)));
  const again = model.raw_inputs.every(isMedia) ? "Ask again" : "Ask";
  const send = element("button", { class: "main", id: "send" }, again);
  const form = byId("inputs");
  form.onsubmit = (event) => { event.preventDefault(); ask(model, panels); };
  form.replaceChildren(...panels.map((one) => one.panel), element("div", { class: "row" }, send));
  byId("answer").replaceChildren(element("p", { class: "quiet" }, "Nothing asked yet."));
}

async function start() {
  const models = await (await fetch("models")).json();
  const select = byId("models");
  select.replaceChildren(...models.map((model) => element("option", {}, model.name)));
  select.onchange = () => choose(models[select.selectedIndex]);
  byId("choice").hidden = models.length < 2;
  choose(models[0]);
}

start().catch((error) => { byId("title").textContent = "The server did not answer"; tell(error.message); });
