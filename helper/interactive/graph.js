let now = 0;
const last = data.steps.length - 1;
const show = () => {
  const seen = new Set(data.steps.slice(0, now + 1).flatMap((step) => step.shows));
  for (const name of data.names) $(name).setAttribute("visibility", seen.has(name) ? "visible" : "hidden");
  for (const name of data.boxes) {
    const active = data.steps[now].at === name;
    $(`box-${name}`).setAttribute("stroke-width", active ? 4 : 1.5);
    $(`box-${name}`).setAttribute("stroke", active ? data.steps[now].colour : data.ink);
  }
  $("says").textContent = data.steps[now].says;
  $("number").textContent = `step ${now} of ${last}`;
  $("back").disabled = now === 0;
  $("next").disabled = now === last;
};
const go = (step) => {
  now = Math.min(last, Math.max(0, step));
  show();
};
$("next").addEventListener("click", () => go(now + 1));
$("back").addEventListener("click", () => go(now - 1));
$("first").addEventListener("click", () => go(0));
$("last").addEventListener("click", () => go(last));
show();
