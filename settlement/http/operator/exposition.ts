/** Metrics as Prometheus reads them: its text format, version 0.0.4. */

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export type Sample = { labels?: Readonly<Record<string, string>>; value: number };

/** Each is a gauge: it says how things stand now. `name` ends with its unit, if it has one. */
export type Gauge = { name: string; help: string; samples: readonly Sample[] };

export function writeExposition(gauges: readonly Gauge[]): string {
  return gauges.map(writeGauge).join('');
}

function writeGauge({ name, help, samples }: Gauge): string {
  const head = [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} gauge`];
  const lines = samples.map(({ labels = {}, value }) => `${name}${writeLabels(labels)} ${value}`);
  return [...head, ...lines].map((line) => `${line}\n`).join('');
}

function writeLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
