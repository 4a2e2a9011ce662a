/** Everything the till says in English. */
import type { AmountReason } from '@stile/protocol/money/amount.ts';
import type { PaymentMethod, PaymentReason } from '@stile/protocol/payment.ts';
import type { AmountHint } from '../../parts/money.ts';

export const en = {
  title: 'Stile till',
  signIn: {
    title: 'Sign in this till',
    text: 'Your operator gives your shop a token. It stays in this browser until you sign out.',
    token: 'Token',
    button: 'Sign in',
    refused: 'This token is not known, or was ended. Ask your operator for a new one.',
    kept: 'The token in this browser is kept until another takes its place.',
    unreachable: 'No answer from the operator. Check the network and try again.',
  },
  offer: {
    title: 'Sign this till in for another shop?',
    text: 'A link has opened this page with a token. If you say yes, all sales go to this shop from now on:',
    warning:
      'Say yes only if your operator has given you this link. Compare the name in brackets too.',
    yes: 'Yes, sign in for it',
    no: 'No, leave all as it was',
    failed: 'A link with a token that is not good was opened. This till is signed in as it was.',
  },
  signOut: 'Sign out',
  pages: { sell: 'Sell', list: 'Today' },
  sell: {
    title: 'Amount',
    clear: 'Clear',
    back: 'Back',
    note: 'What for (optional)',
    scanHint: 'Scan the customer’s code now, or choose:',
    camera: 'Camera',
    type: 'Type digits',
    order: 'Show QR',
    digits: 'The 20 digits',
    take: 'Take payment',
    cancel: 'Cancel',
    notCode: 'That is no payment code. Ask for the Pay page of the wallet.',
    misread: 'A digit is wrong or missing. Scan again, or type all 20 digits.',
    transit: 'That is a transit code: it opens gates. Ask for the Pay page of the wallet.',
    amountFirst: 'Enter the amount first.',
    alreadyPaid: (amount: string) => `This code has just paid ${amount}: nothing more is taken.`,
    nextFirst: 'First “Next customer”: nothing was taken with this code.',
    openFirst: 'Nothing was taken with this: first finish what is shown.',
    sellFirst: 'Nothing was taken with this: payments are taken on the page “Sell”.',
    cameraFailed: 'The camera cannot be used here. Type the digits.',
    orderHint: 'The customer scans this with the phone’s camera and confirms.',
    orderLabel: 'Order for the customer’s phone',
    orderWaiting: 'Waiting for the customer …',
    notCancelled: 'The order was not taken back:',
  },
  open: {
    payment: ({ amount, shop }: { amount: string; shop: string }) =>
      `A payment of ${amount} at ${shop} is not known yet. It may be paid or not.`,
    ofOther: ({ amount, shop }: { amount: string; shop: string }) =>
      `A payment of ${amount} belongs to ${shop} and is not known yet. Sign in for that shop to ask.`,
    refund: ({ amount }: { amount: string }, receipt: number) =>
      `Whether ${amount} of receipt ${receipt} went back is not known yet. Asking again gives it back once.`,
    refundOfOther: ({ amount, shop }: { amount: string; shop: string }) =>
      `A refund of ${amount} belongs to ${shop} and is not known yet. Sign in for that shop to ask.`,
  },
  leave: {
    title: 'Not all is known yet',
    text: 'Ask again before you sign out. Afterwards only a token of this shop can ask; nothing is forgotten in this browser.',
    no: 'Stay signed in',
    yes: 'Sign out all the same',
  },
  outcome: {
    waiting: 'Asking …',
    paid: 'Paid',
    receipt: (n: number) => `Receipt ${n}`,
    refused: 'Not paid',
    unknown: 'Not known yet',
    unknownText:
      'No answer came. It may be paid or not: do not take another code for it. Asking again cannot charge twice.',
    again: 'Ask again',
    reverse: 'Take back',
    notReversed: 'It could not be taken back:',
    reversed: 'Taken back. Nothing is charged.',
    next: 'Next customer',
    print: 'Print receipt',
  },
  list: {
    title: 'Today',
    paid: 'Paid',
    refunded: 'Given back',
    total: 'Total',
    empty: 'Nothing sold today.',
    refund: 'Refund',
    managerOnly: 'Giving money back takes the manager’s token: sign in with it.',
    refundTitle: (n: number) => `Refund receipt ${n}`,
    refundAmount: 'Amount to give back',
    refundYes: 'Give back',
    refundFailed: 'It was not given back:',
    gaveBack: (amount: string) => `${amount} given back`,
    state: { PAID: 'Paid', REFUSED: 'Not paid', REVERSED: 'Taken back', UNKNOWN: 'Not known' },
    more: 'Show more',
    unreachable: 'No answer: this list may be old.',
  },
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
  failures: {
    NOT_STORED:
      'This browser cannot store anything, so nothing was asked. Free some space, or use another browser.',
    UNREACHABLE: 'no answer. Check the network and try again.',
    MANAGER_NEEDED: 'it takes the manager’s token. Sign in with it.',
  },
  refusals: {
    REVERSED: 'It was taken back.',
    TOO_MANY_TRIES: 'Too many wrong codes. Wait a while, or show a QR.',
    CODE_REFUSED: 'The code is not good. Scan it again, or ask for a new one.',
    CLOCK_OFF: 'The phone’s clock is wrong, or the code is old. Ask for a new one.',
    CODE_EXPIRED: 'The code is too old. Ask for a new one.',
    CODE_USED: 'The code was used already. Ask for a new one.',
    ORDER_PAID: 'Somebody else has paid it already.',
    ORDER_CANCELLED: 'The order was taken back.',
    ORDER_EXPIRED: 'The order is too old. Make a new one.',
    DENIED: 'The customer’s account is blocked. Ask for another way to pay.',
    FARE_UNKNOWN: 'The fare is not known.',
    OVER_AMOUNT_CAP: 'It is more than a code pays without the customer’s word. Show a QR.',
    OVER_OFFLINE_CAP: 'The customer’s phone has to go online first. Show a QR.',
    OVER_DAY_CAP: 'It is more than the customer may spend today.',
    WALLET_SHORT: 'There is not enough in the customer’s wallet.',
    NOT_RECEIVED: 'The operator has not received it.',
  } satisfies Record<PaymentReason, string>,
};
