/**
 * `stile keys`: makes and looks at key files (JWK), says whether a public key may be certified, and changes the
 * keys that a running settlement signs with.
 */
import { readFileSync } from 'node:fs';
import { generateKey, keyFromJwk, type PrivateJwk } from '@stile/crypto/sign.ts';
import { writePrivateFile } from '@stile/host/private-files.ts';
import { fromHex, toHex } from '@stile/protocol/bytes.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import type { Algorithm } from '@stile/protocol/signature.ts';
import type { Command } from 'commander';
import { clientOf, operateOn, type Target } from './operator-client.ts';
import { addOperatorKeyCommands } from './roots.ts';
import { oneOf, printJson, wholeNumber } from './terminal.ts';

const ALGORITHMS: readonly Algorithm[] = ['Ed25519', 'P-256'];

export function addKeysCommand(program: Command): void {
  const keys = program.command('keys').description('make, show and check keys');
  keys
    .command('generate')
    .description('make a private key file (JWK); an existing file is never overwritten')
    .argument('<file>', 'where to write it')
    .option('--algorithm <name>', 'Ed25519 or P-256', oneOf(ALGORITHMS), 'Ed25519')
    .action((file: string, options: { algorithm: Algorithm }) => {
      const key = generateKey(options.algorithm);
      writePrivateFile(file, `${JSON.stringify(key.privateJwk, null, 2)}\n`);
      printJson({ algorithm: key.algorithm, publicKey: toHex(key.publicKey) });
    });
  keys
    .command('show')
    .description('print the public half of a private key file')
    .argument('<file>', 'a JWK file')
    .action((file: string) => {
      const key = keyFromJwk(readJwk(file));
      const { d: _secret, ...publicJwk } = key.privateJwk;
      printJson({ algorithm: key.algorithm, publicKey: toHex(key.publicKey), jwk: publicJwk });
    });
  keys
    .command('check')
    .description('say whether a public key may be certified: on its curve, of prime order')
    .argument('<hex>', 'raw Ed25519 key (32 bytes) or compressed P-256 point (33 bytes)')
    .action(async (hex: string) => {
      const bytes = fromHex(hex.toLowerCase());
      if (bytes === undefined || (bytes.length !== 32 && bytes.length !== 33)) {
        throw new Fault('REQUEST_INVALID', 'a public key is 32 or 33 bytes in hexadecimal');
      }
      const { isKeyOfPrimeOrder } = await import('@stile/crypto/noble-verify.ts');
      const algorithm: Algorithm = bytes.length === 32 ? 'Ed25519' : 'P-256';
      printJson({ algorithm, sound: isKeyOfPrimeOrder(algorithm, bytes) });
    });
  addIssuerCommands(keys);
  addOperatorKeyCommands(keys);
}

/** Of a settlement that runs: the keys that sign passes. */
function addIssuerCommands(keys: Command): void {
  const operate = operateOn(keys);
  const path = 'v1/operator/issuer-keys';
  operate('list', 'every issuer key, from when it signs and until when').action(
    async (target: Target) => {
      printJson(await clientOf(target).call('GET', path));
    },
  );
  operate(
    'rotate',
    'a new issuer key: published now, signing when it was announced for long enough',
  )
    .option(
      '--now',
      'sign with it at once; gates that are away refuse its passes until they hear of it',
    )
    .action(async ({ now = false, ...target }: Target & { now?: boolean }) => {
      printJson(await clientOf(target).call('POST', path, { body: { now } }));
    });
  operate('revoke', 'end a stolen issuer key: what it signed opens nothing any more')
    .argument('<key-id>', 'as "keys list" has it', wholeNumber(0, 0xff))
    .action(async (keyId: number, target: Target) => {
      printJson(await clientOf(target).call('POST', `${path}/${keyId}/revocation`, { body: {} }));
    });
}

function readJwk(file: string): PrivateJwk {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as PrivateJwk;
  } catch (error) {
    throw new Fault('FILE_UNREADABLE', `cannot read ${file}: ${describeError(error)}`, {
      cause: error,
    });
  }
}
