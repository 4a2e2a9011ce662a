/** How functions are given what they need: two parameters by position, the rest by name. */
import {
  type Finding,
  fieldOf,
  lineOf,
  listOf,
  nameOf,
  nodesOf,
  parse,
  type SyntaxNode,
} from './syntax.ts';

const POSITIONAL_MAX = 2;

/** Everything that has a list of parameters, in code and in types. */
const WITH_PARAMETERS = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'TSDeclareFunction',
  'TSEmptyBodyFunctionExpression',
  'TSFunctionType',
  'TSConstructorType',
  'TSMethodSignature',
  'TSCallSignatureDeclaration',
  'TSConstructSignatureDeclaration',
]);

/** A bag of named things by its type's name: the third value of a pure machine's step, say. */
const BAGS = /(Context|Options|Parts)$/;

/** A function that is written where it is passed on has the shape that its receiver fixes; so has an override. */
function isShapedByOthers(node: SyntaxNode): boolean {
  const parent = node.parent;
  if (parent === undefined) return false;
  if (parent.override === true) return true;
  if (['CallExpression', 'NewExpression'].includes(parent.type)) {
    return listOf(parent, 'arguments').includes(node);
  }
  // `new Writable({ write(chunk, encoding, done) … })`: a member of an object that is written as an argument.
  const object = parent.type === 'Property' ? parent.parent : undefined;
  return object?.type === 'ObjectExpression' && isShapedByOthers(object);
}

/** The parameter without its default. */
function targetOf(parameter: SyntaxNode): SyntaxNode {
  return fieldOf(parameter, 'left') ?? parameter;
}

function isNamed(parameter: SyntaxNode): boolean {
  const target = targetOf(parameter);
  const type = fieldOf(fieldOf(target, 'typeAnnotation'), 'typeAnnotation');
  if (target.type === 'ObjectPattern' || type?.type === 'TSTypeLiteral') return true;
  return BAGS.test(nameOf(fieldOf(type, 'typeName')));
}

/** Functions that take more than two values by position. */
export function findLongSignatures(text: string, name?: string): Finding[] {
  return nodesOf(parse(text, name))
    .filter((node) => WITH_PARAMETERS.has(node.type) && !isShapedByOthers(node))
    .filter((node) => {
      const parameters = listOf(node, 'params').filter((one) => nameOf(one) !== 'this');
      const rest = parameters.slice(POSITIONAL_MAX);
      return rest.length > 1 || !rest.every(isNamed);
    })
    .map((node) => ({
      line: lineOf(text, node),
      what: 'more than two parameters by position: name them in an object from the third on',
    }));
}
