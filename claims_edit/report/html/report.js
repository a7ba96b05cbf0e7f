"use strict";
// Sorts, filters and opens the table of decisions. Cells reach the page as text only, never as markup.
(() => {
  const table = document.getElementById("decisions");
  if (!table) return;
  const shared = JSON.parse(document.getElementById("explanations").textContent);
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const place = { disposition: 2, reason: 3 };

  const element = (name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  const filled = (parent, ...children) => {
    parent.append(...children.filter((child) => child));
    return parent;
  };
  // Whole numbers without a limit: a column of amounts has more digits than a floating-point number keeps.
  const cents = (text) => (text === "" ? null : BigInt(text.replace(/[,.]/g, "")));
  const money = (sum) => {
    const digits = String(sum < 0n ? -sum : sum).padStart(3, "0");
    const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",");
    return `${sum < 0n ? "-" : ""}${whole}.${digits.slice(-2)}`;
  };

  // An explanation.
  const titled = (title, ...content) => {
    const kept = content.filter((each) => each);
    return kept.length ? filled(element("div"), element("h3", title), ...kept) : null;
  };
  const listed = (kind, items) => (items.length ? filled(element(kind), ...items) : null);
  const copied = (kind, number) => {
    const block = document.getElementById(`${kind}-${number}`).cloneNode(true);
    block.removeAttribute("id");
    for (const heading of block.querySelectorAll("h4")) heading.replaceWith(filled(element("p"), element("b", heading.textContent)));
    return block;
  };
  const pairs = (rows, caption, columns) => {
    const made = element("table");
    const head = element("tr");
    for (const column of columns) {
      const cell = element("th", column);
      cell.scope = "col";
      head.append(cell);
    }
    const cells = rows.map(([name, ...values]) => {
      const first = element("th", name);
      first.scope = "row";
      return filled(element("tr"), first, ...values.map((value) => element("td", value)));
    });
    return filled(made, element("caption", caption), filled(element("thead"), head), filled(element("tbody"), ...cells));
  };
  const edits = (record) => record.edits.map((number) => {
    const edit = shared.edits[number];
    const role = edit.decided ? " (decided)" : edit.informational ? " (informational)" : "";
    return element("li", `${edit.label}: ${edit.id}${role}`, edit.decided ? "decided" : "");
  });
  const facts = (record) => record.facts.map(([number, value]) => {
    const [name, source] = shared.facts[number];
    return [name.replaceAll("_", " "), value, source];
  });
  const grounds = (record) => {
    const kinds = ["guidance", "evidence"].flatMap((kind) => (record[kind] || []).map((number) => copied(kind, number)));
    const note = "evidence_note" in record ? element("p", shared.texts[record.evidence_note], "note") : null;
    if (!kinds.length) return note;
    return filled(element("details"), element("summary", "Guidance and evidence on this tumor site"), ...kinds, note);
  };
  const explanation = (record) => {
    const one = (kind) => (kind in record ? copied(kind, record[kind]) : null);
    const text = (number) => shared.texts[number];
    const left = filled(
      element("div"),
      titled("Edits triggered, in order", listed("ol", edits(record))),
      titled("Policy", one("policy"), one("program_rule")),
      titled("Liability", one("liability")),
      record.remittance.length ? pairs(record.remittance, "Remittance", ["Field", "Value"]) : null,
      titled("Notes", listed("ul", record.notes.map((number) => element("li", text(number))))),
      titled("What would change this", listed("ul", record.changes.map((number) => element("li", text(number))))),
    );
    const right = filled(
      element("div"),
      pairs(facts(record), "Facts and where each came from", ["Fact", "Value", "From"]),
      text(record.missing) ? element("p", `Not known: ${text(record.missing).replaceAll("_", " ")}.`, "note") : null,
    );
    return filled(
      element("div", undefined, "explanation"),
      element("p", text(record.reason), "lead"),
      element("p", `Source: ${text(record.citation)}`),
      element("p", `Row ${record.where[1]} of ${text(record.where[0])}`, "note"),
      filled(element("div", undefined, "columns"), left, right),
      grounds(record),
    );
  };

  // The rows, each with its record and what it is sorted and filtered by.
  const lines = [...body.rows].map((row, number) => {
    const record = shared.rows[number];
    const cells = [...row.cells].map((cell) => cell.textContent);
    const words = [...cells, ...record.facts.map((fact) => fact[1]), shared.texts[record.citation]];
    const keys = cells.map((text, column) => (heads[column].classList.contains("n") ? cents(text) : text || null));
    const opener = element("button", cells[0]);
    opener.type = "button";
    opener.setAttribute("aria-expanded", "false");
    row.cells[0].replaceChildren(opener);
    const line = { row, record, cells, keys, opener, detail: null, number, text: words.join("\n").toLowerCase() };
    opener.addEventListener("click", () => toggle(line));
    return line;
  });
  const close = (line) => {
    line.detail.remove();
    line.detail = null;
    line.opener.setAttribute("aria-expanded", "false");
    line.opener.removeAttribute("aria-controls");
  };
  const open = (line) => {
    const cell = element("td", undefined, "detail");
    cell.colSpan = heads.length;
    cell.append(explanation(line.record));
    line.detail = filled(element("tr"), cell);
    line.detail.id = `explanation-${line.number}`;
    line.row.after(line.detail);
    line.opener.setAttribute("aria-expanded", "true");
    line.opener.setAttribute("aria-controls", line.detail.id);
  };
  const toggle = (line) => (line.detail ? close(line) : open(line));
  body.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const row = event.target.closest("#decisions > tbody > tr");
    const line = lines.find((each) => each.row === row || each.detail === row);
    if (line && line.detail) {
      close(line);
      line.opener.focus();
    }
  });

  // Sorting: what is empty stays last either way; equal rows keep the order of the record.
  const sort = (column, descending) => {
    const sign = descending ? -1 : 1;
    lines.sort((one, other) => {
      const [left, right] = [one.keys[column], other.keys[column]];
      if (left === right) return one.number - other.number;
      if (left === null || right === null) return left === null ? 1 : -1;
      return sign * (left < right ? -1 : 1);
    });
    heads.forEach((head, number) => head.setAttribute("aria-sort", number === column ? (descending ? "descending" : "ascending") : "none"));
    body.append(...lines.flatMap((line) => (line.detail ? [line.row, line.detail] : [line.row])));
  };
  heads.forEach((head, column) => {
    const button = element("button", head.textContent);
    button.type = "button";
    head.replaceChildren(button);
    head.setAttribute("aria-sort", column === heads.length - 1 ? "descending" : "none");
    button.addEventListener("click", () => sort(column, head.getAttribute("aria-sort") === "ascending"));
  });

  // Filters.
  const form = document.getElementById("filters");
  const chosen = (name) => document.getElementById(`filter-${name}`).value;
  const filter = () => {
    const text = chosen("text").trim().toLowerCase();
    const [disposition, payer, reason] = ["disposition", "payer", "reason"].map(chosen);
    let count = 0;
    let charges = 0n;
    for (const line of lines) {
      const matches =
        (!text || line.text.includes(text)) &&
        (!disposition || line.cells[place.disposition] === disposition) &&
        (!payer || line.row.dataset.payer === payer) &&
        (!reason || line.cells[place.reason] === reason);
      line.row.hidden = !matches;
      if (line.detail) line.detail.hidden = !matches;
      if (matches) {
        count += 1;
        charges += line.keys[line.keys.length - 1] ?? 0n;
      }
    }
    const all = lines.length.toLocaleString("en-US");
    document.getElementById("matching").textContent = `${count.toLocaleString("en-US")} of ${all} decisions shown, charges ${money(charges)}`;
  };
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  for (const hint of document.querySelectorAll(".script-only")) hint.hidden = false;
  filter();
})();
