/**
 * Below a store nothing decides about money, rights, codes, limits or idempotency: it reads facts and
 * applies changes. As far as syntax can say: which of the core's values it takes, what it compares, what
 * its SQL chooses.
 */
import {
  type Finding,
  fieldOf,
  importsOf,
  lineOf,
  nameOf,
  nodesOf,
  parse,
  type SyntaxNode,
} from './syntax.ts';

/** Product files that hold SQL. */
export const STORES = ['settlement/store/sqlite/', 'settlement/store/postgres/'];

/** What a store may take from the core beside types and limits: names of things and the shape of an answer. */
export const NAMING: Readonly<Record<string, string>> = {
  merchantAccountOf: 'the name of an account',
  walletOf: 'the name of an account',
  receivableOf: 'the name of an account',
  payeeName: 'the name of who is paid',
  gatePayee: 'the name of who is paid',
  useKey: 'the name of a use',
  useKeyOfCounter: 'the name of a use in books of an earlier version',
  accountOfUse: 'reads the name of a use',
  readAuthorisationKey: 'reads the name of an authorisation',
  completeContent: 'reads what an earlier version stored of a record',
  oddKey: 'the name of what is odd in a log',
  merchantView: 'the shape in which a merchant sees a payment',
  netTotals: 'the sums of what was posted, by the parts that it is stored in',
  nextLink: 'the seal of what was written, which decides nothing',
  listRulesSeal: 'the seal of what was written, which decides nothing',
  cutSeal: 'the seal of what was written, which decides nothing',
  issuerKeyName: 'how a key is named',
  rulesOf: 'the fields of a list that are kept, for lists of an earlier version',
  cutPayment: 'a stored key as the payment that it was',
  nextResolutionLink: 'the seal of what was written, which decides nothing',
  epochSeal: 'the seal of what was written, which decides nothing',
  bookKeyCheck: 'tells one key of the books from another',
  countAlarms: 'the shape in which an operator sees alarms',
};

type Allowed = { file: string; text: string; why: string };

/** Choices that look like decisions and are none. */
export const ALLOWED: readonly Allowed[] = [
  {
    file: 'settlement/store/sqlite/migrations/0001-first.ts',
    text: "CHECK (CASE WHEN kind IN ('cash', 'receivable')",
    why: 'the last net beneath the ledger: which side of an account may be the greater',
  },
  {
    file: 'settlement/store/sqlite/migrations/0002-payments.ts',
    text: "CHECK (CASE WHEN kind IN ('cash', 'receivable')",
    why: 'the same net with one more kind of account',
  },
  {
    file: 'settlement/store/sqlite/migrations/0019-loss.ts',
    text: "CHECK (CASE WHEN kind IN ('cash', 'receivable', 'loss')",
    why: 'the same net with the account of losses',
  },
  {
    file: 'settlement/store/sqlite/facts/stored-payments.ts',
    text: 'row.refundedCents > 0',
    why: 'spares a query for refunds that are not there',
  },
  {
    file: 'settlement/store/sqlite/facts/settle-facts.ts',
    text: "iif(kind = 'answer'",
    why: 'a column that only an answer has',
  },
  {
    file: 'settlement/store/sqlite/views/operator-views.ts',
    text: "iif(kind IN ('wallet', 'receivable')",
    why: "riders' accounts are shown as one sum",
  },
  {
    file: 'settlement/store/sqlite/views/rider-views.ts',
    text: "iif(line IS NULL, 'payment', 'ride')",
    why: 'the name of a row in a statement',
  },
  {
    file: 'settlement/store/postgres/views/operator-views.ts',
    text: "CASE WHEN kind IN ('wallet', 'receivable')",
    why: "riders' accounts are shown as one sum",
  },
  {
    file: 'settlement/store/postgres/views/rider-views.ts',
    text: "CASE WHEN line IS NULL THEN 'payment'",
    why: 'the name of a row in a statement',
  },
];

const COMPARISONS = new Set(['<', '>', '<=', '>=', '==', '===', '!=', '!==']);
/** What decisions are made of; `atMs` and `atS` are when something was. */
const JUDGED =
  /(Cents|[fF]ailures|Max|[aA]tMs|[aA]tS|[oO]utcome|[sS]tate|[vV]erdict|[pP]roblem|[rR]efusal|(FAILURES|CENTS)_MAX)$/;
const CHOOSING_SQL = /\bCASE\b|\biif\s*\(/;

function lastName(node: SyntaxNode | undefined): string {
  return node?.type === 'MemberExpression' ? nameOf(fieldOf(node, 'property')) : nameOf(node);
}

/** Whether something is there at all is a question of reading. */
function isAbsence(node: SyntaxNode | undefined): boolean {
  return nameOf(node) === 'undefined' || (node?.type === 'Literal' && node.value === null);
}

function isJudging(node: SyntaxNode): boolean {
  if (node.type !== 'BinaryExpression' || !COMPARISONS.has(String(node.operator))) return false;
  const sides = [fieldOf(node, 'left'), fieldOf(node, 'right')];
  return !sides.some(isAbsence) && sides.some((side) => JUDGED.test(lastName(side)));
}

function isChoosingSql(node: SyntaxNode): boolean {
  if (node.type === 'TemplateElement') return CHOOSING_SQL.test(Object(node.value).raw);
  if (node.type === 'Literal')
    return typeof node.value === 'string' && CHOOSING_SQL.test(node.value);
  const callee = node.type === 'CallExpression' ? fieldOf(node, 'callee') : undefined;
  return callee?.type === 'MemberExpression' && lastName(callee) === 'case';
}

/** Decisions in the text of a store's file, but for those that the tables allow in this file. */
export function findDecisions(text: string, file: string): Finding[] {
  const root = parse(text, file);
  const allowed = ALLOWED.filter((entry) => entry.file === file).map((entry) => entry.text);
  const foreign = importsOf(root)
    .filter(({ specifier }) => specifier.includes('/core/'))
    .flatMap(({ names }) => names)
    .filter((name) => !(name in NAMING) && !/^[A-Z][A-Z0-9_]*$/.test(name))
    .map((name) => ({ line: 1, what: `takes ${name} from the core` }));
  const choices = nodesOf(root)
    .map((node) => ({ node, code: text.slice(node.start, node.end) }))
    .filter(
      ({ node, code }) =>
        (isJudging(node) || isChoosingSql(node)) && !allowed.some((one) => code.includes(one)),
    )
    .map(({ node, code }) => ({ line: lineOf(text, node), what: `decides: ${code.slice(0, 60)}` }));
  return [...foreign, ...choices];
}
