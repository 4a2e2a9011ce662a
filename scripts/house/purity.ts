/** What a pure room never does: it reads no clock, draws nothing, waits for nothing, touches nothing outside. */
import {
  type Finding,
  lineOf,
  nameOf,
  nodesOf,
  parse,
  type SyntaxNode,
  usedName,
} from './syntax.ts';
import { findTimeAndChance } from './time-and-chance.ts';

export const PURE = [
  'protocol/',
  'gate/core/',
  'settlement/core/',
  'phone/code.ts',
  'web/wallet/core/',
  'web/till/core/',
];
/** jose answers with promises; signing and opening a list is still a pure function of its input. */
export const MAY_AWAIT = ['protocol/signed.ts', 'protocol/root-trust.ts'];

const OUTSIDE = new Set([
  'process',
  'console',
  'globalThis',
  'performance',
  'fetch',
  'require',
  'queueMicrotask',
]);

function outsideOf(node: SyntaxNode): string | undefined {
  if (node.type === 'ImportExpression') return 'loads code: import()';
  const name = usedName(node);
  return name !== undefined && OUTSIDE.has(name) ? `reaches outside: ${name}` : undefined;
}

function waits(node: SyntaxNode): boolean {
  const isPromise = node.type === 'Identifier' && nameOf(node) === 'Promise';
  return isPromise || node.async === true || node.await === true || node.type === 'AwaitExpression';
}

export function findImpure(text: string, file: string): Finding[] {
  const timed = findTimeAndChance(text, file);
  const mayAwait = MAY_AWAIT.includes(file);
  const others = nodesOf(parse(text, file)).flatMap((node) => {
    const what = !mayAwait && waits(node) ? 'waits' : outsideOf(node);
    return what === undefined ? [] : [{ line: lineOf(text, node), what }];
  });
  return [...timed, ...others];
}
