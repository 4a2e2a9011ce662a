/** Which ends of records a person has to look at, counted for each gate. */
export type EndAlarms = {
  unreadable: number;
  extraUses: number;
  fareUnknown: number;
  /** Codes under passes that were never given out: somebody may have the issuer's key. */
  notIssued: number;
  /** Codes that a gate opened for although settlement was not paid for them, or not so much. */
  unpaid: number;
  rejected: number;
};

const ALARM_OF: Readonly<Record<string, keyof EndAlarms | null>> = {
  CHARGED: null,
  PENDING: null,
  PAID: null,
  VOIDED: null,
  WRITTEN_OFF: null,
  EXTRA_USE: 'extraUses',
  FARE_UNKNOWN: 'fareUnknown',
  DEVICE_KEY_UNKNOWN: 'notIssued',
  PASS_NOT_ISSUED: 'notIssued',
  UNREADABLE: 'unreadable',
  UNPAID: 'unpaid',
  OTHER_FARE: 'unpaid',
};

/** Every disposition that is no good one and has no alarm of its own is a rejected record. */
export function countAlarms(counts: Iterable<{ disposition: string; count: number }>): EndAlarms {
  const alarms = {
    unreadable: 0,
    extraUses: 0,
    fareUnknown: 0,
    notIssued: 0,
    unpaid: 0,
    rejected: 0,
  };
  for (const { disposition, count } of counts) {
    const alarm = ALARM_OF[disposition];
    if (alarm !== null) alarms[alarm ?? 'rejected'] += count;
  }
  return alarms;
}
