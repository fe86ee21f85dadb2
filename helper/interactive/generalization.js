const places = ["units", "count", "when"];
const up = (loss) => data.bottom - data.tall * Math.min(loss, data.highest) / data.highest;
const across = (place) => data.left + data.wide * Math.log(data.updates[place]) / Math.log(data.updates.at(-1));
const thousands = (number) => number.toLocaleString("en-US");
const show = () => {
  const [units, count, when] = places.map((name) => Number($(name).value));
  const run = data.runs[count][units], now = run[when];
  const names = [`${data.units[units]}`, thousands(data.counts[count]), `${data.updates[when]}`];
  places.forEach((name, place) => {
    $(`${name}-shown`).textContent = names[place];
    $(name).setAttribute("aria-valuetext", names[place]);
  });
  [["own", 0], ["new", 2]].forEach(([name, column]) => {
    const points = run.map((measured, place) => `${across(place).toFixed(1)},${up(measured[column]).toFixed(1)}`);
    $(`${name}-all`).setAttribute("points", points.join(" "));
    $(`${name}-until`).setAttribute("points", points.slice(0, when + 1).join(" "));
    $(`${name}-dot`).setAttribute("cx", across(when));
    $(`${name}-dot`).setAttribute("cy", up(now[column]));
    const share = now[column + 1];
    $(`${name}-bar`).setAttribute("y", data.bottom - data.tall * share);
    $(`${name}-bar`).setAttribute("height", data.tall * share);
    $(`${name}-share`).setAttribute("y", data.bottom - data.tall * share - 8);
    $(`${name}-share`).textContent = `${(100 * share).toFixed(0)} %`;
  });
  $("line").setAttribute("x1", across(when));
  $("line").setAttribute("x2", across(when));
  const losses = run.slice(0, when + 1).map((measured) => measured[2]);
  const lowest = Math.min(...losses), best = data.updates[losses.indexOf(lowest)];
  $("words").textContent = `Loss on its own images ${now[0].toFixed(2)}, on new ones ${now[2].toFixed(2)}. ` +
    `Lowest so far on new ones: ${lowest.toFixed(2)}, after ${best} update${best === 1 ? "" : "s"}.`;
};
for (const name of places) $(name).addEventListener("input", show);
show();
