/** Fields of the JSON that a gate sent, from the bytes as they were stored. */

/** Fields that the checks look for; what a field holds is theirs to judge. */
export type Fields = {
  readonly [Name in 'id' | 'of' | 'fareCents' | 'scan' | 'toSeq' | 'head' | 'sig']?: unknown;
};

/** None if it is no JSON object: whoever looks for a field then finds nothing. */
export function readFields(bytes: Uint8Array): Fields {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
