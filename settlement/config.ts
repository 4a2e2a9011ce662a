/**
 * What an operator sets in `settlement.json`: who they are, within which limits passes, payments, lists and
 * requests stay. Every number has a bound; what is left out has a default.
 */
import { isTimeZone } from '@stile/protocol/calendar/local-day.ts';
import { AMOUNT_CENTS_MAX } from '@stile/protocol/payment.ts';
import { z } from 'zod';
import { ENROLMENT_KINDS } from './core/access/standing.ts';
import { DEFAULT_PAYMENT_LIMITS, type PaymentLimits } from './core/payments/payment-rules.ts';

const limit = (max: number, byDefault: number) => z.int().min(1).max(max).default(byDefault);
const DEFAULTS = DEFAULT_PAYMENT_LIMITS;
const paymentsSchema = z
  .strictObject({
    offlineCentsMax: limit(AMOUNT_CENTS_MAX, DEFAULTS.offlineCentsMax),
    offlineTotalCentsMax: limit(1_000_000_000, DEFAULTS.offlineTotalCentsMax),
    unconfirmedCentsMax: limit(AMOUNT_CENTS_MAX, DEFAULTS.unconfirmedCentsMax),
    onlineCentsMax: limit(AMOUNT_CENTS_MAX, DEFAULTS.onlineCentsMax),
    dayCentsMax: limit(1_000_000_000, DEFAULTS.dayCentsMax),
    seedDaysMax: limit(366, DEFAULTS.seedDaysMax),
    handleFailuresMax: limit(1_000, DEFAULTS.handleFailuresMax),
    payeeFailuresFree: limit(100_000, DEFAULTS.payeeFailuresFree),
    payeeFailuresPerHourMax: limit(100_000, DEFAULTS.payeeFailuresPerHourMax),
    onlineCodeS: limit(3_600, DEFAULTS.onlineCodeS),
    orderS: limit(86_400, DEFAULTS.orderS),
    reversalS: limit(86_400, DEFAULTS.reversalS),
    refundDaysMax: limit(3_660, DEFAULTS.refundDaysMax),
    refundDayCentsMax: limit(1_000_000_000, DEFAULTS.refundDayCentsMax),
  })
  .prefault({});

const credit = z.int().min(0).max(100_000_000).default(0);
const offlineSchema = z
  .strictObject({
    /** What one ride counts as: the dearest usual fare. */
    rideCents: limit(AMOUNT_CENTS_MAX, 300),
    /** What the operator stands for besides the wallet, for each kind of account. */
    creditCents: z
      .strictObject({ open: credit, invite: credit, deposit: credit, verified: credit })
      .prefault({}),
    shortLifetimeMin: limit(0xffff, 1_440),
    /** Issues of one phone's pass at a time, and phones that have one. */
    issuesMax: limit(1_000, 8),
  })
  .prefault({});

export const configSchema = z.strictObject({
  stile: z.literal('settlement/1'),
  operator: z.string().min(1).max(100).default('Stile'),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .default('EUR'),
  /** Whose calendar days are meant where days are counted; a first start on the command line writes the machine's. */
  timeZone: z
    .string()
    .refine(isTimeZone, 'no time zone that is known here: such as Europe/Berlin')
    .default('UTC'),
  issuer: z.int().min(0).max(0xffff).default(1),
  limits: z
    .strictObject({
      codeLifetimeSMax: z.int().min(1).max(3600).default(120),
      skewS: z.int().min(0).max(300).default(20),
    })
    .prefault({}),
  pass: z
    .strictObject({
      lifetimeMin: z.int().min(1).max(0xffff).default(10_080),
      codeLifetimeS: z.int().min(1).max(3600).default(60),
      ceiling: z.int().min(0).max(0xffff).default(3_500),
      /** The ceiling is in minor units × 10^this. */
      ceilingExponent: z.int().min(0).max(6).default(0),
      allowance: z.int().min(0).max(0xff).default(12),
      scope: z.int().min(0).max(0xffff).default(1),
      product: z.int().min(0).max(0xff).default(1),
    })
    .prefault({}),
  lists: z
    .strictObject({
      expiresS: z
        .int()
        .min(60)
        .default(30 * 86_400),
      /** A list is signed anew after this time even if nothing has changed. */
      refreshS: z
        .int()
        .min(1)
        .default(6 * 3_600),
      /**
       * How much later than the last signed time settlement may start without the operator's word that its
       * clock is right.
       */
      jumpS: z
        .int()
        .min(600)
        .default(2 * 86_400),
      issuerKeyLifetimeS: z
        .int()
        .min(3_600)
        .default(2 * 365 * 86_400),
      /** Of a key that signs lists and answers, while the root key is in the data directory. */
      onlineKeyLifetimeS: z
        .int()
        .min(3_600)
        .default(90 * 86_400),
      /** So long before its end it is followed, or a person is told that the root has to sign a new one. */
      onlineKeyWarnS: z
        .int()
        .min(60)
        .default(30 * 86_400),
      /** A new issuer key is published so long before it signs; a revocation does not wait. */
      keyAnnounceS: z
        .int()
        .min(0)
        .default(7 * 86_400),
    })
    .prefault({}),
  http: z
    .strictObject({
      /** Of each address, known or not; batches of gates do not count. */
      requestsPerMinute: z.int().min(1).default(6_000),
      /** Of each rider's account, and of each merchant, wherever they ask from. */
      riderRequestsPerMinute: z.int().min(1).default(600),
      merchantRequestsPerMinute: z.int().min(1).default(3_000),
      challengesPerMinute: z.int().min(1).default(600),
      /** Of each merchant, of those requests. */
      paymentsPerMinute: z.int().min(1).default(1_200),
      /** Of each address that gates come from. */
      gateAsksPerMinute: z.int().min(1).default(6_000),
      /** Open at once: connections in all and of one address, event streams of one address. */
      connectionsMax: z.int().min(1).default(4_096),
      connectionsPerAddressMax: z.int().min(1).default(512),
      streamsPerAddressMax: z.int().min(1).default(200),
      /** Addresses of proxies whose word on the client's address is taken; none by default. */
      trustedProxies: z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])).default([]),
      /** What order links begin with: the name that riders know. Default: where it listens. */
      publicUrl: z.url().optional(),
    })
    .prefault({}),
  operators: z
    .strictObject({
      /** How long a named operator's token is good; they rotate it before. */
      tokenDays: z.int().min(1).max(3_660).default(90),
      /** A second named operator confirms what moves an account to another phone. */
      fourEyes: z.boolean().default(false),
    })
    .prefault({}),
  payments: paymentsSchema,
  offline: offlineSchema,
  enrolment: z
    .strictObject({
      /** The least that an invitation has to say of who enrols; `open`: none is needed. */
      policy: z.enum(ENROLMENT_KINDS).default('invite'),
      perAddressPerHour: limit(1_000_000, 20),
    })
    .prefault({}),
  retention: z
    .strictObject({
      /** Trust lists that are kept whole; what rulings need of older ones stays. */
      trustLists: limit(100_000, 1_000),
      /** At least for longer than any code can pay; the key of a refused payment stays. */
      refusedPaymentDays: z.int().min(2).max(36_600).default(90),
      /** Denials that were lifted, and what was on earlier versions of the deny list. */
      denyHistoryDays: z.int().min(2).max(36_600).default(90),
      /** Recovery codes that were used or are over, and approvals that are over. */
      recoveryDays: z.int().min(2).max(36_600).default(90),
    })
    .prefault({}),
  recovery: z
    .strictObject({
      /** It bounds nothing any more; settings that have it are good. */
      triesPerAddressPerHour: limit(1_000_000, 20).optional(),
      /** Tries with what may be a recovery code from before they could be told: of all together. */
      triesPerMinute: limit(100_000, 120),
    })
    .prefault({}),
  topUps: z
    .strictObject({
      /** `sandbox` makes money out of nothing: for trying only. */
      mode: z.enum(['off', 'sandbox']).default('off'),
      /** Without it a sandbox runs on this machine only. */
      sandboxBeyondLoopback: z.boolean().default(false),
    })
    .prefault({}),
});

export type SettlementFile = z.infer<typeof configSchema>;
export type SettlementOptions = Omit<z.input<typeof configSchema>, 'stile'>;

/** What bounds payments, with whose calendar days are meant. */
export function paymentLimitsOf({ payments, timeZone }: SettlementFile): PaymentLimits {
  return { ...payments, timeZone };
}

/** What was asked for and is not what is in force: each with its path, what is there and what was asked. */
export function settingsNotInForce(asked: object, inForce: object): string[] {
  return Object.entries(asked).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const found: unknown = Object.getOwnPropertyDescriptor(inForce, name)?.value;
    if (isSection(value) && isSection(found)) {
      return settingsNotInForce(value, found).map((one) => `${name}.${one}`);
    }
    const [is, not] = [JSON.stringify(found), JSON.stringify(value)];
    return is === not ? [] : [`${name} is ${is}, not ${not}`];
  });
}

const isSection = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
