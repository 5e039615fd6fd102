/** What a run of the guided demo has shown, as one page of HTML that prints and needs nothing else. */
import { availableParallelism } from 'node:os';
import type { Tour, TourFigures, TourPoint, TourStep } from '#lib/contracts/tour.ts';

const STYLE = `
  :root { color: #12181f; font: 13px/1.45 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
  body { max-width: 190mm; margin: 10mm auto; padding: 0 4mm; }
  h1 { font-size: 22px; margin: 0; }
  h2 { font-size: 15px; margin: 5mm 0 1mm; }
  p { margin: 1mm 0; }
  .faint { color: #4e5a67; }
  .sides { display: grid; grid-template-columns: 1fr 1fr; gap: 4mm; margin-top: 4mm; }
  .side { border: 1px solid #dde2e8; border-radius: 8px; padding: 3mm; }
  .figure { font-size: 24px; font-weight: 600; }
  svg { width: 100%; height: auto; display: block; margin-top: 2mm; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; margin-top: 2mm; }
  th, td { text-align: right; padding: 1mm 1.5mm; border-top: 1px solid #dde2e8; vertical-align: top; }
  th { font-weight: 600; }
  th:first-child, td:first-child { text-align: left; padding-left: 0; }
  thead th { border-top: 0; color: #4e5a67; font-weight: 400; }
  @page { size: A4; margin: 8mm; }
  @media (max-width: 600px) { .sides { grid-template-columns: 1fr; } }
  @media print { body { margin: 0 auto; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
`;
const UNSEEN = {
  ahead: 'Not reached.',
  now: 'Still under way.',
  done: 'Not seen.',
  skipped: 'Not seen in the time it had.',
} as const;
const CHART = { width: 340, height: 90 } as const;

/** @param nowMs epoch milliseconds */
export function reportOf(tour: Tour, nowMs: number): string {
  const { started_at, ended_at, by, totals, steps, points, message } = tour;
  const endMs = ended_at === null ? nowMs : Date.parse(ended_at);
  const lasted = started_at === null ? null : (endMs - Date.parse(started_at)) / 1_000;
  const most = Math.max(1, ...points.flatMap((point) => [sumOf(point, 'with'), sumOf(point, 'without')]));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Switchgear: what the guided demo has shown</title>
<style>${STYLE}</style>
<h1>Switchgear: what the guided demo has shown</h1>
<p class="faint">${escaped(started_at ?? '')}${lasted === null ? '' : `, for ${Math.round(lasted)} s`}${by === null ? '' : `, by ${escaped(by)}`}. The same seeded requests were sent two ways at once: through Switchgear, and straight to an upstream like its first, which failed with it. What was served and how fast is what those clients counted in this run; when a breaker turned, and on which counts, is its own record.</p>
${message === null ? '' : `<p>It ended early: ${escaped(message)}</p>`}
<div class="sides">
${sideOf('With Switchgear', totals.with, chartOf(points, 'with', most))}
${sideOf('Without', totals.without, chartOf(points, 'without', most))}
</div>
<p class="faint">Answers per second of the last ${points.length} s: served in green, failed in red, both charts to the same scale (up to ${most}/s).</p>
<h2>Step by step</h2>
<div class="scroll"><table>
<thead><tr><th></th><th colspan="3">with Switchgear</th><th colspan="3">without</th></tr>
<tr><th>step</th><th>served</th><th>p50</th><th>p99</th><th>served</th><th>p50</th><th>p99</th></tr></thead>
<tbody>
${steps.map(rowOf).join('\n')}
</tbody>
</table></div>
<h2>What was seen</h2>
${steps.map(({ title, outcome, state }) => `<p><b>${escaped(title)}.</b> ${escaped(outcome ?? UNSEEN[state])}</p>`).join('\n')}
<h2>How it was measured</h2>
<p class="faint">One machine, ${availableParallelism()} cores, Node ${escaped(process.versions.node)}, over loopback. Upstreams are Switchgear's lab, which answers as an AI server does, in the time that one takes, and is no AI model. Times are of served requests, from being sent to the last byte; percentiles are within 2.2 %. The upstream of the other side fails in the same moments; it has no standby, as a client that points at one server has none. Forecasts have learned from two weeks of generated days, and since then from this server's traffic.</p>
</html>
`;
}

function sideOf(
  title: string,
  { answers, served_share, p50_ms, p99_ms, failed }: TourFigures,
  chart: string,
): string {
  return `<div class="side"><h2 style="margin-top:0">${title}</h2>
<p><span class="figure">${percent(served_share)}</span> of ${answers} requests served, ${failed} failed</p>
<p>half within ${ms(p50_ms)}, 99 % within ${ms(p99_ms)}</p>
${chart}</div>`;
}

function rowOf({ title, figures, state }: TourStep): string {
  const cells = (side: TourFigures | undefined) =>
    side === undefined
      ? '<td>–</td><td>–</td><td>–</td>'
      : `<td>${percent(side.served_share)}</td><td>${ms(side.p50_ms)}</td><td>${ms(side.p99_ms)}</td>`;
  const note = state === 'skipped' ? ' <span class="faint">(not seen)</span>' : '';
  return `<tr><td>${escaped(title)}${note}</td>${cells(figures?.with)}${cells(figures?.without)}</tr>`;
}

/** Stacked bars of a second each. */
function chartOf(points: readonly TourPoint[], side: 'with' | 'without', most: number): string {
  const width = CHART.width / Math.max(1, points.length);
  const bars = points.map((point, at) => {
    const served = (point[`${side}_served`] / most) * CHART.height;
    const failed = (point[`${side}_failed`] / most) * CHART.height;
    const x = (at * width).toFixed(2);
    const w = width.toFixed(2);
    return `<rect x="${x}" width="${w}" y="${(CHART.height - served).toFixed(2)}" height="${served.toFixed(2)}" fill="#007a59"/><rect x="${x}" width="${w}" y="${(CHART.height - served - failed).toFixed(2)}" height="${failed.toFixed(2)}" fill="#b8400f"/>`;
  });
  return `<svg viewBox="0 0 ${CHART.width} ${CHART.height + 1}" role="img" aria-label="Answers per second, served and failed"><path d="M0 ${CHART.height + 0.5}H${CHART.width}" stroke="#dde2e8"/>${bars.join('')}</svg>`;
}

function sumOf(point: TourPoint, side: 'with' | 'without'): number {
  return point[`${side}_served`] + point[`${side}_failed`];
}

function percent(share: number | null): string {
  return share === null ? '–' : `${(share * 100).toFixed(1)} %`;
}

function ms(value: number | null): string {
  if (value === null) return '–';
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
