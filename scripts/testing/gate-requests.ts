/** What a gate signs when it asks for the deny list (protocol/README.md §5), and what is no such signature. */
import { concatBytes, utf8 } from '@stile/protocol/bytes.ts';
import { DOMAINS } from '@stile/protocol/domains.ts';
import { gateRequestMessage, writeGateSignature } from '@stile/protocol/http/gate-request.ts';
import * as keys from './test-keys.ts';
import { addJson, type Tree } from './tree.ts';

const PATH = '/v1/gates/harbour-1/deny-list/delta?from=7';
const CHALLENGE = 'AABp1RyAAAECAwQFBgcICQoLDA0ODw';

type Case = { name: string; holds: boolean; key?: keys.TestKey; signed?: Uint8Array };

const OWN = gateRequestMessage({ path: PATH, challenge: CHALLENGE });

const CASES: readonly Case[] = [
  { name: 'good', holds: true },
  { name: 'by-another-gate', holds: false, key: keys.OTHER_GATE },
  {
    name: 'of-another-version',
    holds: false,
    signed: gateRequestMessage({ path: PATH.replace('7', '6'), challenge: CHALLENGE }),
  },
  {
    name: 'without-the-query',
    holds: false,
    signed: gateRequestMessage({ path: PATH.replace(/\?.*/, ''), challenge: CHALLENGE }),
  },
  {
    name: 'of-another-challenge',
    holds: false,
    signed: gateRequestMessage({ path: PATH, challenge: CHALLENGE.replace('A', 'B') }),
  },
  {
    name: 'under-the-domain-of-authorisations',
    holds: false,
    signed: concatBytes(DOMAINS.authorisation, utf8(`${CHALLENGE}\0${PATH}`)),
  },
  { name: 'without-domain', holds: false, signed: utf8(`${CHALLENGE}\0${PATH}`) },
];

export function addGateRequests(tree: Tree): void {
  const cases = CASES.map(({ name, holds, key = keys.GATE, signed = OWN }) => {
    const signature = writeGateSignature({ publicKey: key.publicKey, signature: key.sign(signed) });
    return { name, holds, signature };
  });
  const publicKey = Buffer.from(keys.GATE.publicKey).toString('hex');
  const value = { gateKey: publicKey, path: PATH, challenge: CHALLENGE, cases };
  addJson(tree, { path: 'requests/expected.json', value });
}
