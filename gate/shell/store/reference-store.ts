/**
 * The lists that settlement publishes, cached so that no network is needed through any number of
 * restarts: the trust list in `reference.db`, the deny list in a file of its own that it names. All
 * of it can be fetched again, so damage here is answered with a fresh start, never with a guess.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import type { SqliteFile } from '@stile/host/durable-sqlite.ts';
import { asStoreFault } from '@stile/host/fault.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import { openSigned, type RootState, type RootTrust } from '@stile/protocol/root-trust.ts';
import { type DenyHead, type TrustList, trustListSchema } from '@stile/protocol/trust-list.ts';
import type { PassName } from '../../core/tap.ts';
import { isDamage } from './damage.ts';
import { buildDenyFile, type DenyFile, type DenySnapshot, openDenyFile } from './deny-file.ts';
import { quarantine } from './quarantine.ts';
import { type GateFileSchema, openGateFile } from './sqlite.ts';

const REFERENCE_SCHEMA: GateFileSchema = {
  applicationId: 0x53_54_52_31,
  migrations: [
    'CREATE TABLE current (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;',
  ],
};

const DENY_FILE = /^deny-[\da-z-]+\.db$/;

export type ReferenceStore = Awaited<ReturnType<typeof openReferenceStore>>;

/**
 * Opens the cached lists and checks the trust list's signature again.
 * @throws Fault STORE_CORRUPT if a file is damaged: move it aside and open again.
 */
export async function openReferenceStore(dataDir: string, root: RootTrust) {
  const db = openGateFile(join(dataDir, 'reference.db'), REFERENCE_SCHEMA);
  try {
    return await openLists(dataDir, { db, root });
  } catch (error) {
    db.close();
    throw asDamage(error, dataDir);
  }
}

async function openLists(dataDir: string, { db, root }: { db: SqliteFile; root: RootTrust }) {
  const get = db.prepare('SELECT value FROM current WHERE key = ?').pluck();
  const set = db.prepare('INSERT OR REPLACE INTO current (key, value) VALUES (?, ?)');
  const write = db.transaction((of: { jws: string; denyAtS: number; denyVersion: number }) => {
    set.run('trust', of.jws);
    set.run('deny_at_s', String(of.denyAtS));
    set.run('deny_version', String(of.denyVersion));
  });
  let trust: TrustList | null = null;
  let trustJws = '';
  const jws = get.get('trust') as string | undefined;
  if (jws !== undefined) {
    // It was believed when it was kept, and stays until there is another.
    const parts = { root, schema: trustListSchema, isKept: true };
    trust = await openSigned('stile-trust-list+jws', jws, parts);
    trustJws = jws;
  }
  let deny = openDenyFile(join(dataDir, denyFileName(get.get('deny_file'))));
  let denyAtS: number;
  try {
    denyAtS = wholeNumber(get.get('deny_at_s') ?? togetherAtS(trust, deny.head));
    checkNothingLost(deny, wholeNumber(get.get('deny_version') ?? 0));
    removeStrayDenyFiles(dataDir, deny.file);
  } catch (error) {
    deny.close();
    throw error;
  }

  return {
    get trust() {
      return trust;
    },
    /** Whom this gate believes. */
    rootState: (): RootState => root.state,
    get denyHead(): DenyHead {
      return deny.head;
    },
    isDenied: (pass: PassName): boolean => deny.isDenied(pass),
    isDamaged: (): boolean => deny.isDamaged,
    checkDeny: (pause: () => Promise<void>) => deny.check(pause),
    applyDelta: (delta: Parameters<DenyFile['applyDelta']>[0], pause: () => Promise<void>) =>
      deny.applyDelta(delta, pause),
    /** Builds the snapshot aside, then swaps it in whole; the old one stays until it has. */
    async applySnapshot({ head, body }: DenySnapshot, pause: () => Promise<void>) {
      const name = `deny-${head.version}-${head.setDigest.slice(0, 8)}.db`;
      const file = join(dataDir, name);
      if (file === deny.file) return;
      await buildDenyFile(`${file}.part`, { head, body, pause });
      const next = onDisk(file, () => swapIn({ file, dataDir }, () => set.run('deny_file', name)));
      const old = deny;
      deny = next;
      old.close();
      removeStrayDenyFiles(dataDir, file);
    },
    /** When the deny list in force was last known to be the latest; 0: never. */
    get denyAtS(): number {
      return denyAtS;
    },
    /** Whether the list in force is one that would not be taken any more: its signer has ended. */
    isSignerEnded: async (): Promise<boolean> =>
      trust !== null && !(await root.isBelieved(trustJws)),
    /**
     * With the deny list that it names, or without it if that could not be had. `isAnew`: the one in force was
     * signed by a key that has ended, whatever its version.
     * @throws Fault LIST_REFUSED for a list older than the one in force.
     */
    applyTrust(list: TrustList, { jws, isAnew = false }: { jws: string; isAnew?: boolean }): void {
      if (trust !== null && list.version < trust.version && !isAnew) {
        throw new Fault(
          'LIST_REFUSED',
          `trust list ${list.version} is older than ${trust.version}, which is in force`,
        );
      }
      const nextDenyAtS = isSameHead(list.deny, deny.head) ? list.issuedAtS : denyAtS;
      onDisk(db.name, () => write({ jws, denyAtS: nextDenyAtS, denyVersion: deny.head.version }));
      trust = list;
      trustJws = jws;
      denyAtS = nextDenyAtS;
    },
    close(): void {
      deny.close();
      db.close();
    },
  };
}

/** Gives the file its name, and opens it if the name could be kept too. */
function swapIn(
  { file, dataDir }: { file: string; dataDir: string },
  keepName: () => void,
): DenyFile {
  renameSync(`${file}.part`, file);
  syncDirectory(dataDir);
  const opened = openDenyFile(file);
  try {
    keepName();
    return opened;
  } catch (error) {
    opened.close();
    throw error;
  }
}

/** @throws Fault, whatever the disk says of it. */
function onDisk<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asStoreFault(error, file);
  }
}

/** The files, open as they may be, so that the next start has none of them; returns where to. */
export function setListsAside(dataDir: string, wallMs: number): string {
  return quarantine({ dataDir, belongs: isReferenceFile, wallMs });
}

/** A deny list never goes back: an older one here means that a file was lost. */
function checkNothingLost(deny: DenyFile, appliedVersion: number): void {
  const { version } = deny.head;
  if (version >= appliedVersion) return;
  throw new Fault(
    'STORE_CORRUPT',
    `${deny.file} has deny list ${version}, but ${appliedVersion} was applied`,
  );
}

/** Files of before say it by the list that was applied. */
function togetherAtS(trust: TrustList | null, head: DenyHead): number {
  return trust !== null && isSameHead(trust.deny, head) ? trust.issuedAtS : 0;
}

export function isSameHead(a: DenyHead, b: DenyHead): boolean {
  return a.version === b.version && a.count === b.count && a.setDigest === b.setDigest;
}

/** Which files of a gate's directory hold cached lists. */
export function isReferenceFile(name: string): boolean {
  return name.startsWith('reference.db') || name.startsWith('deny-');
}

function denyFileName(value: unknown): string {
  const name = value ?? 'deny-0.db';
  if (typeof name === 'string' && DENY_FILE.test(name)) return name;
  throw new Fault('STORE_CORRUPT', `no name of a deny file: ${name}`);
}

function wholeNumber(value: unknown): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Fault('STORE_CORRUPT', `no number: ${value}`);
}

/** A cached list that no longer verifies was verified when it was stored: the file is damaged. */
function asDamage(error: unknown, dataDir: string): unknown {
  if (!isDamage(error)) return error;
  return new Fault('STORE_CORRUPT', `the cached lists in ${dataDir}: ${describeError(error)}`, {
    cause: error,
  });
}

/** Makes a new name in the directory survive a power cut. */
function syncDirectory(dataDir: string): void {
  const handle = openSync(dataDir, 'r');
  fsyncSync(handle);
  closeSync(handle);
}

function removeStrayDenyFiles(dataDir: string, inUse: string): void {
  for (const name of readdirSync(dataDir)) {
    if (!name.startsWith('deny-')) continue;
    const file = join(dataDir, name);
    if (file !== inUse && !file.startsWith(`${inUse}-`) && existsSync(file)) {
      rmSync(file, { force: true, recursive: true });
    }
  }
}
