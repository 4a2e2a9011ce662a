/**
 * Two steps behind the build: the service workers of wallet and till, with the list of the files that a cold start
 * needs, and every text file compressed beside itself, so that settlement only has to send it.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build, type Plugin, type ResolvedConfig } from 'vite';

const COMPRESSED = /\.(?:html|js|css|svg|webmanifest|wasm)$/;
/** The pages that start without a network. */
const PAGES = ['wallet', 'till'];

export function serviceWorkerPlugin(): Plugin {
  let config: ResolvedConfig;
  return {
    name: 'stile-service-worker',
    apply: 'build',
    configResolved(resolved) {
      config = resolved;
    },
    async closeBundle() {
      const outDir = resolve(config.root, config.build.outDir);
      for (const page of PAGES) {
        const files = filesOf(page, outDir);
        const hash = createHash('sha256');
        for (const file of files) hash.update(readFileSync(join(outDir, file)));
        const version = hash.digest('hex').slice(0, 16);
        const start = `${page}/index.html`;
        const names = files.map((file) => (file === start ? `/${page}/` : `/${file}`));
        await buildWorker(config.root, { outDir, built: { page, version, files: names } });
      }
      compressAll(outDir);
    },
  };
}

/** The page, what lies beside it, and every script and style that it loads, at its start or later. */
function filesOf(page: string, outDir: string): string[] {
  const entry = readFileSync(join(outDir, page, 'index.html'), 'utf8');
  const isBeside = (file: string) => file.startsWith(`${page}/`) && !file.endsWith('sw.js');
  const beside = listFiles(outDir).filter(isBeside);
  const wanted = new Set(beside);
  const queue = [...entry.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(([, file]) => file);
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    if (wanted.has(file)) continue;
    wanted.add(file);
    if (!file.endsWith('.js')) continue;
    const text = readFileSync(join(outDir, file), 'utf8');
    for (const [, name] of text.matchAll(/(?:from|import)\s*\(?\s*["'`]\.\/([\w-]+\.js)["'`]/g)) {
      queue.push(`assets/${name}`);
    }
  }
  return [...wanted].sort();
}

type Built = { page: string; version: string; files: readonly string[] };

async function buildWorker(
  root: string,
  { outDir, built }: { outDir: string; built: Built },
): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'warn',
    root,
    define: { BUILT: JSON.stringify(built) },
    build: {
      outDir: join(outDir, built.page),
      emptyOutDir: false,
      copyPublicDir: false,
      target: 'es2022',
      rolldownOptions: {
        input: join(root, 'worker/sw.ts'),
        output: { format: 'iife', entryFileNames: 'sw.js' },
      },
    },
  });
}

function compressAll(outDir: string): void {
  for (const file of listFiles(outDir)) {
    if (!COMPRESSED.test(file)) continue;
    const path = join(outDir, file);
    const bytes = readFileSync(path);
    const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

function listFiles(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1));
}
