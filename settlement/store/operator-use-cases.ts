/** Operators and their acts: the use cases of who works here, once for every database. */
import {
  decideEndBy,
  decideOperator,
  decideTokenRotation,
  isGoodToken,
  isReplacedToken,
} from '../core/access/operators.ts';
import { follow } from './awaitable.ts';
import type { Database } from './database.ts';
import type { Store } from './port.ts';

type StaffUseCases = Pick<
  Store,
  | 'setOperator'
  | 'endOperator'
  | 'rotateOperatorToken'
  | 'findOperator'
  | 'listOperators'
  | 'addAct'
  | 'addActStatus'
  | 'listActs'
>;

export function staffUseCases({ views, transact, write }: Database): StaffUseCases {
  return {
    setOperator: (operator) =>
      transact({
        read: (facts) => facts.operator(operator.name),
        decide: (found) => decideOperator(found, operator),
      }),
    endOperator: (end) =>
      transact({
        // By name: two who end each other wait for one another in one order.
        read: (facts) => {
          const [first = '', second = ''] = [end.name, end.by].sort();
          return follow(facts.operator(first), (one) =>
            follow(facts.operator(second), (other) =>
              first === end.name ? { found: one, actor: other } : { found: other, actor: one },
            ),
          );
        },
        decide: ({ found, actor }) => decideEndBy(actor, { found, end }),
      }),
    rotateOperatorToken: ({ name, ...token }) =>
      transact({
        read: (facts) => facts.operator(name),
        decide: (found) => decideTokenRotation(found, token),
      }),
    findOperator: async (tokenHash, nowMs) => {
      const found = await views.findOperator(tokenHash);
      if (found === undefined || !isGoodToken(found, nowMs)) return undefined;
      return { name: found.name, role: found.role, isReplaced: isReplacedToken(found) };
    },
    listOperators: async () => await views.listOperators(),
    addAct: (act) =>
      transact({
        read: (facts) => facts.nextAct(),
        decide: (number) => ({
          changes: [{ kind: 'addAct', act: { number, ...act } }],
          result: number,
        }),
      }),
    addActStatus: (number, status) =>
      write({ changes: [{ kind: 'addActStatus', number, status }], result: undefined }),
    listActs: async (page) => await views.listActs(page),
  };
}
