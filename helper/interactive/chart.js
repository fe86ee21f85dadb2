let at = 0, ordered = data.patients.map(() => new Set()), told = new Set();
const show = () => {
  const patient = data.patients[at];
  $("who").textContent = `patient ${patient.letter}`;
  for (const [row, test] of data.tests.entries()) {
    const seen = ordered[at].has(row);
    $(`dot${row}`).setAttribute("visibility", seen ? "visible" : "hidden");
    $(`dot${row}`).setAttribute("cx", patient.places[row]);
    $(`dot${row}`).setAttribute("fill", patient.normal[row] ? data.good : data.bad);
    $(`value${row}`).textContent = seen ? `${patient.values[row]}${patient.normal[row] ? "" : "  !"}` : "";
    $(`test${row}`).setAttribute("aria-pressed", seen);
    $(`test${row}`).disabled = seen;
  }
  const count = ordered[at].size;
  $("count").textContent = `${count} test${count === 1 ? "" : "s"} ordered`;
  $("words").textContent = told.has(at) ? `${patient.fault}: ${patient.meaning}.` : "";
};
for (const row of data.tests.keys()) {
  $(`test${row}`).addEventListener("click", () => { ordered[at].add(row); show(); });
}
const go = (step) => { at = (at + step + data.patients.length) % data.patients.length; show(); };
$("before").addEventListener("click", () => go(-1));
$("next").addEventListener("click", () => go(1));
$("diagnosis").addEventListener("click", () => { told.add(at); show(); });
show();
