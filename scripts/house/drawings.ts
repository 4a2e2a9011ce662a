/**
 * The drawings of ARCHITECTURE, read from their Mermaid source and held against the code. A flow chart is
 * about who imports whom: a node is a path, an arrow an import. A sequence diagram is about calls: a
 * participant is a file, a message begins with the function that is called. A line that is neither fails.
 */

export type Arrow = { from: string; to: string };
export type Chart = { paths: readonly string[]; arrows: readonly Arrow[] };

/** `imported`: the caller imports the function by its name; otherwise it was passed in. */
export type Call = Arrow & { name: string; imported: boolean };
export type Sequence = { files: readonly string[]; calls: readonly Call[] };

/** The Mermaid blocks of a document that begin with this word, a list of lines each. */
export function mermaidBlocks(text: string, kind: 'flowchart' | 'sequenceDiagram'): string[][] {
  return [...text.matchAll(/^```mermaid\n([\s\S]*?)^```/gm)]
    .map(([, block = '']) => block.split('\n').map((line) => line.trim()))
    .filter(([first]) => first?.startsWith(kind))
    .map((lines) => lines.slice(1).filter((line) => line !== ''));
}

/** Words of Mermaid's own: as the name of a node they are a picture that is not drawn. */
const RESERVED =
  /^(loop|alt|else|opt|par|and|rect|box|break|critical|option|note|links?|end|over|graph|style|class|click|call|default|subgraph|activate|deactivate|create|destroy|title)$/i;

/** Names of nodes and what they stand for; breaks in a label are for the eye. */
class Names {
  readonly #paths = new Map<string, string>();

  add(id: string, label: string): void {
    if (RESERVED.test(id)) throw new Error(`${id} is a word of Mermaid's own`);
    this.#paths.set(id, label.replaceAll('<br/>', ''));
  }

  pathOf(id: string): string {
    const path = this.#paths.get(id);
    if (path === undefined) throw new Error(`${id} is drawn but not said what it is`);
    return path;
  }

  get paths(): string[] {
    return [...this.#paths.values()];
  }
}

export function readChart(lines: readonly string[]): Chart {
  const names = new Names();
  const arrows: Arrow[] = [];
  for (const line of lines) {
    const node = line.match(/^(\w+)\["([^"]+)"\]$/);
    const arrow = line.match(/^(\w+) --> (\w+(?: & \w+)*)$/);
    if (node?.[1] !== undefined && node[2] !== undefined) names.add(node[1], node[2]);
    else if (arrow?.[1] !== undefined && arrow[2] !== undefined) {
      const from = names.pathOf(arrow[1]);
      arrows.push(...arrow[2].split(' & ').map((id) => ({ from, to: names.pathOf(id) })));
    } else throw new Error(`no node and no arrow: ${line}`);
  }
  return { paths: names.paths, arrows };
}

export function readSequence(lines: readonly string[]): Sequence {
  const names = new Names();
  const calls: Call[] = [];
  for (const line of lines) {
    if (/^(autonumber|Note over \w+(,\w+)?: .+)$/.test(line)) continue;
    const participant = line.match(/^participant (\w+) as (.+)$/);
    const call = line.match(/^(\w+)(->>|-->>)(\w+): (\w+)\b/);
    if (participant?.[1] !== undefined && participant[2] !== undefined) {
      names.add(participant[1], participant[2]);
    } else if (call !== null) {
      const [, from = '', arrow, to = '', name = ''] = call;
      const ends = { from: names.pathOf(from), to: names.pathOf(to) };
      calls.push({ ...ends, name, imported: arrow === '->>' });
    } else throw new Error(`no participant, no call and no note: ${line}`);
  }
  return { files: names.paths, calls };
}

/** Everything that arrows lead to, near or far. */
export function reachable(arrows: readonly Arrow[], from: string): Set<string> {
  const found = new Set<string>();
  const queue = [from];
  for (const path of queue) {
    for (const { to } of arrows.filter((arrow) => arrow.from === path)) {
      if (found.has(to)) continue;
      found.add(to);
      queue.push(to);
    }
  }
  return found;
}

/** The innermost path of a chart that a file lies in. */
export function pathOf(file: string, paths: readonly string[]): string | undefined {
  const fitting = paths.filter((path) => file === path || file.startsWith(`${path}/`));
  return fitting.sort((a, b) => b.length - a.length)[0];
}

/**
 * What a chart gets wrong about these imports: one that no arrow shows, an arrow that nobody needs, an arrow
 * that follows from others and only makes the chart harder to read.
 */
export function compareChart({ paths, arrows }: Chart, imports: readonly Arrow[]): string[] {
  const real = imports.flatMap((one) => {
    const from = pathOf(one.from, paths);
    const to = pathOf(one.to, paths);
    return from === undefined || to === undefined || from === to ? [] : [{ from, to, one }];
  });
  const hidden = real
    .filter(({ from, to }) => !reachable(arrows, from).has(to))
    .map(({ one }) => `not drawn: ${one.from} imports ${one.to}`);
  const idle = arrows
    .filter((arrow) => !real.some(({ from, to }) => from === arrow.from && to === arrow.to))
    .map(({ from, to }) => `nothing in ${from} imports ${to}`);
  const needless = arrows
    .filter((arrow) => {
      const others = arrows.filter((other) => other !== arrow);
      return reachable(others, arrow.from).has(arrow.to);
    })
    .map(({ from, to }) => `follows from other arrows: ${from} → ${to}`);
  return [...hidden, ...idle, ...needless];
}

/** Names with the file that has them, written as `name`, `name` [file](file). */
export function mentionsOf(text: string): { name: string; file: string }[] {
  const runs = text.matchAll(/((?:`\w+`(?:, )?)+) \[[^\]]+\]\(([\w/.-]+\.tsx?)\)/g);
  return [...runs].flatMap(([, names = '', file = '']) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => ({ name, file })),
  );
}
