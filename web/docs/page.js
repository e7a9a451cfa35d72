"use strict";

const byId = (id) => document.getElementById(id);

// el makes an element. Text is only ever set as text, so nothing in the
// document or in an answer becomes markup.
function el(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) {
    if (v === true) e.setAttribute(k, "");
    else if (v !== undefined && v !== false) e.setAttribute(k, v);
  }
  e.append(...children.filter((c) => c !== undefined && c !== null));
  return e;
}

let doc;

function resolve(x) {
  while (x && x.$ref) {
    x = x.$ref.slice(2).split("/").reduce((at, part) => at[part], doc);
  }
  return x || {};
}

function typeText(schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.oneOf) return schema.oneOf.map(typeText).join(" or ");
  const types = [].concat(schema.type || "any");
  let text = types.join(" or ");
  if (types.includes("array")) text += " of " + typeText(schema.items || {});
  if (schema.format) text += " (" + schema.format + ")";
  return text;
}

function limitsText(schema) {
  const s = schema.type === "array" ? resolve(schema.items) : schema;
  const parts = [];
  if (s.enum) parts.push("one of " + s.enum.filter((v) => v !== null).join(", "));
  if (s.minimum !== undefined) parts.push("at least " + s.minimum);
  if (s.maximum !== undefined) parts.push("at most " + s.maximum);
  if (s.minLength !== undefined) parts.push("at least " + s.minLength + " characters");
  if (s.maxLength !== undefined) parts.push("at most " + s.maxLength + " characters");
  if (s.default !== undefined) parts.push("usually " + s.default);
  if (s.pattern) parts.push("like " + s.pattern);
  return parts.join("; ");
}

// fields shows what an object holds.
function fields(schema, depth = 0) {
  const s = resolve(schema);
  const items = resolve(s.items);
  if (items.properties) return fields(items, depth);
  if (!s.properties) return el("p", {}, typeText(schema));
  const table = el("table");
  for (const [name, property] of Object.entries(s.properties)) {
    const about = [property.description, limitsText(resolve(property))].filter(Boolean).join(" ");
    const cell = el("td", {}, about);
    const inner = resolve(property.type === "array" ? property.items : property);
    if (inner.properties && depth < 3) {
      const more = el("details", {}, el("summary", {}, typeText(property)));
      more.addEventListener("toggle", () => more.open && more.children.length === 1 && more.append(fields(property, depth + 1)));
      cell.append(more);
    }
    const required = (s.required || []).includes(name) ? " *" : "";
    table.append(el("tr", {}, el("td", {}, el("code", {}, name + required)), el("td", {}, typeText(property)), cell));
  }
  return table;
}

// sample makes a body to start from.
function sample(schema, depth = 0) {
  const s = resolve(schema);
  if (s.examples && s.examples.length) return s.examples[0];
  if (s.default !== undefined) return s.default;
  if (s.oneOf) return sample(s.oneOf[0], depth);
  if (s.enum) return s.enum[0];
  const type = [].concat(s.type)[0];
  if (type === "object") {
    const out = {};
    if (depth < 4) for (const [k, v] of Object.entries(s.properties || {})) if ((s.required || []).includes(k)) out[k] = sample(v, depth + 1);
    return out;
  }
  return { string: "", integer: s.minimum || 0, number: s.minimum || 0, boolean: false, array: [] }[type] ?? null;
}

function input(parameter) {
  const schema = resolve(parameter.schema);
  const item = schema.type === "array" ? resolve(schema.items) : schema;
  const choices = item.type === "boolean" ? ["true", "false"] : item.enum;
  let field;
  if (choices && schema.type !== "array") {
    field = el("select", {}, el("option", { value: "" }, ""), ...choices.map((c) => el("option", { value: c }, String(c))));
  } else {
    field = el("input", { type: item.format === "password" ? "password" : "text", autocomplete: "off" });
  }
  field.required = Boolean(parameter.required);
  const kind = schema.type === "array" ? "One or more, separated by spaces: " + typeText(item) + "." : typeText(schema) + ".";
  const about = [kind, parameter.description, limitsText(schema)].filter(Boolean).join(" ");
  return [field, el("label", {}, parameter.name + (parameter.required ? " *" : ""), field, el("small", {}, about))];
}

function tryIt(path, method, operation) {
  const form = el("form");
  const inputs = (operation.parameters || []).map((p) => {
    const parameter = resolve(p);
    const [field, label] = input(parameter);
    form.append(label);
    return [parameter, field];
  });
  const content = operation.requestBody && operation.requestBody.content["application/json"];
  let body;
  if (content) {
    body = el("textarea", { spellcheck: "false" });
    body.value = JSON.stringify(sample(content.schema), null, 2);
    form.append(el("label", {}, "Body", body));
  }
  const result = el("div", { role: "status" });
  form.append(el("p", {}, el("button", { type: "submit" }, "Send")), result);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(path, method, inputs, body, result);
  });
  return form;
}

async function send(path, method, inputs, body, result) {
  const headers = { Accept: "application/json" };
  const query = new URLSearchParams();
  for (const [p, field] of inputs) {
    const value = field.value;
    if (p.in === "path") path = path.replace("{" + p.name + "}", encodeURIComponent(value));
    else if (value === "") continue;
    else if (p.in === "header") headers[p.name] = value;
    else if (resolve(p.schema).type === "array") value.split(/\s+/).filter(Boolean).forEach((v) => query.append(p.name, v));
    else query.append(p.name, value);
  }
  if (body && body.value.trim()) headers["Content-Type"] = "application/json";
  const token = byId("token").value.trim();
  if (token) headers.Authorization = "Bearer " + token;
  const address = path + (query.size ? "?" + query : "");
  try {
    const answer = await fetch(address, { method: method.toUpperCase(), headers, body: body && body.value.trim() ? body.value : undefined, credentials: "same-origin" });
    const text = await answer.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: show it as it is */ }
    const head = [...answer.headers].map(([k, v]) => k + ": " + v).join("\n");
    result.replaceChildren(el("p", { class: answer.ok ? "" : "failed" }, answer.status + " " + answer.statusText + " " + method.toUpperCase() + " " + address),
      el("details", {}, el("summary", {}, "Headers"), el("pre", {}, head)), el("pre", {}, shown));
  } catch (error) {
    result.replaceChildren(el("p", { class: "failed" }, "No answer: " + error.message));
  }
}

function answers(operation) {
  const table = el("table");
  for (const [status, a] of Object.entries(operation.responses)) {
    const answer = resolve(a);
    const content = answer.content && Object.values(answer.content)[0];
    const cell = el("td", {}, answer.description || "");
    if (content && content.schema && Number(status) < 400) cell.append(fields(content.schema));
    table.append(el("tr", {}, el("td", {}, el("code", {}, status)), cell));
  }
  return table;
}

function caller(operation) {
  if (operation["x-permission"]) return operation["x-permission"];
  return (operation.security || []).some((s) => Object.keys(s).length === 0) ? "anyone" : "signed in";
}

function route(path, method, operation) {
  const box = el("details", { id: operation.operationId });
  box.append(el("summary", {}, el("span", { class: "method " + method }, method.toUpperCase()), el("code", {}, path), " ", operation.summary || "",
    el("span", { class: "who" }, caller(operation))));
  box.dataset.words = [method, path, operation.summary, operation.operationId].join(" ").toLowerCase();
  box.addEventListener("toggle", () => {
    if (!box.open || box.children.length > 1) return;
    if (operation.description) box.append(el("p", {}, operation.description));
    if (operation["x-codes"]) box.append(el("p", {}, "Codes: " + operation["x-codes"].join(", ")));
    const content = operation.requestBody && operation.requestBody.content["application/json"];
    if (content) box.append(el("details", {}, el("summary", {}, "Body"), fields(content.schema)));
    box.append(el("details", {}, el("summary", {}, "Answers"), answers(operation)), tryIt(path, method, operation));
  });
  return box;
}

function show() {
  document.title = doc.info.title;
  byId("title").textContent = doc.info.title + " " + doc.info.version;
  byId("about").textContent = doc.info.description || "";
  const groups = new Map((doc.tags || []).map((t) => [t.name, el("section", {}, el("h2", { id: "tag-" + t.name }, t.name))]));
  for (const [path, item] of Object.entries(doc.paths)) {
    for (const method of ["get", "post", "put", "patch", "delete"]) {
      const operation = item[method];
      if (operation) for (const t of operation.tags || []) groups.get(t).append(route(path, method, operation));
    }
  }
  byId("routes").replaceChildren(...groups.values());
  byId("tags").replaceChildren(...[...groups.keys()].map((name) => el("a", { href: "#tag-" + name }, name)));
  byId("find").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const box of document.querySelectorAll("details[data-words]")) box.hidden = !words.every((w) => box.dataset.words.includes(w));
  });
  const open = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
  if (open && open.tagName === "DETAILS") open.open = true;
}

fetch("openapi.json").then((r) => r.json()).then((d) => { doc = d; show(); })
  .catch((error) => byId("routes").replaceChildren(el("p", { class: "failed" }, "The document cannot be loaded: " + error.message)));
