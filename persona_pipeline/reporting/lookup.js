// The customer search of the persona report. Reads the JSON of the page; text is set as text, never as HTML.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("lookup-data").textContent);
  const { customers, words } = data;
  const ids = customers.id;
  const asOf = Date.parse(data.asOf + "T00:00:00Z");
  const SUGGESTED = 8;

  // element("p", {class: "x"}, "text", node, ...)
  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children.filter((child) => child !== null));
    return made;
  }
  const text = (column, row) => (column.codes[row] < 0 ? null : column.texts[column.codes[row]]);

  function lowerBound(prefix) {
    let low = 0, high = ids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ids[middle] < prefix) low = middle + 1; else high = middle;
    }
    return low;
  }
  const bySales = ids.map((_, row) => row)
    .sort((a, b) => customers.sales_365d[b] - customers.sales_365d[a] || a - b).slice(0, SUGGESTED);

  // a pseudonym may be typed with or without its "c_"
  function found(typed) {
    const prefix = typed.trim().toLowerCase();
    if (prefix === "") return { rows: bySales, more: 0 };
    const starts = prefix.startsWith("c_") || "c_".startsWith(prefix) ? [prefix] : [prefix, "c_" + prefix];
    const rows = [];
    let more = 0;
    for (const start of starts) {
      for (let row = lowerBound(start); row < ids.length && ids[row].startsWith(start); row += 1) {
        if (rows.length < SUGGESTED) rows.push(row); else more += 1;
      }
    }
    return { rows, more };
  }

  function page(root) {
    const language = root.closest(".page").dataset.language;
    const { text: say, term } = words[language];
    const locale = language === "zh" ? "zh-CN" : "en-GB";
    const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
    const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
    const money = new Intl.NumberFormat(locale, {
      style: "currency", currency: data.currency, currencyDisplay: "narrowSymbol", maximumFractionDigits: 0,
    });
    const date = new Intl.DateTimeFormat(locale, {
      timeZone: "UTC", year: "numeric", month: "short", day: "numeric",
    });
    const word = (group, key) => (term[group] && term[group][key]) || key.replaceAll("_", " ");
    const fill = (key, values) => say[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
    const persona = (key) => (data.personas[key] ? data.personas[key][language] + " (" + key + ")" : key);
    const counted = (key, count) => (count ? fill(key, { count: number.format(count) }) : null);

    function line(name, value) {
      return value === null ? null
        : element("div", {}, element("dt", {}, name), element("dd", {}, value));
    }
    function field(name, format) {
      const value = customers[name][customers[name].length ? chosen : 0];
      return value === null || value === undefined ? null : line(say[name], format(value));
    }
    let chosen = 0;

    // segments by density leave out who is near none of them
    function belongs(row) {
      const key = text(customers.segment_key, row);
      return key !== null ? persona(key) : customers.is_outlier[row] ? say.outlier : say.no_persona;
    }

    function profile() {
      const days = (value) => fill("days", { count: number.format(value) });
      const named = (column, group) => {
        const value = text(customers[column], chosen);
        return value === null ? null : line(say[column], group ? word(group, value) : value);
      };
      const placed = text(customers.segment_key, chosen) !== null;
      return element("dl", {},
        line(say.persona, belongs(chosen)),
        placed && customers.is_outlier[chosen] ? line(say.unlike, say.yes) : null,
        named("rfm_segment", "rfm"), named("age_band", "age_band"), named("gender", "gender"),
        named("region"), named("income_band", "income_band"), named("favourite_category"),
        field("recency_days", days), field("tenure_days", days), field("orders_365d", number.format),
        field("sales_365d", money.format), field("average_order_value_365d", money.format),
        field("discount_share_365d", percent.format), field("refund_share_365d", percent.format));
    }

    function rowsOf(table, make) {
      const made = [];
      for (let row = table.at[chosen]; row < table.at[chosen + 1]; row += 1) made.push(make(row));
      return made;
    }
    function tagName(tag) {
      const cut = tag.indexOf(":");
      const group = tag.slice(0, cut), value = tag.slice(cut + 1);
      const shown = group === "segment" ? persona(value) : group === "rfm" ? word("rfm", value)
        : word("tag_value", value);
      return word("tag_group", group) + ": " + shown;
    }
    function score(row) {
      const probability = data.scores.probability[row], decile = data.scores.decile[row];
      const level = decile === 1 ? "highest" : decile <= 3 ? "high" : decile <= 7 ? "middle" : "low";
      const bar = element("span", { class: "meter" }, element("span", {}));
      bar.firstChild.style.width = 100 * probability + "%";
      return element("li", {}, element("span", {}, word("target", text(data.scores.target, row))),
        element("span", { class: "big" }, percent.format(probability)), bar,
        element("span", { class: "quiet" }, say["level_" + level]));
    }
    function offer(row) {
      const because = data.offers.because_product_id[row];
      const why = word("algorithm", text(data.offers.algorithm, row))
        + (because < 0 ? "" : fill("because", { product: data.products[because] }));
      return element("li", {}, data.products[data.offers.product_id[row]] + " ",
        element("span", { class: "quiet" }, why));
    }

    function timeline() {
      const days = new Map();
      const { orders, refunds, visits, contacts, texts } = data.days;
      const add = (table, make) => rowsOf(table, (row) => {
        const ago = table.ago[row];
        if (!days.has(ago)) days.set(ago, []);
        days.get(ago).push(...make(row).filter((part) => part !== null));
      });
      const part = (kind, shown) => (shown ? { kind, shown } : null);
      add(orders, (row) => [part("order", orders.orders[row]
        ? fill("day_orders", { count: orders.orders[row], amount: money.format(orders.sales_amount[row]) }) : null)]);
      add(refunds, (row) => [part("refund",
        fill("day_refund", { amount: money.format(refunds.refund_amount[row]) }))]);
      add(visits, (row) => [part("visit", fill("day_visits",
        { count: visits.sessions[row], views: number.format(visits.product_views[row]) }))]);
      add(contacts, (row) => [
        part("contact", counted("day_contacts", contacts.contacts[row])),
        part("contact", counted("day_opens", contacts.opens[row])),
        part("contact", counted("day_clicks", contacts.clicks[row])),
        part("contact", counted("day_responses", contacts.responses[row]))]);
      add(texts, (row) => [part("text", counted("day_texts", texts.texts[row]))]);
      const shown = [...days.entries()].filter(([, parts]) => parts.length).sort((a, b) => a[0] - b[0]);
      if (shown.length === 0) return element("p", { class: "quiet" }, say.no_days);
      return element("ol", { class: "days" }, ...shown.map(([ago, parts]) => element("li", {},
        element("time", {}, date.format(asOf - ago * 86400000)),
        element("span", {}, ...parts.map(({ kind, shown: words_ }) =>
          element("span", { class: "did " + kind }, words_))))));
    }
    function listed(name, title, items, otherwise) {
      return element("div", {}, element("h4", {}, title),
        items.length ? element(name, { class: "plain" }, ...items) : element("p", { class: "quiet" }, otherwise));
    }

    const list = root.querySelector(".matches"), shown = root.querySelector(".customer");
    const input = root.querySelector("input");
    function show(row) {
      chosen = row;
      const scores = listed("ul", say.scores, rowsOf(data.scores, score), say.no_scores);
      scores.classList.add("scores");
      shown.replaceChildren(
        element("h3", { class: "pseudonym" }, ids[row]),
        element("div", { class: "split" },
          element("div", {}, element("h4", {}, say.profile), profile()),
          element("div", {}, scores,
            listed("ol", say.offers, rowsOf(data.offers, offer), say.no_offers),
            listed("ul", say.tags, rowsOf(data.tags, (at) =>
              element("li", { class: "tag" }, tagName(text(data.tags.tag, at)))), say.no_tags)),
          element("div", {}, element("h4", {}, say.timeline), timeline())));
    }
    function search() {
      const { rows, more } = found(input.value);
      const buttons = rows.map((row) => {
        const button = element("button", { type: "button" }, element("code", {}, ids[row]),
          element("span", {}, belongs(row)),
          element("span", {}, money.format(customers.sales_365d[row])));
        button.addEventListener("click", () => show(row));
        return button;
      });
      const note = input.value.trim() === "" ? say.suggested
        : rows.length === 0 ? say.not_found : more > 0 ? fill("more", { count: number.format(more) }) : "";
      list.replaceChildren(element("p", { class: "note" }, note), ...buttons);
      if (rows.length === 1 && input.value.trim() !== "") show(rows[0]);
    }
    input.addEventListener("input", search);
    search();
    show(bySales[0]);
  }
  document.querySelectorAll(".lookup").forEach(page);
})();
