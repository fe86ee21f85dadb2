const control = Object.fromEntries(["lr", "adaptive", "mu", "step"].map((name) => [name, $(name)]));
let turned = false, running = 0;
const minus = (text) => text.replace("-", "\u2212");
const place = ([a, b]) => [data.middle[0] + data.unit * a, data.middle[1] - data.unit * b];
const turn = ([a, b], back) => {
  const angle = turned ? (back ? -1 : 1) * Math.PI / 4 : 0, c = Math.cos(angle), s = Math.sin(angle);
  return [c * a - s * b, s * a + c * b];
};
const loss = (w) => turn(w, true).reduce((sum, x, axis) => sum + data.curvatures[axis] * x * x / 2, 0);
const slope = (w) => turn(turn(w, true).map((x, axis) => data.curvatures[axis] * x), false);
const walk = (name) => {
  const lr = Number(control.lr.value), adaptive = Number(control.adaptive.value), mu = Number(control.mu.value);
  const path = [turn(data.start, false)], v = [0, 0], s = [0, 0];
  while (path.length <= data.steps && loss(path[path.length - 1]) <= data.fallen) {
    const w = path[path.length - 1], t = path.length, g = slope(w);
    path.push(w.map((x, axis) => {
      if (name === "gradient descent") return x - lr * g[axis];
      if (name === "momentum") {
        v[axis] = mu * v[axis] + g[axis];
        return x - lr * v[axis];
      }
      const kept = name === "Adam" ? data.beta2 : data.alpha;
      s[axis] = kept * s[axis] + (1 - kept) * g[axis] * g[axis];
      if (name === "RMSprop") return x - adaptive * g[axis] / (Math.sqrt(s[axis]) + data.epsilon);
      v[axis] = mu * v[axis] + (1 - mu) * g[axis];
      const size = Math.sqrt(s[axis] / (1 - kept ** t)) + data.epsilon;
      return x - adaptive * v[axis] / (1 - mu ** t) / size;
    }));
  }
  return path;
};
const height = (value) => {
  const power = Math.min(data.highest, Math.max(data.lowest, value > 0 ? Math.log10(value) : data.lowest));
  return data.bottom - (power - data.lowest) * data.tall / (data.highest - data.lowest);
};
const written = (value) => minus(value >= 0.001 ? value.toPrecision(2) : value.toExponential(1));
const cross = (element, spot) => {
  element.setAttribute("visibility", spot ? "visible" : "hidden");
  if (spot) element.setAttribute("transform", `translate(${spot[0]} ${spot[1]})`);
};
const inside = ([x, y]) => [
  Math.min(data.left + data.side, Math.max(data.left, x)),
  Math.min(data.top + data.side, Math.max(data.top, y)),
];
const show = () => {
  const now = Number(control.step.value), standing = [];
  data.names.forEach((name, number) => {
    const whole = walk(name), path = whole.slice(0, now + 1), losses = path.map(loss);
    const end = path.length - 1, out = losses[end] > data.fallen;
    $(`path${number}`).setAttribute("points", path.map((w) => place(w).join(",")).join(" "));
    $(`curve${number}`).setAttribute(
      "points",
      losses.map((value, step) => `${data.along + step * data.wide / data.steps},${height(value)}`).join(" "),
    );
    $(`ball${number}`).setAttribute("transform", `translate(${place(path[end]).join(" ")})`);
    $(`ball${number}`).setAttribute("visibility", out ? "hidden" : "visible");
    cross($(`fall${number}`), out && inside(place(path[end])));
    cross($(`crash${number}`), out && [data.along + end * data.wide / data.steps, height(losses[end])]);
    $(`loss${number}`).textContent = out ? `fallen at step ${end}` : `loss ${written(losses[end])}`;
    if (!out) standing.push([losses[end], name]);
  });
  standing.sort((a, b) => a[0] - b[0]);
  for (const name of ["lr", "adaptive", "mu"]) {
    $(`${name}-shown`).textContent = Number(control[name].value).toFixed(name === "lr" ? 3 : 2);
  }
  $("step-shown").textContent = now;
  $("ground").setAttribute("transform", turned ? `rotate(-45 ${data.middle.join(" ")})` : "");
  $("turn").setAttribute("aria-pressed", turned);
  if (!running) $("lowest").textContent = standing.length ? `${standing[0][1]}` : "nobody, all have fallen";
};
const stop = () => {
  window.clearInterval(running);
  running = 0;
};
for (const slider of Object.values(control)) {
  slider.addEventListener("input", () => {
    stop();
    show();
  });
}
$("turn").addEventListener("click", () => {
  turned = !turned;
  show();
});
$("race").addEventListener("click", () => {
  stop();
  if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) {
    control.step.value = data.steps;
    show();
    return;
  }
  control.step.value = 0;
  running = window.setInterval(() => {
    control.step.value = Number(control.step.value) + 1;
    if (Number(control.step.value) >= data.steps) stop();
    show();
  }, 80);
});
show();
