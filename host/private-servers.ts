/**
 * A PostgreSQL and a Redis of a program's own, for the demo and the benchmark: in folders of their own, reached by a
 * socket in the one and a port of loopback at the other, with nothing kept afterwards. Each ends with the program, also
 * with one that was killed.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  createWriteStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const USER = 'stile';
const DEBIAN = '/usr/lib/postgresql';
const SETTINGS = ['listen_addresses=', 'shared_buffers=32MB', 'jit=off'];
const READY = 'ready to accept connections';
/**
 * Prepares with a command, runs another, and ends that when its own input closes, for whatever reason; then it takes
 * the folder away.
 */
const KEEPER = `
  dir=$1; prepare=$2; shift 2
  exec 3<&0
  sh -c "$prepare" </dev/null || { rm -rf "$dir"; exit 1; }
  "$@" </dev/null 3<&- & server=$!
  # Only the server holds the output: it ends with a server that does not start.
  exec >/dev/null 2>&1
  while read -r word <&3; do :; done
  kill -INT $server
  while kill -0 $server; do wait $server; done
  rm -rf "$dir"`;

export type Server = { url: string; end(): Promise<void> };
export type RedisServer = Server & {
  /** It forgets everything; how many keys that were. */
  empty(): Promise<number>;
};

type Account = { uid: number; gid: number };
type KeeperOptions = {
  name: string;
  dir: string;
  logDir: string;
  prepare: string;
  command: readonly string[];
  account?: Account | undefined;
};

export type ServerParts = {
  logDir: string;
  /** Told of a server at once, before it is ready. */
  keep: (end: () => Promise<void>) => void;
  /** Its files lie on a disk, so that a commit costs what it costs; default: in memory. */
  isOnDisk?: boolean;
};

export async function startPostgres({
  logDir,
  keep,
  isOnDisk = false,
}: ServerParts): Promise<Server> {
  const bin = findPrograms(['initdb', 'postgres']);
  const account = accountToRunAs();
  const dir = makeFolder('postgres', { isOnDisk });
  if (account !== undefined) chownSync(dir, account.uid, account.gid);
  const data = join(dir, 'data');
  const cluster = `-D '${data}' -U ${USER} -A trust -E UTF8 -N --locale=C`;
  const settings = SETTINGS.flatMap((setting) => ['-c', setting]);
  const { ready, end } = keeper({
    name: 'postgres',
    dir,
    logDir,
    prepare: `'${join(bin, 'initdb')}' ${cluster}`,
    command: [join(bin, 'postgres'), '-D', data, '-k', dir, ...settings],
    account,
  });
  keep(end);
  await ready;
  return { url: postgresUrl(dir), end };
}

export async function startRedis({
  logDir,
  keep,
  isOnDisk = false,
}: ServerParts): Promise<RedisServer> {
  const bin = findPrograms(['redis-server', 'redis-cli']);
  const dir = makeFolder('redis', { isOnDisk });
  const port = String(await freePort());
  const kept = ['--appendonly', 'no', '--save', '', '--maxmemory-policy', 'noeviction'];
  const at = ['--port', port, '--bind', '127.0.0.1', '--dir', dir];
  const command = [join(bin, 'redis-server'), ...at, ...kept];
  const { ready, end } = keeper({ name: 'redis', dir, logDir, prepare: ':', command });
  keep(end);
  await ready;
  const say = async (word: string) => {
    const { stdout } = await promisify(execFile)(join(bin, 'redis-cli'), ['-p', port, word]);
    return stdout.trim();
  };
  return {
    url: `redis://127.0.0.1:${port}/0`,
    end,
    async empty() {
      const keys = Number(await say('DBSIZE'));
      await say('FLUSHALL');
      return keys;
    },
  };
}

/** The database that every new PostgreSQL has, through the socket in this folder. */
export function postgresUrl(dir: string): string {
  return `postgres://${USER}@localhost/postgres?host=${encodeURIComponent(dir)}`;
}

function keeper({ name, dir, logDir, prepare, command, account }: KeeperOptions) {
  const child = spawn('/bin/sh', ['-c', KEEPER, 'keeper', dir, prepare, ...command], {
    ...account,
    cwd: dir,
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe'],
    // Ctrl-C is for the program, which ends its processes first and the servers behind them.
    detached: true,
  });
  const exited = new Promise<void>((done) => {
    child.once('exit', () => done());
    child.once('error', () => done());
  });
  child.stdin?.on('error', () => undefined);
  const ready = untilReady(child, { name, file: join(logDir, `${name}.log`) });
  ready.catch(() => undefined);
  const end = async () => {
    child.stdin?.end();
    await exited;
    // One that a signal has met before its first word has left it there.
    rmSync(dir, { recursive: true, force: true });
  };
  return { ready, end };
}

async function untilReady(
  child: ChildProcess,
  { name, file }: { name: string; file: string },
): Promise<void> {
  const log = createWriteStream(file, { flags: 'a' });
  const said: string[] = [];
  const outputs = [child.stdout, child.stderr].filter((stream) => stream !== null);
  await new Promise<void>((done, fail) => {
    let open = outputs.length;
    for (const input of outputs) {
      const lines = createInterface({ input });
      lines.on('line', (line) => {
        log.write(`${line}\n`);
        if (said.length < 40) said.push(line);
        if (line.toLowerCase().includes(READY)) done();
      });
      lines.on('close', () => {
        open -= 1;
        if (open === 0) fail(new Error(`${name} did not start:\n  ${said.join('\n  ')}`));
      });
    }
  });
}

/** Short, as the path of a socket has to be, and where any account may come; in memory where that is. */
function makeFolder(name: string, { isOnDisk }: { isOnDisk: boolean }): string {
  const base = existsSync('/dev/shm') && !isOnDisk ? '/dev/shm' : tmpdir();
  return mkdtempSync(join(base, `stile-own-${name}-`));
}

function findPrograms(names: readonly string[]): string {
  const onPath = (process.env.PATH ?? '').split(delimiter);
  const versions = existsSync(DEBIAN) ? newestFirst(readdirSync(DEBIAN)) : [];
  const folders = [...onPath, ...versions.map((version) => join(DEBIAN, version, 'bin'))];
  const found = folders.find((folder) =>
    names.every((name) => folder !== '' && existsSync(join(folder, name))),
  );
  if (found !== undefined) return found;
  throw new Error(`${names.join(' and ')} were not found: install PostgreSQL and Redis`);
}

/** 9 is older than 15. */
export function newestFirst(versions: readonly string[]): string[] {
  return [...versions].sort((a, b) => Number(b) - Number(a));
}

/** PostgreSQL does not run as root. */
function accountToRunAs(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const numberOf = (flag: string) =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: 'pipe' }));
  try {
    return { uid: numberOf('-u'), gid: numberOf('-g') };
  } catch {
    throw new Error('PostgreSQL does not run as root, and there is no user postgres');
  }
}

/** A port of loopback that nobody listens at now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a port has a number');
  server.close();
  await once(server, 'close');
  return address.port;
}
