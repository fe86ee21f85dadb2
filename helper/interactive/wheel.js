const paint = (name) => {
  const error = name && !data.paths[name];
  for (const [place, station] of data.stations.entries()) {
    const out = station === name;
    $(`node${place}`).setAttribute("opacity", out ? 0.35 : 1);
    $(`ring${place}`).setAttribute("stroke-dasharray", out ? "5 5" : "none");
    $(`cross${place}`).setAttribute("visibility", out ? "visible" : "hidden");
    $(`take${place}`).setAttribute("aria-pressed", out);
  }
  $("whole").setAttribute("aria-pressed", !name);
  $("curve").setAttribute("d", name && !error ? data.paths[name] : "");
  $("curve-name").textContent = !name ? "" : error ? "stopped by an error" : `no ${name}`;
  $("words").textContent = name ? data.words[name] : data.whole;
};
for (const [place, station] of data.stations.entries()) {
  $(`take${place}`).addEventListener("click", () => paint(station));
  $(`node${place}`).addEventListener("click", () => paint(station));
  $(`node${place}`).style.cursor = "pointer";
}
$("whole").addEventListener("click", () => paint(""));
paint("");
