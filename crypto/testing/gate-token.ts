/** A gate's token, where a test knows that it is one. */
import { type GateToken, readGateToken } from '../gate-token.ts';

export function gateTokenIn(text: string): GateToken {
  const token = readGateToken(text);
  if (token === undefined) throw new Error(`${text} is a gate's token`);
  return token;
}
