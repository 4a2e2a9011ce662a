/**
 * The floor of a tap: the steps that no gate can leave out, and nothing else. A line comes in on one
 * port, two signatures are checked, one row is committed durably, four bytes go out on the other port.
 * No parsing, no look-ups, no rules, no log chain, no memory of anything.
 */
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import Database from 'better-sqlite3';
import { SerialPort } from 'serialport';

const [scannerPath = '', barrierPath = '', file = ''] = process.argv.slice(2);
const OPEN_FRAME = Buffer.from([0xa0, 0x01, 0x01, 0xa2]);
const MESSAGE_BYTES = 135;

const db = new Database(file);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec('CREATE TABLE IF NOT EXISTS tap (seq INTEGER PRIMARY KEY, line BLOB NOT NULL)');
const insert = db.prepare('INSERT INTO tap (line) VALUES (?)');

const message = Buffer.alloc(MESSAGE_BYTES, 7);
const issuer = generateKeyPairSync('ed25519');
const issuerSignature = sign(null, message, issuer.privateKey);
// Half the riders sign with Ed25519, half with P-256; each comes with a key that is new to the gate.
const riders = [
  generateKeyPairSync('ed25519'),
  generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
].map((pair, index) => ({
  pem: pair.publicKey.export({ format: 'pem', type: 'spki' }),
  digest: index === 0 ? null : 'sha256',
  signature: sign(index === 0 ? null : 'sha256', message, pair.privateKey),
}));

const barrier = new SerialPort({ path: barrierPath, baudRate: 115_200 });
const scanner = new SerialPort({ path: scannerPath, baudRate: 115_200 });
let taps = 0;
scanner.on('data', (bytes: Buffer) => {
  if (bytes.at(-1) !== 0x0a) return;
  const rider = riders[taps % 2];
  taps += 1;
  if (rider === undefined || !verify(null, message, issuer.publicKey, issuerSignature)) return;
  if (!verify(rider.digest, message, createPublicKey(rider.pem), rider.signature)) return;
  insert.run(bytes);
  barrier.write(OPEN_FRAME);
});
scanner.on('open', () => process.stdout.write('{"msg":"ready"}\n'));
