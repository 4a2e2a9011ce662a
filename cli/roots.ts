/**
 * `stile root`: what the root key does, on a machine of its own without a network. It reads a request that was
 * carried to it and writes what is carried back. And those of `stile keys` that ask a settlement for it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { generateKey, keyFromJwk, type SigningKey } from '@stile/crypto/sign.ts';
import { systemClock, wallS } from '@stile/host/clock.ts';
import { writePrivateFile } from '@stile/host/private-files.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import {
  type RootGrant,
  type RootRequest,
  rootGrantSchema,
  rootRequestSchema,
} from '@stile/protocol/http/operator-api.ts';
import { fingerprintOf } from '@stile/protocol/signed.ts';
import { type Command, Option } from 'commander';
import { clientOf, operateOn, type Target } from './operator-client.ts';
import { PRIVATE_UMASK, printJson, wholeNumber } from './terminal.ts';
import { databaseOption } from './worker.ts';

const DAY_S = 86_400;
const PATH = 'v1/operator/roots';

type Rotation = Offline & { nextTo: string; withoutGates: string[] };

/** They may have to enrol anew, by the operator's word. */
function withoutGates(): Option {
  return new Option('--without-gates <names>', 'gates to give up, with commas')
    .argParser((names: string) => names.split(',').filter((name) => name !== ''))
    .default([], 'none');
}

type Offline = { root: string; request: string; out: string; days: number };

export function addRootCommand(program: Command): void {
  const root = program
    .command('root')
    .description('what the root key signs, where it is kept: no network is needed');
  const offline = (name: string, description: string) =>
    root
      .command(name)
      .description(description)
      .requiredOption('--root <file>', 'the root key')
      .requiredOption('--request <file>', 'what "stile keys request-online-key" has written')
      .requiredOption('--out <file>', 'where to write what is carried back')
      .option('--days <number>', 'how long the online key signs', wholeNumber(1, 3_660), 180);
  offline('sign', 'certify the online key of a request')
    .option('--end-others', 'end all online keys before it: one was stolen')
    .action(async ({ endOthers = false, ...options }: Offline & { endOthers?: boolean }) => {
      const { signGrant } = await import('@stile/settlement/keys/root-grant.ts');
      const key = readKey(options.root);
      await sign(options, (request, life) => signGrant(request, { root: key, endOthers, ...life }));
    });
  offline('rotate', 'let this root, which was announced, take over from the one in force')
    .requiredOption('--next-to <file>', 'where to write the root that it announces in its turn')
    .addOption(withoutGates())
    .action(async ({ nextTo, withoutGates: without, ...options }: Rotation) => {
      const { requireNextFile, rootKeyOf, signRotation } = await import(
        '@stile/settlement/keys/root-grant.ts'
      );
      const key = readKey(options.root);
      const request = readAs(rootRequestSchema, options.request);
      await requireNextFile(request, { isThere: existsSync(nextTo), without });
      const next = rootKeyOf(ensureNext(nextTo));
      await sign(options, (request, life) => signRotation(request, { root: key, next, ...life }));
    });
}

type Life = { nowS: number; lifetimeS: number };

async function sign(
  { request: file, out, days }: Offline,
  grantOf: (request: RootRequest, life: Life) => Promise<RootGrant>,
): Promise<void> {
  process.umask(PRIVATE_UMASK);
  const request = readAs(rootRequestSchema, file);
  const life = { nowS: wallS(systemClock), lifetimeS: days * DAY_S };
  const grant = await grantOf(request, life);
  writePrivateFile(out, `${JSON.stringify(grant, null, 2)}\n`);
  const { operator, number, publicKey } = request;
  const until = new Date((life.nowS + life.lifetimeS) * 1000).toISOString();
  printJson({ operator, number, onlineKey: await fingerprintOf(publicKey), until });
}

/** Cut off between the two files, the same one is taken again. */
function ensureNext(file: string): SigningKey {
  if (!existsSync(file)) {
    writePrivateFile(file, `${JSON.stringify(generateKey('Ed25519').privateJwk)}\n`);
  }
  return readKey(file);
}

function readKey(file: string): SigningKey {
  return keyFromJwk(parse(file));
}

/** One of the shapes that cross HTTP. */
type Schema<T> = { safeParse(json: unknown): { success: true; data: T } | { success: false } };

function readAs<T>(schema: Schema<T>, file: string): T {
  const parsed = schema.safeParse(parse(file));
  if (parsed.success) return parsed.data;
  throw new Fault('FILE_UNREADABLE', `${file} is not what is carried to a root or back`);
}

function parse(file: string) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Fault('FILE_UNREADABLE', `cannot read ${file}: ${describeError(error)}`, {
      cause: error,
    });
  }
}

/** Of a settlement that runs, besides `export-root`, for which it must not. */
export function addOperatorKeyCommands(keys: Command): void {
  const operate = operateOn(keys);
  operate('roots', 'the root, which one it announces, and until when online keys sign').action(
    async (target: Target) => printJson(await clientOf(target).call('GET', PATH)),
  );
  const acts = [
    ['rotate-online-key', 'another key signs lists and answers from now on', 'online-keys'],
    ['revoke-online-keys', 'end the online keys, one was stolen', 'online-keys/revocation'],
  ] as const;
  for (const [name, description, path] of acts) {
    operate(name, description).action(async (target: Target) => {
      printJson(await clientOf(target).call('POST', `${PATH}/${path}`, { body: {} }));
    });
  }
  operate('rotate-root', 'the announced root takes over, gates follow it')
    .addOption(withoutGates())
    .action(async ({ withoutGates: names, ...target }: Target & { withoutGates: string[] }) => {
      const body = { withoutGates: names };
      printJson(await clientOf(target).call('POST', `${PATH}/rotation`, { body }));
    });
  operate('request-online-key', 'write what is carried to the root, if that is kept elsewhere')
    .requiredOption('--out <file>', 'where to write it')
    .action(async ({ out, ...target }: Target & { out: string }) => {
      const answer = await clientOf(target).call('POST', `${PATH}/requests`, { body: {} });
      const request = rootRequestSchema.parse(answer);
      writePrivateFile(out, `${JSON.stringify(request, null, 2)}\n`);
      const { number, publicKey } = request;
      printJson({ number, onlineKey: await fingerprintOf(publicKey) });
    });
  operate('install', 'install what the root has signed')
    .argument('<file>', 'what "stile root" has written')
    .action(async (file: string, target: Target) => {
      const body = readAs(rootGrantSchema, file);
      printJson(await clientOf(target).call('POST', `${PATH}/grants`, { body }));
    });
  keys
    .command('export-root')
    .description('take the root and the one that follows it out of a data directory')
    .option('--data <dir>', 'data directory; settlement must not run', './settlement-data')
    .addOption(databaseOption())
    .requiredOption('--to <file>', 'where the root goes')
    .requiredOption('--next-to <file>', 'where the one that follows goes: another place')
    .action(
      async ({ data, ...of }: { data: string; database?: string; to: string; nextTo: string }) => {
        process.umask(PRIVATE_UMASK);
        const { exportRoot } = await import('@stile/settlement/root-export.ts');
        printJson(await exportRoot(data, { ...of, nowMs: systemClock.now().wallMs }));
      },
    );
}
