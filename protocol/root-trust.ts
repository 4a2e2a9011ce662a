/**
 * Whose signature counts (protocol/README.md §4.1, §4.2): a root is pinned, it certifies the online keys that
 * sign everything else, and its statements say which root follows it and which of its online keys have ended.
 * Used by everybody who is told something by an operator.
 */
import { base64url } from 'jose';
import { z } from 'zod';
import { Fault } from './fault.ts';
import {
  claimedSigner,
  fingerprintOf,
  openByKey,
  type RootKey,
  refusalOf,
  rootKeySchema,
  SIGNED_BYTES_MAX,
  type SignedType,
} from './signed.ts';

/** Roots that one operator has had; each has one statement that counts. */
export const ROOT_STATEMENTS_MAX = 64;
/** A certificate or a statement as text. */
export const ROOT_WORD_CHARS_MAX = 2_048;
/** Certificates that were checked and are remembered: settlement signs with one or two at a time. */
const CERTIFICATES_KEPT_MAX = 8;

const unixS = z.int().min(0).max(0xffffffff);

export const onlineKeySchema = z.strictObject({
  stile: z.literal('online-key/1'),
  /** Grows with each online key of one root. */
  number: z.int().min(1),
  publicKey: rootKeySchema,
  notBeforeS: unixS,
  notAfterS: unixS,
});
export type OnlineKey = z.infer<typeof onlineKeySchema>;

export const rootStatementSchema = z.strictObject({
  stile: z.literal('root/1'),
  /** The first root is 1, the one after it 2. */
  generation: z.int().min(1),
  /** Of the statements of this root the one with the greatest number counts. */
  number: z.int().min(1),
  root: rootKeySchema,
  /** Fingerprint of the only root that can follow; no later statement of this root can change it. */
  next: z.string().regex(/^[\w-]{43}$/),
  /** Online keys of this root with a lower number have ended. */
  floor: z.int().min(0),
  issuedAtS: unixS,
});
export type RootStatement = z.infer<typeof rootStatementSchema>;

/** As text, the first root's first. */
export const rootStatementsSchema = z
  .array(z.string().max(ROOT_WORD_CHARS_MAX).describe('compact JWS, typ stile-root+jws'))
  .min(1)
  .max(ROOT_STATEMENTS_MAX);

const carriedSchema = z.object({ roots: rootStatementsSchema });

/** Whom somebody believes, as it is stored. */
export const rootStateSchema = z.strictObject({
  root: rootKeySchema,
  /** 0: no statement of this root was heard yet. */
  generation: z.int().min(0),
  number: z.int().min(0),
  next: z.string().nullable(),
  floor: z.int().min(0),
  /** Roots before it: what they signed is kept until there is something newer, and never taken anew. */
  earlier: z.array(rootKeySchema).max(ROOT_STATEMENTS_MAX),
});
export type RootState = z.infer<typeof rootStateSchema>;

/** A root of which nothing is known but its key. */
export function pinnedRoot(root: RootKey): RootState {
  return { root, generation: 0, number: 0, next: null, floor: 0, earlier: [] };
}

/** Nobody who is believed has certified this key: there may be a statement that was not heard yet. */
export class SignerUnknown extends Error {}

/** A pinned root and what it has said of its keys. Certificates are checked once. */
export class RootTrust {
  #state: RootState;
  readonly #certificates = new Map<string, { key: OnlineKey; root: RootKey }>();

  constructor(state: RootState) {
    this.#state = state;
  }

  get state(): RootState {
    return this.#state;
  }

  /** From now on this is believed; whoever keeps it has it on disk before. */
  adopt(state: RootState): void {
    this.#state = state;
  }

  /**
   * Whom to believe after these statements, in any order of age; null if they bring nothing new.
   * @throws Fault LIST_REFUSED if one of them is not signed by the root that it is of.
   */
  async follow(statements: readonly string[]): Promise<RootState | null> {
    let state = this.#state;
    for (const jws of statements.slice(0, ROOT_STATEMENTS_MAX)) {
      state = await stateAfter(state, await openStatement(jws));
    }
    return state === this.#state ? null : state;
  }

  /**
   * The online key that a certificate names. `isKept`: of what was taken before, also by roots and keys that
   * have ended since.
   * @throws SignerUnknown if no root that counts has signed it, or the key was ended.
   */
  async openCertificate(jws: string, { isKept }: { isKept: boolean }): Promise<OnlineKey> {
    const { root, earlier, floor } = this.#state;
    const known = this.#certificates.get(jws) ?? (await this.#check(jws, [root, ...earlier]));
    const isEnded = known.root.x !== root.x || known.key.number < floor;
    if (isEnded && !isKept) throw new SignerUnknown('the key that signed it has been ended');
    return known.key;
  }

  /** Whether something that was taken is signed by a key that is believed still. */
  async isBelieved(jws: string): Promise<boolean> {
    try {
      const { certificate } = claimedSigner(jws);
      if (certificate === undefined) return false;
      await this.openCertificate(certificate, { isKept: false });
      return true;
    } catch {
      // Whatever it is, something newer is wanted.
      return false;
    }
  }

  async #check(jws: string, roots: readonly RootKey[]) {
    if (jws.length > ROOT_WORD_CHARS_MAX) throw new Error('its certificate is too long');
    // No key that a root has certified may certify another.
    if (claimedSigner(jws).certificate !== undefined) {
      throw new Error('its certificate is not signed by a root itself');
    }
    for (const root of roots) {
      const parts = { key: root, schema: onlineKeySchema };
      const key = await openByKey('stile-online-key+jws', jws, parts).catch((error) => {
        if (isOtherKey(error)) return null;
        throw error;
      });
      if (key !== null) return this.#keep(jws, { key, root });
    }
    throw new SignerUnknown('no root that is believed has certified its key');
  }

  #keep(jws: string, known: { key: OnlineKey; root: RootKey }) {
    const [oldest] = this.#certificates.size >= CERTIFICATES_KEPT_MAX ? this.#certificates : [];
    if (oldest !== undefined) this.#certificates.delete(oldest[0]);
    this.#certificates.set(jws, known);
    return known;
  }
}

/** jose's own word for a signature that is another key's. */
function isOtherKey(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'
  );
}

/** @throws Fault LIST_REFUSED */
export async function openStatement(jws: string): Promise<RootStatement> {
  const type = 'stile-root+jws';
  try {
    const { key, certificate } = claimedSigner(jws);
    if (certificate !== undefined) throw new Error('it is not signed by a root itself');
    const statement = await openByKey(type, jws, { key, schema: rootStatementSchema });
    if (statement.root.x !== key.x) throw new Error('it is signed by another root than it is of');
    return statement;
  } catch (error) {
    throw refusalOf(type, error);
  }
}

/** The same state if this statement changes nothing. */
async function stateAfter(state: RootState, statement: RootStatement): Promise<RootState> {
  const { generation, number, root, next, floor } = statement;
  if (root.x === state.root.x) {
    const isOurs = state.generation === 0 || generation === state.generation;
    const isKept = (state.next === null || next === state.next) && floor >= state.floor;
    if (!isOurs || !isKept || number <= state.number) return state;
    return { ...state, generation, number, next, floor };
  }
  const isNext = state.generation > 0 && generation === state.generation + 1;
  if (!isNext || (await fingerprintOf(root)) !== state.next) return state;
  return { root, generation, number, next, floor, earlier: [...state.earlier, state.root] };
}

export type Opening<T> = {
  root: RootTrust;
  schema: z.ZodType<T>;
  /** It was believed when it was kept: it stays, whatever has ended since. */
  isKept?: boolean;
};

/**
 * Checks a signed object: its online key is certified by the root that is believed, has not been ended, and the
 * time that the object says lies within the life of the key.
 * @throws Fault LIST_REFUSED, or ANSWER_REFUSED for an answer, with the reason; its cause is SignerUnknown if
 * nobody who is believed has certified the key.
 */
export async function openSigned<T>(
  type: SignedType,
  jws: string,
  { root, schema, isKept = false }: Opening<T>,
): Promise<T> {
  try {
    const { certificate } = claimedSigner(jws);
    if (certificate === undefined) throw new SignerUnknown('it has no certificate');
    const key = await root.openCertificate(certificate, { isKept });
    const payload = await openByKey(type, jws, { key: key.publicKey, schema });
    const atS = signedAtS(payload);
    if (atS < key.notBeforeS || atS > key.notAfterS) {
      throw new Error('its time lies outside the life of the key that signed it');
    }
    return payload;
  } catch (error) {
    throw refusalOf(type, error);
  }
}

/** What a list carries of roots, before anything is believed of it: each statement stands for itself. */
export function rootWordsIn(jws: string): readonly string[] {
  try {
    if (jws.length > SIGNED_BYTES_MAX) return [];
    const payload = new TextDecoder().decode(base64url.decode(jws.trim().split('.')[1] ?? ''));
    return carriedSchema.parse(JSON.parse(payload)).roots;
  } catch {
    // It is refused as a list, with its reason.
    return [];
  }
}

/** When an object says that it was signed. */
export function signedAtS(payload: unknown): number {
  const { issuedAtS, atMs } = payload as { issuedAtS?: unknown; atMs?: unknown };
  if (typeof issuedAtS === 'number') return issuedAtS;
  if (typeof atMs === 'number') return Math.floor(atMs / 1000);
  throw new Error('it does not say when it was signed');
}

/**
 * The root that a list says stands behind it. For a person's inspection only: a gate pins its root at enrolment
 * and never learns one from a list.
 * @throws Fault LIST_REFUSED if the text is no signed list.
 */
export function claimedRootKey(jws: string): RootKey {
  try {
    const { certificate } = claimedSigner(jws);
    if (certificate === undefined) throw new Error('it has no certificate');
    return claimedSigner(certificate).key;
  } catch (error) {
    throw new Fault('LIST_REFUSED', 'this is not a signed list of ours (compact JWS)', {
      cause: error,
    });
  }
}
