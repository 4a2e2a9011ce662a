/** Where in a JSON text a value stands, so that a message can name its row. The text is good JSON already. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

export type JsonPath = readonly PropertyKey[];

/** The row, from 1, of the value at this path; of the nearest one around it if there is none. */
export function rowOf(text: string, path: JsonPath): number {
  const rows = rowsOf(text);
  for (let length = path.length; length > 0; length -= 1) {
    const row = rows.get(keyOf(path.slice(0, length)));
    if (row !== undefined) return row;
  }
  return 1;
}

/**
 * The row at which a text stops being JSON. The engine's message does not always say where: the longest
 * beginning that more text could still make good is looked for instead.
 */
export function rowOfSyntaxError(text: string): number {
  let good = 0;
  let bad = text.length + 1;
  while (bad - good > 1) {
    const length = Math.floor((good + bad) / 2);
    if (mayGoOn(text.slice(0, length))) good = length;
    else bad = length;
  }
  return rowAt(text, good);
}

function mayGoOn(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const at = /position (\d+)/.exec(message)?.[1];
    return /end of JSON|Unterminated/.test(message) || Number(at) >= beginning.length;
  }
}

function rowAt(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}

function keyOf(path: JsonPath): string {
  return JSON.stringify(path.map(String));
}

/** The row of every value, by its path. */
function rowsOf(text: string): Map<string, number> {
  const rows = new Map<string, number>();
  /** One entry for each object and array that is open: the key or index within it. */
  const path: string[] = [];
  const inArray: boolean[] = [];
  let isKeyNext = false;
  let row = 1;
  let at = 0;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    row += text.slice(at, index).split('\n').length - 1;
    at = index;
    if (token === ':') isKeyNext = false;
    else if (token === ']' || token === '}') {
      inArray.pop();
      path.pop();
      isKeyNext = false;
    } else if (token === ',') {
      const isArray = inArray.at(-1) === true;
      if (isArray) path.push(String(Number(path.pop()) + 1));
      isKeyNext = !isArray;
    } else if (isKeyNext && token !== '[' && token !== '{') {
      path[path.length - 1] = String(JSON.parse(token));
    } else {
      rows.set(keyOf(path), row);
      if (token !== '[' && token !== '{') continue;
      inArray.push(token === '[');
      path.push('0');
      isKeyNext = token === '{';
    }
  }
  return rows;
}
