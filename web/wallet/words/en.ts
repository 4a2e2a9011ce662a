/** Everything the wallet says in English. A sentence says what happened and what to do. */
import type { AmountReason } from '@stile/protocol/money/amount.ts';
import type { PaymentMethod, PaymentReason } from '@stile/protocol/payment.ts';
import type { AmountHint } from '../../parts/money.ts';

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
    enlarge: 'Touch the code to make it large and bright',
    shrink: 'Touch again to go back',
    goOnline: (when: string) => `Go online before ${when}`,
    goOnlineTitle: 'What does that mean?',
    goOnlineText: (rides: string) =>
      `This phone makes codes without a network until then, for ${rides} at each gate. Open the wallet once with a network, and your pass is renewed by itself: the date moves on. Later, gates refuse the codes until you do; your money stays.`,
    rides: (n: number) => (n === 1 ? 'one ride' : `${n} rides`),
    left: (n: number) => `Good for ${n} seconds. A new one comes by itself.`,
    over: 'This code is over. Press “New code”.',
    balance: 'Balance',
    lastRide: 'Last ride',
    noRide: 'None yet',
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
    onlineAmount: 'At most (optional)',
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
    sandbox: 'Sandbox: this money is made up, none of it is real.',
    topUpsOff: 'Money cannot be paid in here. Ask your operator how to.',
    topUpDone: (amount: string) => `${amount} paid in.`,
    topUpOpen: (amount: string) =>
      `No answer yet whether ${amount} were paid in. This phone goes on asking: they are paid in once. Then you can top up again.`,
    topUpAsk: 'Ask now',
    statement: 'Rides and payments',
    empty: 'Nothing yet. Your rides will stand here with their fares.',
    earlier: 'Show earlier ones',
    receipt: 'Receipt',
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
      STALE_CODE: 'The code was out of date: nothing is charged.',
      FARE_UNKNOWN: 'The fare is not known yet: nothing is charged.',
      RECOVERED: 'Was owed, and is paid.',
    } as Readonly<Record<string, string>>,
  },
  receipt: {
    title: 'Receipt',
    amount: 'Amount',
    operator: 'Operator',
    what: 'What for',
    how: 'Paid with',
    ridden: 'Ridden',
    charged: 'Charged',
    owed: 'Still owed',
    note: 'Note',
    account: 'Account',
    number: 'Number',
    share: 'Share',
    copied: 'Copied: paste it where you want to keep it.',
    print: 'Print or save as PDF',
    missing: 'This receipt is not on this phone. Open it from the list under Money.',
    back: 'Back to your money',
  },
  more: {
    title: 'This phone',
    language: 'Language',
    account: 'Account',
    pass: 'Pass good until',
    rides: 'Rides for each gate',
    renew: 'Renew the pass now',
    renewed: 'Renewed.',
    key: 'Key',
    keyPlatform: (algorithm: string) => `${algorithm}, cannot leave this browser`,
    keyPage: 'kept by the page itself: this browser has no safer place',
    clock: 'Clock',
    clockRight: 'agrees with the operator’s',
    clockUnknown: 'not compared yet',
    missing:
      'A part of this page could not be loaded: there is no network, or the wallet was renewed meanwhile. Reload it.',
    reload: 'Reload the page',
    forget: 'Remove from this phone',
    forgetTitle: 'Remove this wallet?',
    forgetSure: (amount: string) =>
      `The account and its ${amount} stay with your operator, but this phone cannot reach them any more.`,
    forgetWithCode: 'With your recovery code you bring them back, here or on another phone.',
    forgetNoCode:
      'You have no recovery code: make one first, or only your operator can bring them back.',
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
    invite: 'Invitation code from your operator',
    working: 'Setting up …',
    offline: 'Setting up needs a network, this once. Go online and try again.',
  },
  recover: {
    open: 'I have a recovery code',
    title: 'Bring your account here',
    text: 'The code that you wrote down, or that another phone or your operator shows you. A phone that had the account before is blocked; the money stays.',
    code: 'Code',
    here: 'Use this phone from now on',
    block: 'My phone is lost: only block it',
    blocked:
      'Blocked: no phone rides or pays with this account any more. The code stays good to bring it to another phone.',
    other: 'Bring the other account here',
    misread: 'A character is wrong or missing. Compare the code once more.',
    offline: 'This needs a network. Go online and press again: the code is not lost.',
  },
  recovery: {
    title: 'If it is lost',
    none: 'Without a recovery code a lost phone or cleared browser is hard to replace.',
    make: 'Make a recovery code',
    made: (when: string) => `You have a recovery code, made ${when}. Nobody can show it again.`,
    replace: 'Make a new code',
    earlier: (until: string) =>
      `An earlier recovery code still works until ${until}. If this was not you, block your phones with the earlier one.`,
    unconfirmed:
      'A new recovery code was shown, and nobody has said that it is written down. One that you had before stays good until then. If you do not have the new one, make another.',
    phones: 'Phones of this account',
    phone: (serial: number, isThis: boolean) =>
      isThis ? `Phone ${serial} (this one)` : `Phone ${serial}`,
    joined: (by: number) => `joined with phone ${by}`,
    blockNote:
      'A phone that you block takes along the codes that it made, and phones that joined with it after this one.',
    block: 'Block it',
    add: 'Add another phone',
    freshTitle: 'Your recovery code',
    freshText:
      'Write it down and keep it apart from this phone. It is shown this once. Whoever has it has your account. One that you had before works for seven days after you say that you have this one.',
    phoneTitle: 'Code for the other phone',
    phoneText:
      'Open the wallet there, press “I have a recovery code” and enter this. Good for ten minutes, once.',
    account: (account: string) => `Account ${account}`,
    copy: 'Copy',
    copied: 'Copied',
    print: 'Print',
    written: 'I have written it down',
    hidden: 'You have been away, so the code is covered. It is shown to nobody else.',
    show: 'Show it again',
    unwritten: 'The old code is still good. Press again.',
    later: 'Not now: keep the old code',
  },
  pin: {
    title: 'PIN',
    text: 'Asked for before you pay. It stops who holds your phone, not who copies its storage: for that a longer one helps.',
    before: 'PIN until now: to change it or take it away',
    digits: 'New PIN, 4 to 12 digits',
    again: 'The same again',
    set: 'Set the PIN',
    change: 'Change the PIN',
    remove: 'Take the PIN away',
    beforeRide: 'Also before riding',
    enter: 'Your PIN',
    open: 'Open',
    wrong: 'That is not the PIN.',
    wait: (far: string) => `Wrong too often. Wait ${far}.`,
    over: 'Wrong too often. Only a recovery code, or your operator, helps now. The money is still there.',
    forgotten: 'Forgotten it?',
  },
  noStorage: {
    title: 'This window keeps nothing',
    text: 'A wallet needs a place for its key. Some private windows have none: open this page in a normal one, and allow it to store data.',
  },
  evicted: {
    title: 'The wallet on this phone was cleared',
    text: (account: string) =>
      `The browser has deleted the key of account ${account}, to make room or because site data was cleared. ` +
      'The money is still there. Your recovery code brings it back; without one your operator can, if you tell them that account number.',
    start: 'Go on with a new, empty account',
  },
  warnings: {
    passExpired: (when: string) =>
      `Your pass ended ${when}. Go online: it is renewed by itself, and gates take it again.`,
    keyRevoked:
      'The operator has withdrawn the key that signed your pass, because it was stolen. Gates refuse this pass. ' +
      'Your money is safe. Stay online: a new pass comes by itself.',
    noOfflineRides:
      'No rides at gates without a network: nothing stands behind this account. Top up, and they come by themselves.',
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
  amounts: {
    NOT_AN_AMOUNT: ({ example }) => `Write an amount in digits, such as ${example}.`,
    TOO_MANY_DECIMALS: ({ decimals, example }) =>
      decimals === 0
        ? `This currency has no decimals: write an amount such as ${example}.`
        : `At most ${decimals} digits may stand behind the point: write an amount such as ${example}.`,
    ZERO: () => 'The amount has to be more than nothing.',
    TOO_LARGE: ({ most }) => `At most ${most}.`,
  } satisfies Record<AmountReason, (hint: AmountHint) => string>,
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
    CLOCK_OFF: 'Your phone’s clock is wrong. Set it to automatic.',
    CODE_EXPIRED: 'The code was too old. Show a new one.',
    CODE_USED: 'The code was used already. Show a new one.',
    ORDER_PAID: 'Somebody else has paid this already. Nothing was taken from your wallet.',
    ORDER_CANCELLED: 'The shop took it back.',
    ORDER_EXPIRED: 'It is too old. Ask for a new one.',
    DENIED: 'Your account is blocked. See Money.',
    FARE_UNKNOWN: 'The fare is not known. Ask the staff.',
    OVER_AMOUNT_CAP: 'It is more than a code pays. Let the shop show a QR and confirm it.',
    OVER_OFFLINE_CAP: 'It is more than payment codes pay in a day. Use an online code.',
    OVER_DAY_CAP: 'It is more than you may spend in a day.',
    WALLET_SHORT: 'There is not enough in your wallet. Top up.',
    NOT_RECEIVED: 'It never arrived.',
  } satisfies Record<PaymentReason, string>,
  /** Refusals of settlement's API, by code. */
  failures: {
    PROOF_REFUSED:
      'The operator does not know this wallet. Ask them; or remove it under More and set up a new one.',
    ACCOUNT_DENIED: 'Your account is blocked. See Money.',
    PASS_ENDED:
      'This phone was blocked, or your account is on another one. To bring it back, remove the wallet under More and enter your recovery code.',
    RECOVERY_REFUSED:
      'This code is unknown, used or replaced. Take the newest one, or ask your operator to move the account.',
    RECOVERY_OTHER_ACCOUNT:
      'This code is of another account. Nothing has happened, and the code is still good. Enter the code of this phone’s account.',
    INVITE_NEEDED: 'This operator enrols by invitation. Enter the code that they gave you.',
    INVITE_REFUSED: 'This invitation is unknown, used or too old. Ask your operator for a new one.',
    PERSON_DENIED: 'An account of yours is blocked. Settle that one first, or ask your operator.',
    NOTHING_BEHIND: 'Nothing stands behind this account. Top up, then renew.',
    CODES_COPIED:
      'Your codes opened several gates, or were out of date. Ride with online codes for a month, or ask your operator.',
    PASSES_OPEN: 'Your pass was renewed too often. Wait until an earlier one has ended.',
    PHONES_FULL:
      'Eight phones are on this account. Block one that is used no more, then try again.',
    PHONES_OFTEN:
      'This account came to too many phones today. Try again tomorrow. If one is lost, block it now, or ask your operator.',
    TOP_UPS_OFF: 'Money cannot be paid in here. Ask your operator how to.',
    TOP_UP_FAILED: 'The payment was refused. No money has moved.',
    WALLET_FULL: 'The wallet would hold more than it may.',
    ORDER_UNKNOWN: 'There is no such order.',
    AMOUNT_CHANGED: 'The order asks for another amount now. Look again.',
    PAYEE_CHANGED: 'The shop has another name now. Look again.',
    PAYMENT_CODES_OFF: 'This operator has no payment codes.',
    TOO_MANY_REQUESTS: 'Too many requests. Wait a minute and try again.',
  } as Readonly<Record<string, string>>,
  unreachable: 'No answer from the operator. Try again when you are online.',
};
