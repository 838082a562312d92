// What a rule sees. Evaluated once in each context, before the rule's own script; the value is a function that takes
// the program and gives { lock, start }. Every intrinsic is frozen by `lock` before the rule's script is read, and
// `start` evaluates the script's top level anew for each call, so that no call can change what a later one means.
(program, host) => {
  "use strict";
  const FAMILIAR = new Set(["type", "summary", "description", "status", "priority", "resolution", "labels", "assignee",
    "reporter", "parent", "due", "created", "updated"]);
  const FIXED = new Set(["created", "updated", "reporter"]);
  const REFERENCE = new Set(["node", "id", "key", "url", "comments", "attachments"]);
  const TRACE_MAX = 200, TRACE_MAX_CHARS = 2000;
  const fields = new Set([...Object.keys(program.fields), "comments", "attachments"]);
  const known = new Set(program.known);
  const names = new Map(Object.entries(program.names));
  const file = program.script === null ? null : program.script[0];
  const own = (object, key) => Object.prototype.hasOwnProperty.call(object, key);
  const inherited = key => typeof key === "symbol" || key in Object.prototype || key === "toJSON" || key === "then";
  let state = null;

  // Where the rule's script is running, or null. On its first line `indent` columns are ours.
  let indent = 0;
  const place = () => {
    if (file === null) return null;
    for (const frame of String(new Error().stack).split("\n")) {
      const at = frame.indexOf(file + ":");
      if (at < 0) continue;
      const [line, column] = frame.slice(at + file.length + 1).split(":").map(part => parseInt(part, 10));
      return line > 0 ? { line, column: Math.max(1, (column || 1) - (line === 1 ? indent : 0)) } : null;
    }
    return null;
  };

  const distance = (a, b) => {
    let row = Array.from({ length: b.length + 1 }, (_, at) => at);
    for (let i = 1; i <= a.length; i++) {
      const next = [i];
      for (let j = 1; j <= b.length; j++)
        next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
      row = next;
    }
    return row[b.length];
  };
  const suggestion = (given, candidates) => {
    const wanted = given.toLowerCase().slice(0, 64);
    let best = null, least = Math.max(2, wanted.length / 3);
    for (const name of candidates) {
      const far = distance(wanted, name.toLowerCase().slice(0, 64));
      if (far <= least) { best = name; least = far - 0.5; }
    }
    return best === null ? "" : `; did you mean '${best}'?`;
  };

  const plainValue = (value, where) => {
    const type = typeof value;
    if (type === "function" || type === "symbol" || type === "bigint")
      throw new TypeError(`${where} cannot be a ${type}`);
    if (type === "number" && !Number.isFinite(value)) throw new TypeError(`${where} cannot be ${value}`);
    return value;
  };

  const views = new WeakMap();
  const refuse = what => () => { throw new TypeError(`${what} is read-only here`); };
  // A view of a parsed object through which nothing can be changed, however deep.
  const readonly = (target, what) => {
    if (target === null || typeof target !== "object") return target;
    let view = views.get(target);
    if (view === undefined) {
      const no = refuse(what);
      view = new Proxy(target, {
        get: (object, key) => readonly(Reflect.get(object, key), what),
        set: no, deleteProperty: no, defineProperty: no, setPrototypeOf: no, preventExtensions: no,
      });
      views.set(target, view);
    }
    return view;
  };

  const native = key => {
    if (known.has(key)) return key;
    const id = names.get(key);
    if (id !== undefined) return id;
    if (known.size === 0) return key;
    throw new TypeError(`the ${program.side} item has no field '${key}'${suggestion(key, [...names.keys(), ...known])}`);
  };
  const noProperty = key =>
    new TypeError(`an issue has no '${key}'${suggestion(key, FAMILIAR)}; other fields are in issue.fields`);

  // An item that cannot be changed: outgoing's `issue`, incoming's `before`.
  const fixedIssue = (issue, what) => {
    const no = refuse(what);
    const at = (id) => readonly(FAMILIAR.has(id) ? issue[id] : issue.fields[id], what);
    const inner = new Proxy(issue.fields, {
      get: (_, key) => inherited(key) ? Reflect.get(Object.prototype, key) : at(native(key)),
      set: no, deleteProperty: no, defineProperty: no, setPrototypeOf: no, preventExtensions: no,
    });
    return new Proxy(issue, {
      get(_, key) {
        if (inherited(key)) return Reflect.get(Object.prototype, key);
        if (key === "fields") return inner;
        if (FAMILIAR.has(key) || REFERENCE.has(key)) return readonly(issue[key], what);
        if (key === "addComment") return no;
        throw noProperty(key);
      },
      set: no, deleteProperty: no, defineProperty: no, setPrototypeOf: no, preventExtensions: no,
    });
  };

  // The draft: reads show what the map and the script assigned over the item as fetched; what is assigned is known.
  const draftIssue = (issue, mapped) => {
    const assigned = new Map(), dropped = new Set(), copies = new Map(), comments = [], keys = new Set();
    const underneath = id => {
      if (!dropped.has(id) && own(mapped, id)) return mapped[id];
      return FAMILIAR.has(id) ? issue[id] : issue.fields[id];
    };
    const read = id => {
      if (assigned.has(id)) return assigned.get(id)[0];
      if (copies.has(id)) return copies.get(id)[0];
      const value = underneath(id);
      if (value === null || typeof value !== "object") return value;
      const before = JSON.stringify(value), copy = JSON.parse(before);
      // Where the script got it: it may be changed in place from here on.
      copies.set(id, [copy, before, place()]);
      return copy;
    };
    const write = (id, value) => {
      if (FIXED.has(id)) throw new TypeError(`issue.${id} is read-only`);
      copies.delete(id);
      if (value === undefined) { assigned.delete(id); dropped.add(id); }
      else assigned.set(id, [plainValue(value, `issue.${id}`), place()]);
      return true;
    };
    const addComment = (key, comment) => {
      if (typeof key !== "string" || key === "") throw new TypeError("addComment needs a key, which makes it unique");
      if (keys.has(key)) throw new TypeError(`addComment was called twice with the key '${key}'`);
      const { body, channel } = Object(comment);
      const rich = typeof body === "string" || (body !== null && typeof body === "object");
      if (!rich || typeof channel !== "string")
        throw new TypeError("addComment needs { body: text, channel: native channel name }");
      keys.add(key);
      comments.push({ key, body, channel, at: place() });
    };
    const no = refuse("issue");
    const inner = new Proxy({}, {
      get: (_, key) => inherited(key) ? Reflect.get(Object.prototype, key) : read(native(key)),
      set: (_, key, value) => write(native(key), value),
      deleteProperty: (_, key) => write(native(key), undefined),
      has: (_, key) => inherited(key) || read(native(key)) !== undefined,
      ownKeys: () => Object.keys(issue.fields),
      getOwnPropertyDescriptor: (_, key) => {
        const value = inherited(key) ? undefined : read(native(key));
        return value === undefined ? undefined : { value, writable: true, enumerable: true, configurable: true };
      },
      defineProperty: no, setPrototypeOf: no, preventExtensions: no,
    });
    const draft = new Proxy({}, {
      get(_, key) {
        if (inherited(key)) return Reflect.get(Object.prototype, key);
        if (key === "fields") return inner;
        if (key === "addComment") return addComment;
        if (FAMILIAR.has(key)) return read(key);
        if (REFERENCE.has(key)) return readonly(issue[key], `issue.${key}`);
        throw noProperty(key);
      },
      set(_, key, value) {
        if (FAMILIAR.has(key)) return write(key, value);
        if (REFERENCE.has(key) || key === "fields" || key === "addComment")
          throw new TypeError(`issue.${key} is read-only`);
        throw noProperty(String(key));
      },
      deleteProperty: (_, key) => FAMILIAR.has(key) ? write(key, undefined) : no(),
      defineProperty: no, setPrototypeOf: no, preventExtensions: no,
    });
    const result = () => {
      const out = Object.fromEntries(assigned);
      for (const [id, [copy, before, at]] of copies)
        if (JSON.stringify(copy) !== before) out[id] = [copy, at];
      return { assigned: out, dropped: [...dropped].filter(id => !assigned.has(id)), comments };
    };
    return { draft, write, result };
  };

  const noField = key =>
    new TypeError(`the replica has no field '${String(key)}'${suggestion(String(key), fields)}; fields are declared in [fields]`);
  // `places`: where the script assigned a field, or first got hold of a value that it may change in place.
  const openReplica = (object, places) => new Proxy(object, {
    get(target, key) {
      if (inherited(key)) return Reflect.get(target, key);
      if (!fields.has(key)) throw noField(key);
      const value = target[key];
      if (value !== null && typeof value === "object" && !places.has(key)) places.set(key, place());
      return value;
    },
    set(target, key, value) {
      if (!fields.has(key)) throw noField(key);
      target[key] = plainValue(value, `replica.${key}`);
      places.set(key, place());
      return true;
    },
    defineProperty: (target, key, descriptor) => {
      if (!fields.has(key)) throw noField(key);
      places.set(key, place());
      return Reflect.defineProperty(target, key, descriptor);
    },
    setPrototypeOf: refuse("replica"), preventExtensions: refuse("replica"),
  });
  const fixedReplica = (object, what) => {
    if (object === null) return null;
    const no = refuse(what);
    return new Proxy(object, {
      get(target, key) {
        if (inherited(key)) return Reflect.get(target, key);
        if (!fields.has(key)) throw noField(key);
        return readonly(target[key], what);
      },
      set: no, deleteProperty: no, defineProperty: no, setPrototypeOf: no, preventExtensions: no,
    });
  };

  const running = what => {
    if (state === null) throw new TypeError(`${what} can only be called while a rule runs`);
    return state;
  };
  const globals = {
    user(by) {
      const { id, email, login } = Object(by);
      const given = Object.entries({ id, email, login }).filter(([, text]) => typeof text === "string" && text !== "");
      if (given.length === 0) throw new TypeError("user needs { id }, { email } or { login }");
      return Object.freeze(Object.fromEntries(given));
    },
    values(name) {
      if (!own(program.tables, name))
        throw new TypeError(`there is no table [values.${name}]${suggestion(String(name), Object.keys(program.tables))}`);
      const rows = program.tables[name].rows;
      const same = (entry, value) => entry !== null && typeof entry === "object"
        ? value !== null && typeof value === "object" && Object.keys(entry).every(key => same(entry[key], value[key]))
        : value !== null && value !== undefined && String(entry) === String(value);
      return Object.freeze({
        toReplica(value) {
          const row = rows.find(([, entries]) => entries.some(entry => same(entry, value)));
          return row === undefined ? null : row[0];
        },
        toNative(value) {
          const row = rows.find(([replica]) => replica === value);
          return row === undefined || row[1].length === 0 ? null : readonly(row[1][0], "a table");
        },
      });
    },
    text: Object.freeze({
      markdown: source => Object.freeze({ plain: host.plain(String(source)), markdown: String(source) }),
      plain: source => Object.freeze({ plain: String(source), markdown: host.escape(String(source)) }),
      join: (...parts) => {
        // Outer white space is not part of a paragraph, but stands between two parts. It begins no text.
        const spaced = (part, at) => {
          const inner = part.trim(), begin = part.indexOf(inner);
          const before = at === 0 ? "" : part.slice(0, begin);
          return before + host.escape(inner) + part.slice(begin + inner.length);
        };
        const markdown = parts.map((part, at) => typeof part === "string" ? spaced(part, at) : String(part.markdown)).join("");
        return Object.freeze({ plain: host.plain(markdown), markdown });
      },
    }),
    hold(field, why) {
      if (!own(program.fields, field)) {
        if (!fields.has(field)) throw noField(field);
        throw new TypeError(`'${field}' cannot be held; what can be: ${Object.keys(program.fields).join(", ")}`);
      }
      running("hold").held[field] = String(why);
    },
    reject(why) {
      running("reject").rejected = { why: String(why), at: place() };
      throw new Error(`rejected: ${why}`);
    },
    trace(...parts) {
      const lines = running("trace").trace;
      const show = part => typeof part === "string" ? part : JSON.stringify(part) ?? String(part);
      if (lines.length < TRACE_MAX) lines.push(parts.map(show).join(" ").slice(0, TRACE_MAX_CHARS));
    },
  };

  const finished = (name, value) => {
    if (value !== null && typeof value === "object" && typeof value.then === "function")
      throw new TypeError(`${name} is asynchronous; a rule has no async and no await`);
  };
  const exported = (exports, name) => {
    const via = exports[name];
    if (via === null || typeof via !== "object" || typeof via.outgoing !== "function" || typeof via.incoming !== "function")
      throw new TypeError(`${file} does not export '${name}' with the functions outgoing and incoming`);
    return via;
  };

  const outgoing = (call, exports) => {
    const places = new Map();
    const issue = fixedIssue(call.issue, "issue in outgoing"), replica = openReplica(call.replica, places);
    for (const { export: name, field, natives } of call.vias) {
      const at = id => FAMILIAR.has(id) ? issue[id] : issue.fields[id];
      const value = natives.length === 1 ? at(natives[0]) : Object.fromEntries(natives.map(id => [id, at(id)]));
      const result = exported(exports, name).outgoing(value, issue);
      finished(`${name}.outgoing`, result);
      replica[field] = result;
    }
    if (typeof exports.outgoing === "function")
      finished("outgoing", exports.outgoing({
        issue, replica, firstSync: call.first_sync, link: readonly(call.link, "link"),
      }));
    return { replica: call.replica, places: Object.fromEntries(places) };
  };

  const incoming = (call, exports) => {
    const replica = fixedReplica(call.replica, "replica in incoming");
    const { draft, write, result } = draftIssue(call.issue, call.assigned);
    for (const { export: name, field, natives } of call.vias) {
      const value = exported(exports, name).incoming(replica[field], draft);
      finished(`${name}.incoming`, value);
      if (value === undefined) continue;
      if (natives.length === 1) write(natives[0], value);
      else for (const [key, part] of Object.entries(Object(value))) write(native(key), part);
    }
    if (typeof exports.incoming === "function")
      finished("incoming", exports.incoming({
        replica, issue: draft, firstSync: call.first_sync,
        get previous() { return fixedReplica(call.previous, "previous"); },
        get before() { return fixedIssue(call.issue, "before"); },
        get link() { return readonly(call.link, "link"); },
      }));
    return result();
  };

  const start = (evaluate, when, before) => (indent = before, json => {
    const call = JSON.parse(json);
    // Before there is a state: the top level can no more hold, reject or trace than when it was loaded.
    const exports = evaluate();
    state = { held: {}, trace: [], rejected: null };
    let result, failed = false;
    try {
      if (call.kind === "load") { for (const via of call.vias) exported(exports, via.export); result = {}; }
      else if (call.kind === "when") result = { admitted: Boolean(when(fixedIssue(call.issue, "issue in when"))) };
      else if (call.kind === "outgoing") result = outgoing(call, exports);
      else result = incoming(call, exports);
    } catch (error) {
      failed = true;
      if (state.rejected === null) throw error;
    } finally {
      call.rejected = state.rejected;
      call.done = state;
      state = null;
    }
    if (call.rejected !== null) {
      const { why, at } = call.rejected;
      throw Object.assign(new Error(why), { rejected: true, cause: failed, ...at });
    }
    return JSON.stringify({ ...result, held: call.done.held, trace: call.done.trace });
  });

  // Removes what a rule must not have, puts in what it may touch, freezes all that can be reached.
  const lock = () => {
    const allowed = new Set(["Object", "Function", "Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError",
      "TypeError", "URIError", "AggregateError", "InternalError", "Array", "String", "Number", "Boolean", "Symbol",
      "BigInt", "Math", "JSON", "Map", "Set", "WeakMap", "WeakSet", "RegExp", "Reflect", "Proxy", "Iterator", "parseInt",
      "parseFloat", "isNaN", "isFinite", "decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent", "escape",
      "unescape", "Infinity", "NaN", "undefined", "globalThis"]);
    for (const key of Reflect.ownKeys(globalThis))
      if (typeof key === "string" && !allowed.has(key)) delete globalThis[key];
    const absent = (name, why) => {
      const no = () => { throw new TypeError(`${name} is not available in rules: ${why}`); };
      return new Proxy(function () {}, { get: no, apply: no, construct: no });
    };
    const clock = "a rule has no clock; compare the item's own times";
    const wait = "a rule is synchronous";
    const define = (object, name, value) =>
      Object.defineProperty(object, name, { value, writable: false, enumerable: false, configurable: false });
    define(Math, "random", absent("Math.random", "a rule has no randomness"));
    for (const [name, why] of [["Date", clock], ["performance", clock], ["Promise", wait], ["setTimeout", wait],
      ["setInterval", wait], ["queueMicrotask", wait], ["fetch", "a rule has no network"], ["console", "use trace(…)"],
      ["require", "a rule is one file"], ["eval", "write the code out"]]) define(globalThis, name, absent(name, why));
    for (const [name, value] of Object.entries(globals)) define(globalThis, name, value);
    const hidden = [function* () {}, async function () {}, async function* () {}, [][Symbol.iterator](),
      new Map()[Symbol.iterator](), new Set()[Symbol.iterator](), ""[Symbol.iterator](), "".matchAll(/a/g),
      (async () => {})(), (function () { return arguments; })(), [].values().map(x => x), Iterator.from({ next() {} })];
    const seen = new Set(), queue = [globalThis, program, ...hidden];
    while (queue.length > 0) {
      const object = queue.pop();
      if (object === null || (typeof object !== "object" && typeof object !== "function") || seen.has(object)) continue;
      seen.add(object);
      queue.push(Object.getPrototypeOf(object));
      for (const descriptor of Object.values(Object.getOwnPropertyDescriptors(object)))
        queue.push(descriptor.value, descriptor.get, descriptor.set);
      for (const key of Object.getOwnPropertySymbols(object)) {
        const descriptor = Object.getOwnPropertyDescriptor(object, key);
        queue.push(descriptor.value, descriptor.get, descriptor.set);
      }
      Object.freeze(object);
    }
  };

  return { lock, start };
}
