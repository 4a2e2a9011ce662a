/** JSON without a doubled key, because two readers of it need not mean the same one. */
const STRING = /"(?:[^"\\]|\\.)*"/g;

/** Whether any object in it names a key twice; `text` is the JSON that `value` was parsed from. */
export function hasDoubledKey(text: string, value: unknown): boolean {
  // Outside strings a colon stands for each member as it is written; parsing keeps one of each name.
  const written = text.replace(STRING, '').split(':').length - 1;
  return written !== countMembers(value);
}

function countMembers(value: unknown): number {
  let members = 0;
  // Not recursive: a body may be nested deeper than a stack goes.
  const left = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next !== 'object' || next === null) continue;
    const inner = Object.values(next);
    if (!Array.isArray(next)) members += inner.length;
    for (const one of inner) left.push(one);
  }
  return members;
}

/** @throws SyntaxError if it is no JSON, or has a doubled key. */
export function parseStrictJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (hasDoubledKey(text, value)) throw new SyntaxError('a key stands twice in it');
  return value;
}
