/**
 * What a recovery code costs that somebody sends. Its 120 bits are guessed by nobody, so tries are not counted against
 * whoever shares an address with a thief; bounded is what they cost (docs/decisions/0039). What begins like no code that
 * is stored is refused at once; what does costs a slow hash, a few times a minute; and as long as there are codes from
 * before that can be told, whatever may be one of them waits for a slow turn.
 */
import { readRecoveryCode } from '@stile/protocol/recovery-code.ts';
import type { FastifyReply } from 'fastify';
import type { RecoveryCodes } from '../../keys/recovery-codes.ts';
import { spend } from '../allowance.ts';
import type { ApiParts } from '../api.ts';
import { Refusal } from '../refusal.ts';
import { createSlowTurns } from './slow-turns.ts';

/**
 * Who has a code needs one or two; each costs two slow hashes at most. From one address: who has the same code, a thief
 * with a photo of it, must not use up its rider's tries.
 */
const TRIES_OF_CODE_PER_MINUTE_MAX = 10;
const MINUTE_MS = 60_000;

/** `by`: the address that asks, or the account. */
export type TryOf = { by: string; reply: FastifyReply };

export type CodeTries = {
  /** The slow hash of what was sent. @throws Refusal RECOVERY_REFUSED or Fault. */
  hashOf(text: string, of: TryOf): Promise<string>;
  /** A new one, in turn. @throws Fault UPLINK_BUSY. */
  make(by: string): ReturnType<RecoveryCodes['make']>;
  /** Who waits for a turn is sent away. */
  close(): void;
};

export type CodeTriesParts = Pick<ApiParts, 'clock' | 'recoveryCodes' | 'allowanceOf'> & {
  store: Pick<ApiParts['store'], 'matchCode'>;
  config: { recovery: Pick<ApiParts['config']['recovery'], 'triesPerMinute'> };
};

export function createCodeTries(parts: CodeTriesParts): CodeTries {
  const { store, config, clock, recoveryCodes, allowanceOf } = parts;
  const unknownGapMs = MINUTE_MS / config.recovery.triesPerMinute;
  const turns = createSlowTurns(clock, { unknownGapMs });
  const ofCode = allowanceOf('recovery-code', TRIES_OF_CODE_PER_MINUTE_MAX);
  return {
    async hashOf(text, { by: subject, reply }) {
      const code = readRecoveryCode(text);
      if (code === undefined) refuseText();
      const quickHash = recoveryCodes.quickHash(code);
      const { isKnown, hasOlder } = await store.matchCode(quickHash);
      if (!isKnown && !hasOlder) refuseCode();
      if (isKnown) spend(ofCode, { subject: `${quickHash} ${subject}`, reply });
      const line = isKnown ? 'known' : 'unknown';
      return await turns.take({ line, subject }, () => recoveryCodes.slowHash(code));
    },
    make: (subject) => turns.take({ line: 'known', subject }, () => recoveryCodes.make()),
    close: () => turns.close(),
  };
}

function refuseText(): never {
  throw new Refusal(
    'RECOVERY_REFUSED',
    'this is not what a code looks like: compare each character, one of them is wrong',
  );
}

export function refuseCode(): never {
  throw new Refusal(
    'RECOVERY_REFUSED',
    'this code is unknown, used or replaced: take the newest one, or ask the operator to move the account',
  );
}
