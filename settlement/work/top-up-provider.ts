/**
 * Who brings a rider's money in. The port is small on purpose: one question under one key, which may be asked
 * again and is then answered the same. `UNKNOWN` is a word of its own: nobody may read it as yes or no.
 */
export type TopUpQuestion = { account: string; key: string; amountCents: number; currency: string };

export type TopUpProvider = {
  /** PAID: the money is in. FAILED: it is not, and never will be under this key. */
  pay(question: TopUpQuestion): Promise<'PAID' | 'FAILED' | 'UNKNOWN'>;
};

/** Says yes to everything and moves no real money: for trying only. */
export const SANDBOX: TopUpProvider = { pay: async () => 'PAID' };
