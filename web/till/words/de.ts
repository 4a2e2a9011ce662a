/** Everything the till says in German; the shape, and so its completeness, is that of the English. */
import type { Words } from './shape.ts';

export const de: Words = {
  title: 'Stile-Kasse',
  signIn: {
    title: 'Diese Kasse anmelden',
    text: 'Ihr Betreiber gibt Ihrem Laden einen Zugangsschlüssel. Er bleibt in diesem Browser, bis Sie abmelden.',
    token: 'Zugangsschlüssel',
    button: 'Anmelden',
    refused:
      'Dieser Zugangsschlüssel ist nicht bekannt oder wurde beendet. Bitten Sie um einen neuen.',
    kept: 'Der Zugangsschlüssel in diesem Browser bleibt, bis ein anderer an seine Stelle tritt.',
    unreachable: 'Keine Antwort vom Betreiber. Prüfen Sie das Netz und versuchen Sie es wieder.',
    again: 'Noch einmal versuchen',
  },
  offer: {
    title: 'Diese Kasse für einen anderen Laden anmelden?',
    text: 'Ein Link hat diese Seite mit einem Zugangsschlüssel geöffnet. Sagen Sie ja, gehen ab jetzt alle Verkäufe an diesen Laden:',
    warning:
      'Sagen Sie nur ja, wenn Ihr Betreiber Ihnen diesen Link gegeben hat. Vergleichen Sie auch den Namen in Klammern.',
    yes: 'Ja, dafür anmelden',
    no: 'Nein, alles lassen, wie es war',
    failed:
      'Ein Link mit einem ungültigen Zugangsschlüssel wurde geöffnet. Diese Kasse ist angemeldet wie zuvor.',
  },
  sound: { on: 'Ton an', off: 'Ton aus' },
  signOut: 'Abmelden',
  pages: { sell: 'Verkauf', list: 'Heute' },
  sell: {
    title: 'Betrag',
    clear: 'Löschen',
    back: 'Zurück',
    note: 'Wofür (freiwillig)',
    scanHint: 'Scannen Sie jetzt den Code der Kundin oder wählen Sie:',
    camera: 'Kamera',
    type: 'Ziffern tippen',
    order: 'QR zeigen',
    digits: 'Die 20 Ziffern',
    take: 'Zahlung nehmen',
    cancel: 'Abbrechen',
    notCode: 'Das ist kein Zahlcode. Bitten Sie um die Seite „Zahlen“ der Karte.',
    misread:
      'Eine Ziffer ist falsch oder fehlt. Noch einmal scannen oder alle 20 Ziffern eingeben.',
    transit: 'Das ist ein Fahrcode: Er öffnet Sperren. Bitten Sie um die Seite „Zahlen“ der Karte.',
    amountFirst: 'Geben Sie zuerst den Betrag ein.',
    alreadyPaid: (amount) =>
      `Dieser Code hat gerade ${amount} bezahlt: Es wird nichts weiter genommen.`,
    nextFirst: 'Erst „Nächste Kundin“: Mit diesem Code wurde nichts genommen.',
    openFirst: 'Damit wurde nichts genommen: Schließen Sie erst ab, was angezeigt ist.',
    sellFirst: 'Damit wurde nichts genommen: Zahlungen nimmt die Seite „Verkauf“.',
    cameraInstead: 'Oder tippen Sie die Ziffern.',
    orderHint: 'Die Kundin scannt das mit der Kamera des Telefons und bestätigt.',
    orderLabel: 'Bestellung für das Telefon der Kundin',
    orderWaiting: 'Warten auf die Kundin …',
    notCancelled: 'Die Bestellung wurde nicht zurückgenommen:',
  },
  open: {
    payment: ({ amount, shop }) =>
      `Eine Zahlung von ${amount} bei ${shop} ist noch nicht bekannt. Vielleicht ist bezahlt, vielleicht nicht.`,
    ofOther: ({ amount, shop }) =>
      `Eine Zahlung von ${amount} gehört zu ${shop} und ist noch nicht bekannt. Melden Sie die Kasse für dieses Geschäft an, um nachzufragen.`,
    refund: ({ amount }, receipt) =>
      `Ob ${amount} von Beleg ${receipt} zurückgegeben wurden, ist noch nicht bekannt. Noch einmal fragen gibt es nur einmal zurück.`,
    refundOfOther: ({ amount, shop }) =>
      `Eine Erstattung von ${amount} gehört zu ${shop} und ist noch nicht bekannt. Melden Sie die Kasse für dieses Geschäft an, um nachzufragen.`,
  },
  leave: {
    title: 'Noch ist nicht alles bekannt',
    text: 'Fragen Sie noch einmal, bevor Sie abmelden. Danach kann nur ein Zugangsschlüssel dieses Ladens nachfragen; in diesem Browser wird nichts vergessen.',
    no: 'Angemeldet bleiben',
    yes: 'Trotzdem abmelden',
  },
  outcome: {
    waiting: 'Wird gefragt …',
    paid: 'Bezahlt',
    receipt: (n) => `Beleg ${n}`,
    refused: 'Nicht bezahlt',
    unknown: 'Noch nicht bekannt',
    unknownText:
      'Es kam keine Antwort. Vielleicht ist bezahlt, vielleicht nicht: Nehmen Sie dafür keinen anderen Code. Noch einmal fragen bucht nicht doppelt.',
    again: 'Noch einmal fragen',
    reverse: 'Zurücknehmen',
    notReversed: 'Es konnte nicht zurückgenommen werden:',
    reversed: 'Zurückgenommen. Es wird nichts gebucht.',
    next: 'Nächste Kundin',
    print: 'Beleg drucken',
  },
  list: {
    title: 'Heute',
    paid: 'Bezahlt',
    refunded: 'Zurückgegeben',
    total: 'Summe',
    empty: 'An diesem Tag nichts verkauft.',
    refund: 'Erstatten',
    managerOnly:
      'Geld zurückgeben kann nur, wer mit dem Zugangsschlüssel der Leitung angemeldet ist.',
    refundTitle: (n) => `Beleg ${n} erstatten`,
    refundAmount: 'Betrag zurück',
    refundYes: 'Zurückgeben',
    refundFailed: 'Es wurde nicht zurückgegeben:',
    gaveBack: (amount) => `${amount} zurückgegeben`,
    state: {
      PAID: 'Bezahlt',
      REFUSED: 'Nicht bezahlt',
      REVERSED: 'Zurückgenommen',
      UNKNOWN: 'Nicht bekannt',
    },
    day: 'Tag',
    dayBefore: 'Tag davor',
    dayAfter: 'Tag danach',
    close: 'Tagesabschluss',
    csv: 'Als CSV speichern',
    payments: (n) => (n === 1 ? '1 Zahlung' : `${n} Zahlungen`),
    print: 'Drucken',
    more: 'Mehr zeigen',
    unreachable: 'Keine Antwort: Diese Liste kann alt sein.',
  },
  amounts: {
    NOT_AN_AMOUNT: ({ example }) => `Schreiben Sie den Betrag in Ziffern, zum Beispiel ${example}.`,
    TOO_MANY_DECIMALS: ({ decimals, example }) =>
      decimals === 0
        ? `Diese Währung hat keine Nachkommastellen: zum Beispiel ${example}.`
        : `Höchstens ${decimals} Stellen hinter dem Komma: zum Beispiel ${example}.`,
    ZERO: () => 'Der Betrag muss mehr als nichts sein.',
    TOO_LARGE: ({ most }) => `Höchstens ${most}.`,
  },
  ways: {
    TRANSIT_CODE: 'Fahrcode',
    PAYMENT_CODE: 'Zahlcode',
    ONLINE_CODE: 'Online-Code',
    ORDER: 'Bestellung',
  },
  failures: {
    NOT_STORED:
      'Dieser Browser kann nichts speichern, daher wurde nichts angefragt. Machen Sie Platz frei oder nehmen Sie einen anderen Browser.',
    UNREACHABLE: 'keine Antwort. Prüfen Sie das Netz und versuchen Sie es wieder.',
    MANAGER_NEEDED: 'Das kann nur, wer mit dem Zugangsschlüssel der Leitung angemeldet ist.',
  },
  refusals: {
    REVERSED: 'Es wurde zurückgenommen.',
    TOO_MANY_TRIES: 'Zu viele falsche Codes. Warten Sie etwas oder zeigen Sie einen QR.',
    CODE_REFUSED: 'Der Code gilt nicht. Scannen Sie noch einmal oder bitten Sie um einen neuen.',
    CLOCK_OFF:
      'Die Uhr des Telefons geht falsch, oder der Code ist alt. Bitten Sie um einen neuen.',
    CODE_EXPIRED: 'Der Code ist zu alt. Bitten Sie um einen neuen.',
    CODE_USED: 'Der Code war schon benutzt. Bitten Sie um einen neuen.',
    ORDER_PAID: 'Das hat schon jemand anderes bezahlt.',
    ORDER_CANCELLED: 'Die Bestellung wurde zurückgenommen.',
    ORDER_EXPIRED: 'Die Bestellung ist zu alt. Machen Sie eine neue.',
    DENIED: 'Das Konto ist gesperrt. Bitten Sie um eine andere Zahlungsart.',
    FARE_UNKNOWN: 'Der Fahrpreis ist nicht bekannt.',
    OVER_AMOUNT_CAP:
      'Es ist mehr, als ein Code ohne das Wort des Kunden zahlt. Zeigen Sie einen QR.',
    OVER_OFFLINE_CAP: 'Das Telefon muss zuerst online gehen. Zeigen Sie einen QR.',
    OVER_DAY_CAP: 'Es ist mehr, als heute ausgegeben werden darf.',
    WALLET_SHORT: 'Das Guthaben reicht nicht.',
    NOT_RECEIVED: 'Der Betreiber hat es nicht bekommen.',
  },
};
