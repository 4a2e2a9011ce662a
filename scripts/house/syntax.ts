/** Sources as a parser sees them, so that a rule about code is not fooled by prose or by line breaks. */
import { parseSync } from 'vite';
import { read } from './tree.ts';

/** A node of the syntax tree with its parents at hand; rules look only at the fields that they name. */
export type SyntaxNode = {
  type: string;
  start: number;
  end: number;
  parent?: SyntaxNode;
  [field: string]: unknown;
};

/** Something that a rule does not like, with the line where it stands. */
export type Finding = { line: number; what: string };

/** What a rule finds in these files, a line each. */
export function findAmong(
  among: readonly string[],
  find: (text: string, file: string) => Finding[],
): string[] {
  return among.flatMap((file) =>
    find(read(file), file).map(({ line, what }) => `${file}:${line} ${what}`),
  );
}

/** Fails rather than judge half a file. */
export function parse(text: string, name = 'made-up.ts'): SyntaxNode {
  const { program, errors } = parseSync(name, text);
  if (errors.length > 0) throw new Error(`${name} does not parse: ${errors[0]?.message}`);
  return program as unknown as SyntaxNode;
}

export function parseFile(file: string): SyntaxNode {
  return parse(read(file), file);
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value;
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (const field in node) {
    if (field === 'parent') continue;
    const value = node[field];
    if (isNode(value)) children.push(value);
    else if (Array.isArray(value)) children.push(...value.filter(isNode));
  }
  return children;
}

const flat = new WeakMap<SyntaxNode, readonly SyntaxNode[]>();

/** The node and every node below it, each with its parent set. */
export function nodesOf(root: SyntaxNode): readonly SyntaxNode[] {
  const known = flat.get(root);
  if (known !== undefined) return known;
  const nodes = [root];
  for (const node of nodes) {
    for (const child of childrenOf(node)) {
      child.parent = node;
      nodes.push(child);
    }
  }
  flat.set(root, nodes);
  return nodes;
}

export function fieldOf(node: SyntaxNode | undefined, field: string): SyntaxNode | undefined {
  const value = node?.[field];
  return isNode(value) ? value : undefined;
}

export function listOf(node: SyntaxNode, field: string): SyntaxNode[] {
  const value = node[field];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

export function nameOf(node: SyntaxNode | undefined): string {
  return typeof node?.name === 'string' ? node.name : '';
}

const TYPES_ONLY = [
  'TSTypeQuery',
  'TSQualifiedName',
  'TSTypeReference',
  'TSPropertySignature',
  'TSMethodSignature',
];

/**
 * The name that an identifier uses, or undefined if it only names a field or stands in a type. An import
 * counts by the name that it has over there.
 */
export function usedName(node: SyntaxNode): string | undefined {
  const parent = node.parent;
  if (node.type !== 'Identifier' || parent === undefined) return undefined;
  if (TYPES_ONLY.includes(parent.type)) return undefined;
  if (parent.type === 'ImportSpecifier' && parent.imported !== node) return undefined;
  const isField =
    ['key', 'property'].some((field) => parent[field] === node) && parent.computed !== true;
  const isGlobal = nameOf(fieldOf(parent, 'object')) === 'globalThis';
  return isField && !isGlobal ? undefined : nameOf(node);
}

export function lineOf(text: string, node: SyntaxNode): number {
  return text.slice(0, node.start).split('\n').length;
}

export type Import = { specifier: string; names: string[]; typeOnly: boolean };

const IMPORTING = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
]);

/** What a module brings in: statements, `export … from`, `import(…)` and types written as imports. */
export function importsOf(root: SyntaxNode): Import[] {
  return nodesOf(root).flatMap((node) => {
    if (!IMPORTING.has(node.type)) return [];
    const specifier = fieldOf(node, 'source')?.value;
    if (typeof specifier !== 'string') return [];
    const typeOnly =
      node.importKind === 'type' || node.exportKind === 'type' || node.type === 'TSImportType';
    const values = listOf(node, 'specifiers').filter((one) => one.importKind !== 'type');
    const names = values.map((one) => nameOf(fieldOf(one, 'imported') ?? fieldOf(one, 'local')));
    return [{ specifier, names: typeOnly ? [] : names, typeOnly }];
  });
}

const DECLARING = new Set([
  'FunctionDeclaration',
  'ClassDeclaration',
  'VariableDeclarator',
  'TSTypeAliasDeclaration',
  'TSInterfaceDeclaration',
]);
const MEMBERS = new Set([
  'MethodDefinition',
  'PropertyDefinition',
  'Property',
  'TSMethodSignature',
  'TSPropertySignature',
]);

/** What a module gives a name to: functions, values and types, and the members of its classes and objects. */
export function declaredNames(root: SyntaxNode): Set<string> {
  const names = nodesOf(root).map((node) => {
    if (DECLARING.has(node.type)) return nameOf(fieldOf(node, 'id'));
    return MEMBERS.has(node.type) ? nameOf(fieldOf(node, 'key')) : '';
  });
  return new Set(names);
}

/** Names of everything that a module calls, whether free or behind a dot. */
export function calledNames(root: SyntaxNode): Set<string> {
  const callees = nodesOf(root)
    .filter((node) => node.type === 'CallExpression')
    .map((node) => fieldOf(node, 'callee'));
  return new Set(
    callees.map((callee) =>
      callee?.type === 'MemberExpression' ? nameOf(fieldOf(callee, 'property')) : nameOf(callee),
    ),
  );
}
