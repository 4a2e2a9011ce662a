/**
 * Stages `protocol` and `crypto` as npm packages (JavaScript and declarations) in `dist/packages/`, shows what
 * would be in them, and reads and verifies a published code with them under plain Node. Publishes nothing.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { productSources, ROOT, read } from './house/tree.ts';

const STAGE = join(ROOT, 'dist/packages');
const PUBLISHED = ['protocol', 'crypto'] as const;
type Room = (typeof PUBLISHED)[number];
type Manifest = {
  name: string;
  version: string;
  license: string;
  engines: Record<string, string>;
  dependencies: Record<string, string>;
};

const ABOUT: Readonly<Record<Room, string>> = {
  protocol:
    "Stile's wire formats as pure functions: transit and payment codes, lists, gate logs, APIs.",
  crypto: 'Keys, signing and two independent verifiers for the codes of @stile/protocol.',
};

const COMPILER_OPTIONS = {
  noEmit: false,
  declaration: true,
  allowImportingTsExtensions: false,
  rootDir: 'source',
  outDir: '.',
  paths: { '@stile/protocol/*.js': ['./source/protocol/*.ts'] },
};

/** A stranger's program: it knows the packages by name, and the fixtures, both suites. */
const STRANGER = `import { readFileSync } from 'node:fs';
import { verifyWithNoble } from '@stile/crypto/noble-verify.js';
import { createNodeVerify } from '@stile/crypto/node-verify.js';
import { keyFromJwk } from '@stile/crypto/sign.js';
import { deviceSignatureHolds, issuerSignatureHolds } from '@stile/protocol/signature.js';
import { readTransitCode } from '@stile/protocol/transit-code.js';

const readFixture = (name: string) =>
  JSON.parse(readFileSync(new URL('../../../fixtures/' + name + '.json', import.meta.url), 'utf8'));

for (const suite of [0, 1]) {
  const { text } = readFixture('codes/good-vector-suite-' + suite);
  const reading = readTransitCode(text);
  if (!reading.ok) throw new Error('the published code cannot be read');
  const { pass } = reading.value;
  const jwk = readFixture('keys/test-issuer-' + pass.issuer + '-key-' + pass.issuerKeyId + '.jwk');
  const issuerKey = keyFromJwk(jwk).publicKey;
  for (const verify of [createNodeVerify(), verifyWithNoble]) {
    const holds =
      issuerSignatureHolds(verify, { issuerKey, pass: reading.value }) &&
      deviceSignatureHolds(verify, reading.value);
    if (!holds) throw new Error('the published code does not hold');
  }
}
`;

const readManifest = (folder: string): Manifest => JSON.parse(read(join(folder, 'package.json')));

function write(path: string, text: string): void {
  const file = join(STAGE, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Under this Node; what it says goes to the terminal. */
function runNode(...args: string[]): void {
  execFileSync(process.execPath, args, { cwd: STAGE, stdio: 'inherit' });
}

const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

/** In a package a module is imported by the name of the file that is in it. */
function withPublishedNames(source: string): string {
  return source.replace(/(['"])((?:\.{1,2}|@stile\/[a-z]+)\/[^'"\n]+)\.ts\1/g, '$1$2.js$1');
}

function stageManifest(room: Room): void {
  const { name, version, dependencies } = readManifest(room);
  const { license, engines } = readManifest('.');
  const exports = { './*.js': { types: './*.d.ts', default: './*.js' } };
  const manifest = {
    name,
    version,
    description: ABOUT[room],
    license,
    type: 'module',
    engines,
    sideEffects: false,
    exports,
    files: ['**/*.js', '**/*.d.ts'],
    dependencies,
  };
  write(`${room}/package.json`, `${JSON.stringify(manifest, null, 2)}\n`);
  for (const file of ['README.md', 'LICENSE']) {
    copyFileSync(join(ROOT, file === 'LICENSE' ? '.' : room, file), join(STAGE, room, file));
  }
}

function stageSources(): void {
  const wanted = productSources.filter((file) =>
    PUBLISHED.some((room) => file.startsWith(`${room}/`)),
  );
  for (const file of wanted) write(`source/${file}`, withPublishedNames(read(file)));
  const base = { extends: '../../tsconfig.json', compilerOptions: COMPILER_OPTIONS };
  write('tsconfig.json', JSON.stringify({ ...base, include: ['source'], exclude: ['stranger'] }));
  runNode(TSC, '-p', '.');
}

/** What npm would put into the package; a source or a test among it stops the run. */
function look(room: Room): void {
  const args = ['pack', '--dry-run', '--json', `./${room}`];
  const [packed] = JSON.parse(execFileSync('npm', args, { cwd: STAGE, encoding: 'utf8' }));
  const paths: string[] = packed.files.map((file: { path: string }) => file.path);
  const strange = paths.filter(
    (path) =>
      !/^(README\.md|LICENSE|package\.json|[\w/-]+(\.js|\.d\.ts))$/.test(path) || /test/.test(path),
  );
  if (strange.length > 0) throw new Error(`${packed.name} would contain ${strange.join(', ')}`);
  const kib = Math.round(packed.size / 1024);
  process.stdout.write(
    `${packed.name} ${packed.version}: ${paths.length} files, ${kib} KiB packed\n`,
  );
}

/** Checks the types that a stranger sees, then runs his program. */
function useAsStranger(): void {
  mkdirSync(join(STAGE, 'node_modules/@stile'), { recursive: true });
  for (const room of PUBLISHED)
    symlinkSync(`../../${room}`, join(STAGE, 'node_modules/@stile', room));
  write('stranger/use.ts', STRANGER);
  write(
    'stranger/tsconfig.json',
    JSON.stringify({ extends: '../../../tsconfig.json', include: ['.'] }),
  );
  runNode(TSC, '-p', 'stranger');
  runNode('stranger/use.ts');
  process.stdout.write('The published codes, read and verified with both packages: they hold.\n');
}

rmSync(STAGE, { recursive: true, force: true });
stageSources();
for (const room of PUBLISHED) stageManifest(room);
for (const room of PUBLISHED) look(room);
useAsStranger();
