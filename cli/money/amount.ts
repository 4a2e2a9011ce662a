/** Amounts on the command line: as people write them, in the currency of the settlement that is asked. */
import { callText } from '@stile/host/http-client.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import {
  type AmountReason,
  type AmountTerms,
  amountText,
  moneyText,
  readAmount,
} from '@stile/protocol/money/amount.ts';
import { exponentOf } from '@stile/protocol/money/currency.ts';
import { AMOUNT_CENTS_MAX } from '@stile/protocol/payment.ts';
import { trustListSchema } from '@stile/protocol/trust-list.ts';

const EXAMPLE_MINOR = 250;

/** As its trust list says, which anyone may read. @throws Fault UPLINK_UNREACHABLE, UPLINK_REFUSED. */
export async function readCurrency(url: string): Promise<string> {
  const [, payload = ''] = (await callText(url, 'v1/trust-list')).split('.');
  try {
    const list = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { currency: unknown };
    return trustListSchema.shape.currency.parse(list.currency);
  } catch (error) {
    throw new Fault('UPLINK_REFUSED', `${url} has no trust list: ${describeError(error)}`, {
      cause: error,
    });
  }
}

/**
 * Minor units of what stands behind `option`.
 * @throws Fault REQUEST_INVALID with what is wrong with it and how to write it.
 */
export function minorOf(
  text: string,
  { option, ...terms }: AmountTerms & { option: string },
): number {
  const reading = readAmount(text, terms);
  if (reading.ok) return reading.minor;
  throw new Fault('REQUEST_INVALID', `${option} ${text}: ${explain(reading.reason, terms)}`);
}

function explain(
  reason: AmountReason,
  { currency, minorMax = AMOUNT_CENTS_MAX }: AmountTerms,
): string {
  const example = `write it such as ${amountText(EXAMPLE_MINOR, currency)}`;
  const decimals = exponentOf(currency);
  switch (reason) {
    case 'NOT_AN_AMOUNT':
      return `this is no amount, ${example}`;
    case 'TOO_MANY_DECIMALS':
      return `${currency} has ${decimals === 0 ? 'no' : decimals} decimals, ${example}`;
    case 'ZERO':
      return 'it has to be more than nothing';
    case 'TOO_LARGE':
      return `at most ${moneyText(minorMax, currency)}`;
  }
}
