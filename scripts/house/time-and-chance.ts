/**
 * Time and chance are passed in. What reads a clock, waits or draws a number by itself stands in a short
 * table, a reason each, and nowhere else.
 */
import {
  type Finding,
  fieldOf,
  lineOf,
  listOf,
  nameOf,
  nodesOf,
  parse,
  type SyntaxNode,
  usedName,
} from './syntax.ts';

/** Rooms in which a moved clock or a scripted chance must reach everything. */
export const HELD_ROOMS = [
  'protocol/',
  'crypto/',
  'host/',
  'hardware/',
  'phone/',
  'gate/',
  'settlement/',
  'web/',
];

type Allowed = { file: string; uses: readonly string[]; why: string };

export const ALLOWED: readonly Allowed[] = [
  {
    file: 'host/clock.ts',
    uses: ['Date.now', 'performance.now', 'setTimeout'],
    why: 'the one clock of every Node program',
  },
  {
    file: 'host/random.ts',
    uses: ['randomBytes', 'randomInt', 'Math.random'],
    why: 'the one source of chance of every Node program',
  },
  {
    file: 'host/http-client.ts',
    uses: ['AbortSignal.timeout'],
    why: 'a transport that hangs is given up in real time',
  },
  {
    file: 'crypto/sign.ts',
    uses: ['generateKeyPairSync'],
    why: 'a key comes from the library that will use it',
  },
  {
    file: 'gate/shell/loop.ts',
    uses: ['setImmediate'],
    why: 'a turn of the event loop: the log line is written after the arm has opened',
  },
  {
    file: 'gate/shell/uplink/lists.ts',
    uses: ['setImmediate'],
    why: 'a turn of the event loop: a scan goes between two pieces of a list',
  },
  {
    file: 'settlement/work/pause.ts',
    uses: ['setImmediate'],
    why: 'a turn of the event loop: requests go between two pieces of a list',
  },
  {
    file: 'settlement/http/events.ts',
    uses: ['setImmediate'],
    why: 'a turn of the event loop: events of one moment are written together',
  },
  {
    file: 'settlement/store/turns/turns.ts',
    uses: ['setImmediate'],
    why: 'a turn of the event loop: long work lets others in',
  },
  {
    file: 'settlement/store/turns/groups.ts',
    uses: ['setImmediate'],
    why: 'a turn of the event loop: what else comes in it goes along',
  },
  {
    file: 'settlement/store/sqlite/group-commit.ts',
    uses: ['setImmediate'],
    why: 'a turn of the event loop: what arrives in it shares one commit',
  },
  {
    file: 'web/parts/clock.ts',
    uses: ['Date.now', 'performance.now', 'setTimeout'],
    why: 'the one clock of every page',
  },
  {
    file: 'web/parts/random.ts',
    uses: ['getRandomValues'],
    why: 'the one source of chance of every page',
  },
  {
    file: 'web/wallet/pages/ride-page.tsx',
    uses: ['requestAnimationFrame'],
    why: 'the browser says when it has drawn a code, for the benchmark',
  },
  {
    file: 'web/wallet/shell/keys.ts',
    uses: ['generateKey'],
    why: 'a key that may not leave the browser is made by the browser',
  },
];

/** Free names that are a clock or chance wherever they stand. */
const NAMES = new Set([
  'setTimeout',
  'setInterval',
  'setImmediate',
  'requestAnimationFrame',
  'randomBytes',
  'randomInt',
  'randomUUID',
  'generateKeyPairSync',
  'generateKeyPair',
]);
/** Names that are so only behind a dot, whatever stands before it. */
const MEMBERS = new Set([
  'getRandomValues',
  'randomBytes',
  'randomInt',
  'randomUUID',
  'randomSecretKey',
  'hrtime',
  'uptime',
]);
const PAIRS = new Set(['Date.now', 'performance.now', 'Math.random', 'AbortSignal.timeout']);

function useOf(node: SyntaxNode): string | undefined {
  if (node.type === 'MemberExpression') {
    const member = nameOf(fieldOf(node, 'property'));
    const pair = `${nameOf(fieldOf(node, 'object'))}.${member}`;
    if (PAIRS.has(pair)) return pair;
    const isKeyOfBrowser =
      member === 'generateKey' && nameOf(fieldOf(fieldOf(node, 'object'), 'property')) === 'subtle';
    return MEMBERS.has(member) || isKeyOfBrowser ? member : undefined;
  }
  if (['NewExpression', 'CallExpression'].includes(node.type)) {
    const isNow =
      nameOf(fieldOf(node, 'callee')) === 'Date' && listOf(node, 'arguments').length === 0;
    return isNow ? 'new Date()' : undefined;
  }
  const name = usedName(node);
  return name !== undefined && NAMES.has(name) ? name : undefined;
}

/** Every use of a clock, a timer or chance that was not passed in; `what` names it as the table does. */
export function findTimeAndChance(text: string, name?: string): Finding[] {
  const findings = nodesOf(parse(text, name)).flatMap((node) => {
    const what = useOf(node);
    return what === undefined ? [] : [{ line: lineOf(text, node), what }];
  });
  return findings.sort((a, b) => a.line - b.line);
}

/** The uses of this file that the table does not allow. */
export function findForeignTime(text: string, file: string): Finding[] {
  const allowed = ALLOWED.find((entry) => entry.file === file)?.uses ?? [];
  return findTimeAndChance(text, file).filter((finding) => !allowed.includes(finding.what));
}
