const lr = $("lr"), first = $("first"), second = $("second");
const minus = (text) => text.replace("-", "\u2212");
const loss = ([a, b]) => (data.curvatures[0] * a * a + data.curvatures[1] * b * b) / 2;
const place = ([a, b]) => [data.middle[0] + data.unit * a, data.middle[1] - data.unit * b];
const height = (value) => {
  const power = Math.min(data.highest + 1, Math.max(data.lowest, Math.log10(value)));
  return data.bottom - (power - data.lowest) * data.tall / (data.highest - data.lowest);
};
const show = () => {
  const rate = Number(lr.value), path = [[Number(first.value), Number(second.value)]];
  for (let step = 0; step < data.steps; step += 1) {
    path.push(path[step].map((w, axis) => w - rate * data.curvatures[axis] * w));
  }
  path.forEach((point, step) => {
    const [x, y] = place(point);
    $(`dot${step}`).setAttribute("cx", x);
    $(`dot${step}`).setAttribute("cy", y);
  });
  $("start").setAttribute("x", place(path[0])[0] - 7);
  $("start").setAttribute("y", place(path[0])[1] - 7);
  $("path").setAttribute("points", path.map((point) => place(point).join(",")).join(" "));
  $("curve").setAttribute(
    "points",
    path.map((point, step) => `${data.left + step * data.wide / data.steps},${height(loss(point))}`).join(" "),
  );
  const end = path[data.steps];
  $("lr-shown").textContent = rate.toFixed(3);
  $("first-shown").textContent = minus(path[0][0].toFixed(1));
  $("second-shown").textContent = minus(path[0][1].toFixed(1));
  $("end").textContent = minus(`(${end[0].toFixed(3)}, `) + minus(`${end[1].toFixed(3)})`);
  $("loss").textContent = loss(end) < 0.001 ? loss(end).toExponential(1).replace("-", "\u2212") : loss(end).toFixed(3);
  const [slow, fast] = data.curvatures.map((k) => minus((1 - rate * k).toFixed(3)));
  $("factors").textContent = `along w1 by ${slow}, along w2 by ${fast}`;
};
for (const control of [lr, first, second]) control.addEventListener("input", show);
drag($("start"), (x, y) => {
  first.value = (x - data.middle[0]) / data.unit;
  second.value = (data.middle[1] - y) / data.unit;
  show();
});
show();
