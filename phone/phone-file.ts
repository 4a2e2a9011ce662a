/**
 * A scripted phone's memory: one JSON file with its key, its pass and its counter. Every change is on
 * disk before it is used, so a counter is never shown twice even when the process dies in between.
 */
import { readFileSync } from 'node:fs';
import { writePrivateFile } from '@stile/host/private-files.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import { seedSchema } from '@stile/protocol/http/rider-api.ts';
import { z } from 'zod';

/** A private key as JWK. */
export const keySchema = z.object({
  kty: z.string(),
  crv: z.enum(['Ed25519', 'P-256']),
  x: z.string(),
  y: z.string().exactOptional(),
  d: z.string(),
});

const phoneSchema = z.strictObject({
  stile: z.literal('phone/1'),
  settlementUrl: z.url(),
  /** Somebody said at enrolment that http to another machine is meant. */
  plainHttp: z.boolean().exactOptional(),
  key: keySchema,
  account: z.string().regex(/^[0-9a-f]{16}$/),
  serial: z.int().min(1),
  /** The pass with the issuer's signature, hex. */
  pass: z.string().regex(/^(?:[0-9a-f]{2})+$/),
  /** The last counter that a code was made with; 0 before the first. */
  counter: z.int().min(0).max(0xffffffff),
  /** What payment codes are made from; absent until one was fetched. */
  seed: seedSchema.exactOptional(),
});

export type PhoneFile = z.infer<typeof phoneSchema>;

/** @throws Fault FILE_UNREADABLE if there is no phone, or its file is damaged. */
export function readPhone(file: string): PhoneFile {
  try {
    return phoneSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new Fault(
      'FILE_UNREADABLE',
      missing
        ? `there is no phone at ${file}. Make one with "stile rider enrol".`
        : `${file} is not a phone's file: ${describeError(error).split('\n')[0]}`,
      { cause: error },
    );
  }
}

/** Replaces the file in one step; the new content is on disk when this returns. */
export function writePhone(file: string, phone: PhoneFile): void {
  writePrivateFile(file, `${JSON.stringify(phone, null, 2)}\n`, { mayReplace: true });
}
