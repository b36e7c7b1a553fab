/** By day and on paper; lines after Okabe and Ito, far apart for every kind of colour blindness. */
export const light = {
  page: "#f5f6f8",
  card: "#ffffff",
  edge: "#d5d9e0",
  text: "#1b2230",
  faint: "#596274",
  good: "#00664a",
  bad: "#b3261e",
  line1: "#0072b2",
  line2: "#d55e00",
  band0: "#ffffff",
  band1: "#edf0f5",
  grid: "#d5d9e0",
};

/** By night. */
export const dark: typeof light = {
  page: "#12151c",
  card: "#1b2029",
  edge: "#343b49",
  text: "#e7eaf0",
  faint: "#a3acbd",
  good: "#4fd1a5",
  bad: "#ff8a80",
  line1: "#56b4e9",
  line2: "#f0a030",
  band0: "#1b2029",
  band1: "#262c38",
  grid: "#3a4252",
};

function variables(palette: typeof light): string {
  return Object.entries(palette).map(([name, colour]) => `--${name}:${colour}`).join(";");
}

/** The style sheet of the page. */
export const pageStyle = `
:root{color-scheme:light;${variables(light)}}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;${variables(dark)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:1rem/1.45 system-ui,sans-serif;
  font-variant-numeric:tabular-nums;overflow-wrap:break-word;-webkit-text-size-adjust:100%}
main{max-width:76rem;margin:0 auto;padding:1.25rem 1rem 3rem}
h1{font-size:1.5rem;line-height:1.25;margin:0}
h2{font-size:1.1rem;margin:2rem 0 .6rem}
p{margin:.35rem 0}
.verdict,.tile,.card,figure{background:var(--card);border:1px solid var(--edge);border-radius:.6rem}
.verdict{padding:1rem 1.2rem;border-left:.5rem solid var(--good)}
.verdict.failed{border-left-color:var(--bad)}
.verdict ul{margin:.5rem 0;padding-left:1.2rem}
.sign{display:inline-block;width:1.3em;font-weight:700}
.good,.good .sign{color:var(--good)}
.bad,.bad .sign{color:var(--bad);font-weight:600}
.faint,.unit,.tile small{color:var(--faint)}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(max(9.5rem,14%),1fr));gap:.6rem;
  margin:.6rem 0 0;padding:0}
.tile{padding:.6rem .8rem}
.tile dt{color:var(--faint);font-size:.85rem}
.tile dd{margin:0;font-size:1.35rem;font-weight:650;line-height:1.3}
.tile small{display:block;font-size:.8rem;font-weight:400}
.card{padding:.5rem .9rem}
.list{margin:0;padding-left:2rem}
table{width:100%;border-collapse:separate;border-spacing:0;font-size:.92rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem .35rem 0;
  border-top:1px solid var(--edge);font-weight:400}
th,td,pre,li{overflow-wrap:anywhere}
th+th,td+td{min-width:5.8rem}
thead th{color:var(--faint)}
thead+tbody td:first-child,thead th{white-space:nowrap}
tr:first-child th,tr:first-child td{border-top:0}
thead+tbody tr:first-child td{border-top:1px solid var(--edge)}
pre{margin:0;white-space:pre-wrap;font:.88rem/1.5 ui-monospace,monospace}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:.8rem}
figure{margin:0;padding:.8rem .9rem .6rem;min-width:0;break-inside:avoid}
figcaption{display:flex;flex-wrap:wrap;gap:.1rem .7rem;align-items:baseline;margin-bottom:.5rem}
.unit{font-size:.85rem;flex:1;white-space:nowrap}
.keys{display:flex;gap:.8rem;font-size:.8rem;white-space:nowrap}
.phase{display:inline-block;margin-right:.6em}
.keys i{display:inline-block;width:1.7em;margin-right:.4em;vertical-align:middle;
  border-top:3px solid var(--line1)}
.keys .line-2 i{border-top:3px dashed var(--line2)}
.keys .mark-1 i{border-color:var(--text)}
.keys .mark-2 i{border-top:3px dashed var(--text)}
.plot{display:grid;grid-template-columns:3.4rem minmax(0,1fr);
  grid-template-rows:1.3rem 12rem 1.3rem auto;padding-right:1rem;font-size:.75rem;
  color:var(--faint)}
.above{grid-column:2;position:relative}
.above span{position:absolute;top:0;height:100%;line-height:1.3rem;white-space:nowrap}
.above span{display:flex;flex-wrap:wrap;gap:0 .35em;overflow:hidden}
.above span::before{content:"";height:100%}
.above b,.above i{height:100%;font-style:normal}
.above .band-1{background:var(--band1)}
.y{grid-column:1;position:relative}
.y span{position:absolute;right:.5rem;transform:translateY(50%);line-height:1}
.plot svg{grid-column:2;display:block;overflow:visible;width:100%;height:100%;
  border:solid var(--faint);border-width:0 0 1px 1px}
.x{grid-column:2;position:relative}
.x span{position:absolute;top:.25rem;transform:translateX(-50%);line-height:1;white-space:nowrap}
.x-unit{grid-column:2;text-align:center}
svg path,svg .bar{vector-effect:non-scaling-stroke}
.grid{stroke:var(--grid);stroke-width:1}
svg .band-0{fill:var(--band0)}
svg .band-1{fill:var(--band1)}
svg .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
svg .line-1{stroke:var(--line1)}
svg .line-2{stroke:var(--line2);stroke-dasharray:6 5}
.bar{fill:var(--line1);stroke:var(--line1);stroke-width:1}
.bar:hover{fill:var(--line2);stroke:var(--line2)}
svg .mark-1,svg .mark-2{fill:none;stroke:var(--text);stroke-width:1.5}
svg .mark-2{stroke-dasharray:5 4}
.pointed{fill:transparent}
.pointed:hover{fill:var(--faint);fill-opacity:.25}
@media (max-width:30rem){
  main{padding:.7rem .6rem 2rem}
  h1{font-size:1.25rem}
  .tiles{grid-template-columns:1fr 1fr}
  .plot{grid-template-columns:2.7rem minmax(0,1fr)}
}
@media print{
  body{background:none;font-size:10pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}
  main{max-width:none;padding:0}
  .charts{grid-template-columns:1fr 1fr}
  .plot{grid-template-rows:1.3rem 8rem 1.3rem auto}
  .tile,tr{break-inside:avoid}
  h2{break-after:avoid}
}
`;
