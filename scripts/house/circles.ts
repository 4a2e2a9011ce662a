/** Finds files that import one another in a circle, types and tests included. */

/** What each file imports, by path. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/** One circle for each knot of files that reach one another, written as the path that closes it. */
export function findCircles(imports: Imports): string[][] {
  const inCircles = new Set<string>();
  const circles: string[][] = [];
  for (const file of imports.keys()) {
    if (inCircles.has(file)) continue;
    const circle = shortestWayBack(imports, file);
    if (circle === undefined) continue;
    for (const member of circle) inCircles.add(member);
    circles.push(circle);
  }
  return circles;
}

/** Breadth first, so that the circle that is named is the shortest through this file. */
function shortestWayBack(imports: Imports, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const file of queue) {
    for (const next of imports.get(file) ?? []) {
      if (next === start) return [...wayTo(cameFrom, file), start];
      if (cameFrom.has(next) || !imports.has(next)) continue;
      cameFrom.set(next, file);
      queue.push(next);
    }
  }
  return undefined;
}

function wayTo(cameFrom: ReadonlyMap<string, string>, file: string): string[] {
  const before = cameFrom.get(file);
  return before === undefined ? [file] : [...wayTo(cameFrom, before), file];
}
