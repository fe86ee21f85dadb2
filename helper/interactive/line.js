const points = data.points.map((point) => [...point]);
const slope = $("slope"), intercept = $("intercept");
const across = (x) => data.left + data.unit * x;
const up = (y) => data.bottom - data.unit * y;
const set = (element, attributes) => {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
};
const show = () => {
  const a = Number(slope.value), b = Number(intercept.value);
  let squares = 0, sizes = 0;
  points.forEach(([x, y], i) => {
    const fit = a * x + b, size = Math.abs(fit - y);
    squares += size * size;
    sizes += size;
    set($(`point${i}`), {cx: across(x), cy: up(y)});
    set($(`error${i}`), {x1: across(x), x2: across(x), y1: up(y), y2: up(fit)});
    const beside = x + size > 10 ? x - size : x;  // the side where there is room
    const side = data.unit * size;
    set($(`square${i}`), {x: across(beside), y: up(Math.max(y, fit)), width: side, height: side});
  });
  const mse = squares / points.length, mae = sizes / points.length, side = data.unit * Math.sqrt(mse);
  set($("line"), {x1: across(0), y1: up(b), x2: across(10), y2: up(10 * a + b)});
  set($("lift"), {cx: across(0), cy: up(b)});
  set($("turn"), {cx: across(data.turn), cy: up(data.turn * a + b)});
  set($("mean"), {y: data.bottom - side, width: side, height: side});
  $("mse").textContent = mse.toFixed(2);
  $("mae").textContent = mae.toFixed(2);
  $("slope-shown").textContent = a.toFixed(2);
  $("intercept-shown").textContent = b.toFixed(2);
};
const go = ([a, b]) => {
  slope.value = a;
  intercept.value = b;
  show();
};
let far = false;
const best = () => data.best[far ? 1 : 0];
slope.addEventListener("input", show);
intercept.addEventListener("input", show);
drag($("lift"), (x, y) => go([slope.value, (data.bottom - y) / data.unit]));
drag($("turn"), (x, y) => go([((data.bottom - y) / data.unit - intercept.value) / data.turn, intercept.value]));
$("best-mse").addEventListener("click", () => go(best().mse));
$("best-mae").addEventListener("click", () => go(best().mae));
$("outlier").addEventListener("click", () => {
  far = !far;
  const [place, moved] = data.outlier;
  points[place] = far ? moved : data.points[place];
  $("outlier").textContent = far ? "Put the point back" : "Move one point far away";
  show();
});
show();
