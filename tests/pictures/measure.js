// Measures every figure of a page, in pixels of its viewport. Evaluated in the page; returns JSON (see measures.py).
(async () => {
  const plots = [...document.querySelectorAll("div.js-plotly-plot")];
  await Promise.all(plots.flatMap((plot) => plot._promises || []));
  await document.fonts.ready;
  const frames = new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  await Promise.race([frames, new Promise((done) => setTimeout(done, 1000))]);

  const edges = (box) => [box.left, box.top, box.right, box.bottom];
  const isShown = (node) => {
    for (let at = node; at && at.nodeType === 1; at = at.parentNode) {
      const style = getComputedStyle(at);
      if (style.display === "none" || +style.opacity === 0) return false;
    }
    return getComputedStyle(node).visibility !== "hidden";
  };

  // The corners of a text, of each of its lines if it stands upright: x and y, clockwise from the top left.
  const corners = (node) => {
    const matrix = node.getScreenCTM();
    if (Math.abs(matrix.b) < 1e-6 && matrix.a > 0) {
      const lines = node.querySelectorAll("tspan.line");
      return [...(lines.length ? lines : [node])].map((line) => {
        const box = line.getBoundingClientRect();
        return [[box.left, box.top], [box.right, box.top], [box.right, box.bottom], [box.left, box.bottom]];
      });
    }
    const box = node.getBBox();
    const at = (x, y) => {
      const point = new DOMPoint(x, y).matrixTransform(matrix);
      return [point.x, point.y];
    };
    const [right, bottom] = [box.x + box.width, box.y + box.height];
    return [[at(box.x, box.y), at(right, box.y), at(right, bottom), at(box.x, bottom)]];
  };

  const texts = (plot) =>
    [...plot.querySelectorAll("svg.main-svg text")]
      .filter((node) => node.textContent.trim() && isShown(node) && !node.closest(".hoverlayer"))
      .map((node) => ({
        text: node.getAttribute("data-unformatted") || node.textContent,
        part: (node.closest("[class]")?.getAttribute("class") || "").split(" ")[0],
        size: parseFloat(getComputedStyle(node).fontSize),
        lines: corners(node),
      }));

  // plotly binds what was computed of a trace to the group that draws it.
  const indexOf = (node) => {
    const bound = node.__data__;
    const trace = (Array.isArray(bound) && bound[0] && bound[0].trace) || (bound && bound.trace);
    return trace && Number.isInteger(trace.index) ? trace.index : null;
  };
  const mark = (node, index, found) => {
    node.setAttribute("data-trace", index);
    (found[index] ||= []).push(node);
  };
  // What draws each trace, marked with its index. The area between two lines belongs to the second, and plotly draws it
  // in the group of the first.
  const groups = (plot) => {
    const found = {};
    for (const node of plot.querySelectorAll("svg.main-svg g")) {
      const index = indexOf(node);
      if (index === null || node.closest(".infolayer") || node.closest(".legend")) continue;
      if (node.closest("[data-trace]")) continue;
      const next = (plot._fullData[index]._nexttrace || {}).index;
      if (!node.matches(".scatter") || next === undefined) mark(node, index, found);
      else for (const part of node.children) mark(part, part.matches(".fills") ? next : index, found);
    }
    return found;
  };
  const count = (values) =>
    values === undefined ? 0 : [...values].flat().filter((v) => v !== null && v !== "" && !Number.isNaN(v)).length;
  const isGuide = (trace) =>
    trace.mode === "lines" && trace.line.width === 0 && trace.fill === "none" && !trace.error_y?.visible;
  const pointsOf = (trace) => {
    if (isGuide(trace)) return 0; // an edge of an area, not to be seen
    if (trace.type === "sankey") return count(trace.link.value);
    if (trace.z !== undefined) return count(trace.z);
    return Math.min(count(trace.x), count(trace.y));
  };
  const traces = (plot) => {
    const drawn = groups(plot);
    return plot._fullData.map((trace) => ({
      index: trace.index,
      type: trace.type,
      name: trace.name || "",
      points: trace.visible === true ? pointsOf(trace) : 0,
      groups: (drawn[trace.index] || []).length,
      in_legend: trace.showlegend === true && plot._fullLayout.showlegend === true,
    }));
  };

  // Ranges and data in the axis' own numbers: decades if it is logarithmic, milliseconds if it is a time axis.
  const axes = (plot) => {
    const layout = plot._fullLayout;
    return Object.keys(layout)
      .filter((name) => /^[xy]axis\d*$/.test(name))
      .map((name) => {
        const axis = layout[name];
        const id = axis._id;
        const ends = [];
        for (const trace of plot._fullData) {
          const extremes = trace._extremes && trace._extremes[id];
          if (trace.visible !== true || !extremes) continue;
          for (const end of [...extremes.min, ...extremes.max]) ends.push(end.val);
        }
        return {
          name,
          type: axis.type,
          range: axis.range.map((end) => axis.r2l(end)),
          data: ends.length ? [Math.min(...ends), Math.max(...ends)] : null,
          to_zero: axis.rangemode === "tozero",
          title: axis.title.text || "",
        };
      });
  };

  const figures = plots.map((plot) => ({
    name: plot.id.replace(/^figure-/, ""),
    box: edges(plot.querySelector(".svg-container").getBoundingClientRect()),
    texts: texts(plot),
    traces: traces(plot),
    axes: axes(plot),
  }));
  const copy = document.body.cloneNode(true);
  for (const node of copy.querySelectorAll("div.figure, script, nav, details")) node.remove();
  for (const node of copy.querySelectorAll("td, th, p, li, h1, h2, span, b, br, div")) node.append(" ");
  return JSON.stringify({ title: document.title, text: copy.textContent.replace(/\s+/g, " "), figures });
})()
