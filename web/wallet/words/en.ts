/** Everything the wallet says in English. A sentence says what happened and what to do. */
import type { PaymentMethod, PaymentReason } from '@stile/protocol/payment.ts';

export const en = {
  title: 'Stile wallet',
  pages: { ride: 'Ride', pay: 'Pay', money: 'Money', more: 'More' },
  online: 'Online',
  offline: 'Offline – codes still work',
  offlineNew: 'Offline',
  starting: 'One moment …',
  ride: {
    title: 'Your transit code',
    hold: 'Hold it before the reader at the gate.',
    label: 'Transit code for the gate',
    fresh: 'New code',
    brightness: 'Hard to read? Turn the brightness up.',
    passTitle: 'Your pass',
    goOnline: (when: string) => `Go online before ${when}`,
    madeAt: (when: string) => `Made at ${when}`,
  },
  pay: {
    title: 'Pay at a till',
    kinds: 'Which code',
    offlineTitle: 'Payment code',
    offlineHint: 'Works without a network. The till needs one.',
    label: 'Payment code',
    upTo: (amount: string) => `Pays up to ${amount} at a time.`,
    seconds: (n: number) => `New digits in ${n} seconds`,
    spent: (n: number) => `This code was used. New digits in ${n} seconds.`,
    none: 'No payment code yet. Go online once, and it comes by itself.',
    off: 'This operator has no payment codes. Use an online code.',
    onlineTitle: 'Online code',
    onlineHint: 'For larger amounts, while you are online. One minute, once.',
    onlineMake: 'New online code',
    onlineLabel: 'Online code',
    onlineLeft: (n: number) => `Good for ${n} seconds`,
    onlineOver: 'This code is over.',
    onlineUsed: 'This code was used.',
    onlineNoNetwork: 'An online code needs a network. The payment code does not.',
  },
  money: {
    title: 'Your money',
    balance: 'Balance',
    debt: (amount: string) => `You owe ${amount}.`,
    debtHint: 'Top up by at least this much: it is paid first, and gates take your pass again.',
    clear: (amount: string) => `Pay ${amount} now`,
    topUp: 'Top up',
    topUpHint: 'Sandbox: no real money moves.',
    topUpDone: (amount: string) => `${amount} paid in.`,
    topUpUnsure: 'No answer. Press the same amount again: it is paid in once.',
    statement: 'Rides and payments',
    empty: 'Nothing yet. Your rides will stand here with their fares.',
    earlier: 'Show earlier ones',
    ridden: (when: string) => `Ridden ${when}`,
    riddenAbout: (when: string) => `Ridden about ${when} (the gate had no clock)`,
    charged: (when: string) => `charged ${when}`,
    owed: (amount: string) => `${amount} still owed`,
    asOf: (when: string) => `As of ${when}`,
    kinds: { ride: 'Ride', payment: 'Payment', refund: 'Money back', topUp: 'Top-up' },
    line: (line: string) => `Line ${line}`,
    notes: {
      BARRIER_FAILED: 'The gate did not open: nothing is charged.',
      GATE_DID_NOT_OPEN: 'The gate did not open.',
      FARE_UNKNOWN: 'The fare is not known yet: nothing is charged.',
      RECOVERED: 'Was owed, and is paid.',
    } as Readonly<Record<string, string>>,
  },
  more: {
    title: 'This phone',
    language: 'Language',
    account: 'Account',
    pass: 'Pass good until',
    key: 'Key',
    keyPlatform: (algorithm: string) => `${algorithm}, cannot leave this browser`,
    keyPage: 'kept by the page itself: this browser has no safer place',
    clock: 'Clock',
    clockRight: 'agrees with the operator’s',
    clockUnknown: 'not compared yet',
    forget: 'Remove from this phone',
    forgetTitle: 'Remove this wallet?',
    forgetSure: 'The account stays, but this phone cannot reach it any more, nor the money on it.',
    forgetYes: 'Remove',
    cancel: 'Cancel',
  },
  order: {
    title: 'Confirm payment',
    to: (name: string) => `To ${name}`,
    confirm: (amount: string) => `Pay ${amount}`,
    refuse: 'Not now',
    paid: (amount: string, name: string) => `${amount} paid to ${name}.`,
    states: {
      PAID: 'This is paid already.',
      CANCELLED: 'The shop took this back.',
      EXPIRED: 'This is too old. Ask for a new one.',
    },
    offline: 'This needs a network. Go online and try again.',
    unsure: 'No answer. Asking again cannot pay twice.',
    again: 'Ask again',
    short: (amount: string) => `Your balance is ${amount}.`,
    topUp: (amount: string) => `Top up ${amount}`,
    done: 'Done',
  },
  enrol: {
    title: 'A ticket in your pocket that needs no network',
    text: 'This phone makes a key of its own. With it you ride and pay, also where there is no network.',
    start: 'Set up this phone',
    working: 'Setting up …',
    offline: 'Setting up needs a network, this once. Go online and try again.',
    before:
      'Was there a wallet here before? Then the browser has deleted its key. The money is not lost: ask your operator.',
  },
  noStorage: {
    title: 'This window keeps nothing',
    text: 'A wallet needs a place for its key. Some private windows have none: open this page in a normal one, and allow it to store data.',
  },
  evicted: {
    title: 'The wallet on this phone was cleared',
    text: (account: string) =>
      `The browser has deleted the key of account ${account}, to make room or because site data was cleared. ` +
      'The money is still there, but this phone can no longer reach it: ask your operator to move it. ' +
      'You can go on with a new account.',
    start: 'Set up anew',
  },
  warnings: {
    passExpired: (when: string) =>
      `Your pass ended ${when}. Go online: it is renewed by itself, and gates take it again.`,
    passEndsSoon: (when: string) => `Go online before ${when}, or gates will refuse your pass.`,
    deniedDebt: (amount: string) =>
      `Blocked: ${amount} is owed. Top up, and gates will take you again within minutes.`,
    deniedOperator: (note: string) =>
      note === ''
        ? 'Blocked by the operator. Ask them why.'
        : `Blocked by the operator: ${note}. Ask them.`,
    clockWrong: (far: string, when: string) =>
      `Your phone’s clock is ${far} (compared ${when}). Gates and tills refuse such codes. Set it to automatic.`,
    clockSet: 'It is set now',
    refused: (why: string) => `The operator refused: ${why}`,
    keyInPage:
      'This browser cannot keep a key safely. Whoever can read this page’s storage could copy your wallet.',
    fast: (n: number) => `${en.duration(n)} fast`,
    slow: (n: number) => `${en.duration(n)} slow`,
  },
  duration: (seconds: number): string =>
    seconds >= 5_400
      ? `${Math.round(seconds / 3_600)} hours`
      : seconds >= 120
        ? `${Math.round(seconds / 60)} minutes`
        : `${seconds} seconds`,
  ways: {
    TRANSIT_CODE: 'transit code',
    PAYMENT_CODE: 'payment code',
    ONLINE_CODE: 'online code',
    ORDER: 'order',
  } satisfies Record<PaymentMethod, string>,
  news: {
    paid: (amount: string, payee: string) => `${amount} paid to ${payee}.`,
    refused: (payee: string, why: string) => `${payee}: not paid. ${why}`,
    refund: (amount: string, payee: string) => `${amount} came back from ${payee}.`,
  },
  refusals: {
    REVERSED: 'It was taken back.',
    TOO_MANY_TRIES: 'Too many wrong codes. Go online for a new one.',
    CODE_REFUSED: 'The code was not accepted. Show a new one.',
    CODE_EXPIRED: 'The code was too old. Show a new one.',
    CODE_USED: 'The code was used already. Show a new one.',
    ORDER_CANCELLED: 'The shop took it back.',
    ORDER_EXPIRED: 'It is too old. Ask for a new one.',
    DENIED: 'Your account is blocked. See Money.',
    FARE_UNKNOWN: 'The fare is not known. Ask the staff.',
    OVER_AMOUNT_CAP: 'It is more than one such payment may be. Use an online code.',
    OVER_OFFLINE_CAP: 'Go online once before you pay more by payment code.',
    OVER_DAY_CAP: 'It is more than you may spend in a day.',
    WALLET_SHORT: 'There is not enough in your wallet. Top up.',
    NOT_RECEIVED: 'It never arrived.',
  } satisfies Record<PaymentReason, string>,
  /** Refusals of settlement's API, by code. */
  failures: {
    PROOF_REFUSED:
      'The operator does not know this wallet. Ask them; or remove it under More and set up a new one.',
    ACCOUNT_DENIED: 'Your account is blocked. See Money.',
    WALLET_FULL: 'The wallet would hold more than it may.',
    ORDER_UNKNOWN: 'There is no such order.',
    AMOUNT_CHANGED: 'The order asks for another amount now. Look again.',
    PAYMENT_CODES_OFF: 'This operator has no payment codes.',
    TOO_MANY_REQUESTS: 'Too many requests. Wait a minute and try again.',
  } as Readonly<Record<string, string>>,
  unreachable: 'No answer from the operator. Try again when you are online.',
};
