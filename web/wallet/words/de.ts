/** Everything the wallet says in German; the shape, and so its completeness, is that of the English. */
import type { Words } from './shape.ts';

export const de: Words = {
  title: 'Stile-Karte',
  pages: { ride: 'Fahren', pay: 'Zahlen', money: 'Geld', more: 'Mehr' },
  online: 'Online',
  offline: 'Offline – Codes gehen trotzdem',
  offlineNew: 'Offline',
  starting: 'Einen Moment …',
  ride: {
    title: 'Ihr Fahrcode',
    hold: 'Halten Sie ihn vor den Leser an der Sperre.',
    label: 'Fahrcode für die Sperre',
    fresh: 'Neuer Code',
    enlarge: 'Tippen Sie auf den Code: Er wird groß und hell',
    shrink: 'Noch einmal tippen, um zurückzugehen',
    goOnline: (when) => `Vor ${when} online gehen`,
    goOnlineTitle: 'Was heißt das?',
    goOnlineText: (rides) =>
      `So lange macht dieses Telefon Codes ohne Netz, für ${rides} an jeder Sperre. Öffnen Sie die Karte einmal mit Netz, dann erneuert sich Ihr Pass von selbst und das Datum rückt weiter. Danach weisen Sperren die Codes ab, bis Sie es tun; Ihr Geld bleibt.`,
    rides: (n) => (n === 1 ? 'eine Fahrt' : `${n} Fahrten`),
    left: (n) => `Noch ${n} Sekunden gültig. Ein neuer kommt von selbst.`,
    over: 'Dieser Code ist abgelaufen. Drücken Sie „Neuer Code“.',
    balance: 'Guthaben',
    lastRide: 'Letzte Fahrt',
    noRide: 'Noch keine',
  },
  pay: {
    title: 'An der Kasse zahlen',
    kinds: 'Welcher Code',
    offlineTitle: 'Zahlcode',
    offlineHint: 'Geht ohne Netz. Die Kasse braucht eines.',
    label: 'Zahlcode',
    upTo: (amount) => `Zahlt bis zu ${amount} auf einmal.`,
    seconds: (n) => `Neue Ziffern in ${n} Sekunden`,
    spent: (n) => `Dieser Code wurde benutzt. Neue Ziffern in ${n} Sekunden.`,
    none: 'Noch kein Zahlcode. Gehen Sie einmal online, dann kommt er von selbst.',
    off: 'Dieser Betreiber hat keine Zahlcodes. Nehmen Sie einen Online-Code.',
    onlineTitle: 'Online-Code',
    onlineHint: 'Für größere Beträge, solange Sie online sind. Eine Minute, einmal.',
    onlineAmount: 'Höchstens (freiwillig)',
    onlineMake: 'Neuer Online-Code',
    onlineLabel: 'Online-Code',
    onlineLeft: (n) => `Noch ${n} Sekunden gültig`,
    onlineOver: 'Dieser Code ist abgelaufen.',
    onlineUsed: 'Dieser Code wurde benutzt.',
    onlineNoNetwork: 'Ein Online-Code braucht ein Netz. Der Zahlcode nicht.',
  },
  money: {
    title: 'Ihr Geld',
    balance: 'Guthaben',
    debt: (amount) => `Sie schulden ${amount}.`,
    debtHint:
      'Laden Sie mindestens so viel auf: Es wird zuerst bezahlt, dann nehmen die Sperren Ihren Pass wieder.',
    clear: (amount) => `Jetzt ${amount} zahlen`,
    topUp: 'Aufladen',
    sandbox: 'Sandkasten: Dieses Geld ist erfunden, nichts davon ist echt.',
    topUpsOff: 'Hier kann kein Geld aufgeladen werden. Fragen Sie Ihren Betreiber.',
    topUpDone: (amount) => `${amount} aufgeladen.`,
    topUpOpen: (amount) =>
      `Noch keine Antwort, ob ${amount} aufgeladen wurden. Dieses Telefon fragt weiter: Sie werden einmal gebucht. Danach können Sie wieder aufladen.`,
    topUpAsk: 'Jetzt fragen',
    statement: 'Fahrten und Zahlungen',
    empty: 'Noch nichts. Hier werden Ihre Fahrten mit ihrem Preis stehen.',
    earlier: 'Frühere zeigen',
    receipt: 'Beleg',
    ridden: (when) => `Gefahren ${when}`,
    riddenAbout: (when) => `Gefahren etwa ${when} (das Gate hatte keine Uhr)`,
    charged: (when) => `gebucht ${when}`,
    owed: (amount) => `${amount} noch offen`,
    asOf: (when) => `Stand ${when}`,
    kinds: { ride: 'Fahrt', payment: 'Zahlung', refund: 'Geld zurück', topUp: 'Aufladung' },
    line: (line) => `Linie ${line}`,
    notes: {
      BARRIER_FAILED: 'Die Sperre ging nicht auf: Es wird nichts gebucht.',
      GATE_DID_NOT_OPEN: 'Die Sperre ging nicht auf.',
      STALE_CODE: 'Der Code war abgelaufen: Es wird nichts gebucht.',
      FARE_UNKNOWN: 'Der Fahrpreis ist noch nicht bekannt: Es wird nichts gebucht.',
      RECOVERED: 'War offen und ist bezahlt.',
    },
  },
  receipt: {
    title: 'Beleg',
    amount: 'Betrag',
    operator: 'Betreiber',
    what: 'Wofür',
    how: 'Gezahlt mit',
    ridden: 'Gefahren',
    charged: 'Gebucht',
    owed: 'Noch offen',
    note: 'Hinweis',
    account: 'Konto',
    number: 'Nummer',
    share: 'Teilen',
    copied: 'Kopiert: Fügen Sie ihn ein, wo Sie ihn aufheben wollen.',
    print: 'Drucken oder als PDF speichern',
    missing:
      'Dieser Beleg ist nicht auf diesem Telefon. Öffnen Sie ihn aus der Liste unter „Geld“.',
    back: 'Zurück zu Ihrem Geld',
  },
  more: {
    title: 'Dieses Telefon',
    language: 'Sprache',
    account: 'Konto',
    pass: 'Pass gültig bis',
    rides: 'Fahrten je Sperre',
    renew: 'Pass jetzt erneuern',
    renewed: 'Erneuert.',
    key: 'Schlüssel',
    keyPlatform: (algorithm) => `${algorithm}, kann diesen Browser nicht verlassen`,
    keyPage: 'liegt bei der Seite selbst: Dieser Browser hat keinen sichereren Ort',
    clock: 'Uhr',
    clockRight: 'geht wie die des Betreibers',
    clockUnknown: 'noch nicht verglichen',
    missing:
      'Ein Teil dieser Seite konnte nicht geladen werden: Es ist kein Netz da, oder die Karte wurde inzwischen erneuert. Laden Sie sie neu.',
    reload: 'Seite neu laden',
    forget: 'Vom Telefon entfernen',
    forgetTitle: 'Diese Karte entfernen?',
    forgetSure: (amount) =>
      `Das Konto und seine ${amount} bleiben beim Betreiber, aber dieses Telefon erreicht sie nicht mehr.`,
    forgetWithCode:
      'Mit Ihrem Wiederherstellungscode holen Sie sie zurück, hierher oder auf ein anderes Telefon.',
    forgetNoCode:
      'Sie haben keinen Wiederherstellungscode: Machen Sie erst einen, sonst kann sie nur der Betreiber zurückholen.',
    forgetYes: 'Entfernen',
    cancel: 'Abbrechen',
  },
  order: {
    title: 'Zahlung bestätigen',
    to: (name) => `An ${name}`,
    confirm: (amount) => `${amount} zahlen`,
    refuse: 'Jetzt nicht',
    paid: (amount, name) => `${amount} an ${name} gezahlt.`,
    states: {
      PAID: 'Das ist schon bezahlt.',
      CANCELLED: 'Der Laden hat es zurückgenommen.',
      EXPIRED: 'Das ist zu alt. Bitten Sie um einen neuen Code.',
    },
    offline: 'Das braucht ein Netz. Gehen Sie online und versuchen Sie es noch einmal.',
    unsure: 'Keine Antwort. Noch einmal fragen zahlt nicht doppelt.',
    again: 'Noch einmal fragen',
    short: (amount) => `Ihr Guthaben ist ${amount}.`,
    topUp: (amount) => `${amount} aufladen`,
    done: 'Fertig',
  },
  enrol: {
    title: 'Eine Fahrkarte, die kein Netz braucht',
    text: 'Dieses Telefon macht sich einen eigenen Schlüssel. Damit fahren und zahlen Sie, auch wo kein Netz ist.',
    start: 'Telefon einrichten',
    invite: 'Einladungscode Ihres Betreibers',
    working: 'Wird eingerichtet …',
    offline: 'Zum Einrichten braucht es dieses eine Mal ein Netz. Gehen Sie online.',
  },
  recover: {
    open: 'Ich habe einen Wiederherstellungscode',
    title: 'Ihr Konto hierher holen',
    text: 'Der Code, den Sie notiert haben oder den ein anderes Telefon oder der Betreiber zeigt. Das Telefon, das das Konto vorher hatte, wird gesperrt; das Geld bleibt.',
    code: 'Code',
    here: 'Ab jetzt dieses Telefon',
    block: 'Mein Telefon ist weg: nur sperren',
    blocked:
      'Gesperrt: Mit diesem Konto fährt und zahlt kein Telefon mehr. Der Code bleibt gut, um es auf ein anderes zu holen.',
    other: 'Das andere Konto hierher holen',
    misread: 'Ein Zeichen ist falsch oder fehlt. Vergleichen Sie den Code noch einmal.',
    offline:
      'Das braucht ein Netz. Gehen Sie online und drücken Sie noch einmal: Der Code ist nicht verloren.',
  },
  recovery: {
    title: 'Falls es verloren geht',
    none: 'Ohne Wiederherstellungscode ist ein verlorenes Telefon oder ein gelöschter Browser schwer zu ersetzen.',
    make: 'Wiederherstellungscode machen',
    made: (when) =>
      `Sie haben einen Wiederherstellungscode von ${when}. Niemand kann ihn noch einmal zeigen.`,
    replace: 'Neuen Code machen',
    earlier: (until) =>
      `Ein früherer Wiederherstellungscode gilt noch bis ${until}. Waren Sie das nicht, sperren Sie Ihre Telefone mit dem früheren.`,
    unconfirmed:
      'Ein neuer Wiederherstellungscode wurde gezeigt, und niemand hat gesagt, dass er notiert ist. Einer von früher bleibt bis dahin gut. Wenn Sie den neuen nicht haben, machen Sie noch einen.',
    phones: 'Telefone dieses Kontos',
    phone: (serial, isThis) => (isThis ? `Telefon ${serial} (dieses)` : `Telefon ${serial}`),
    joined: (by) => `kam mit Telefon ${by} dazu`,
    blockNote:
      'Ein gesperrtes Telefon nimmt die Codes mit, die es gemacht hat, und Telefone, die nach diesem hier mit ihm dazukamen.',
    block: 'Sperren',
    add: 'Weiteres Telefon hinzufügen',
    freshTitle: 'Ihr Wiederherstellungscode',
    freshText:
      'Notieren Sie ihn und bewahren Sie ihn getrennt vom Telefon auf. Er wird nur jetzt gezeigt. Wer ihn hat, hat Ihr Konto. Einer von früher gilt noch sieben Tage, nachdem Sie gesagt haben, dass Sie diesen haben.',
    phoneTitle: 'Code für das andere Telefon',
    phoneText:
      'Öffnen Sie dort die Karte, drücken Sie „Ich habe einen Wiederherstellungscode“ und geben Sie ihn ein. Zehn Minuten gültig, einmal.',
    account: (account) => `Konto ${account}`,
    copy: 'Kopieren',
    copied: 'Kopiert',
    print: 'Drucken',
    written: 'Ich habe ihn notiert',
    hidden: 'Sie waren weg, deshalb ist der Code verdeckt. Sonst sieht ihn niemand.',
    show: 'Wieder zeigen',
    unwritten: 'Der alte Code ist noch gut. Drücken Sie noch einmal.',
    later: 'Jetzt nicht: den alten behalten',
  },
  pin: {
    title: 'PIN',
    text: 'Wird vor dem Zahlen verlangt. Sie hält auf, wer Ihr Telefon in der Hand hat, nicht wer seinen Speicher kopiert: Dagegen hilft eine längere.',
    before: 'Bisherige PIN: zum Ändern oder Abschaffen',
    digits: 'Neue PIN, 4 bis 12 Ziffern',
    again: 'Dieselbe noch einmal',
    set: 'PIN festlegen',
    change: 'PIN ändern',
    remove: 'PIN abschaffen',
    beforeRide: 'Auch vor dem Fahren',
    enter: 'Ihre PIN',
    open: 'Öffnen',
    wrong: 'Das ist nicht die PIN.',
    wait: (far) => `Zu oft falsch. Warten Sie ${far}.`,
    over: 'Zu oft falsch. Jetzt hilft nur ein Wiederherstellungscode oder der Betreiber. Das Geld ist noch da.',
    forgotten: 'Vergessen?',
  },
  noStorage: {
    title: 'Dieses Fenster behält nichts',
    text: 'Die Karte braucht einen Ort für ihren Schlüssel. Manche privaten Fenster haben keinen: Öffnen Sie die Seite in einem normalen, und erlauben Sie ihr, Daten zu speichern.',
  },
  evicted: {
    title: 'Die Karte auf diesem Telefon wurde gelöscht',
    text: (account) =>
      `Der Browser hat den Schlüssel des Kontos ${account} gelöscht, um Platz zu schaffen oder weil Websitedaten gelöscht wurden. ` +
      'Das Geld ist noch da. Ihr Wiederherstellungscode holt es zurück; ohne ihn kann es der Betreiber, wenn Sie ihm diese Kontonummer sagen.',
    start: 'Mit einem neuen, leeren Konto weitermachen',
  },
  warnings: {
    passExpired: (when) =>
      `Ihr Pass endete ${when}. Gehen Sie online: Er erneuert sich von selbst, dann nehmen ihn die Sperren wieder.`,
    keyRevoked:
      'Der Betreiber hat den Schlüssel zurückgezogen, der diesen Pass unterschrieben hat: er wurde gestohlen. Sperren ' +
      'nehmen diesen Pass nicht. Ihr Geld ist sicher. Bleiben Sie online: ein neuer kommt von selbst.',
    noOfflineRides:
      'Keine Fahrten an Sperren ohne Netz: Hinter diesem Konto steht nichts. Laden Sie auf, dann kommen sie von selbst.',
    passEndsSoon: (when) => `Gehen Sie vor ${when} online, sonst weisen Sperren den Pass ab.`,
    deniedDebt: (amount) =>
      `Gesperrt: ${amount} sind offen. Laden Sie auf, dann öffnen die Sperren in einigen Minuten wieder.`,
    deniedOperator: (note) =>
      note === ''
        ? 'Vom Betreiber gesperrt. Fragen Sie dort nach.'
        : `Vom Betreiber gesperrt: ${note}. Fragen Sie dort nach.`,
    clockWrong: (far, when) =>
      `Die Uhr Ihres Telefons geht ${far} (verglichen ${when}). Sperren und Kassen weisen solche Codes ab. Stellen Sie sie auf automatisch.`,
    clockSet: 'Sie ist jetzt gestellt',
    refused: (why) => `Der Betreiber lehnt ab: ${why}`,
    keyInPage:
      'Dieser Browser kann keinen Schlüssel sicher aufbewahren. Wer den Speicher dieser Seite liest, könnte Ihre Karte kopieren.',
    fast: (n) => `${de.duration(n)} vor`,
    slow: (n) => `${de.duration(n)} nach`,
  },
  duration: (seconds) =>
    seconds >= 5_400
      ? `${Math.round(seconds / 3_600)} Stunden`
      : seconds >= 120
        ? `${Math.round(seconds / 60)} Minuten`
        : `${seconds} Sekunden`,
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
  news: {
    paid: (amount, payee) => `${amount} an ${payee} gezahlt.`,
    refused: (payee, why) => `${payee}: nicht gezahlt. ${why}`,
    refund: (amount, payee) => `${amount} kamen von ${payee} zurück.`,
  },
  refusals: {
    REVERSED: 'Es wurde zurückgenommen.',
    TOO_MANY_TRIES: 'Zu viele falsche Codes. Gehen Sie online für einen neuen.',
    CODE_REFUSED: 'Der Code wurde nicht angenommen. Zeigen Sie einen neuen.',
    CLOCK_OFF: 'Die Uhr Ihres Telefons geht falsch. Stellen Sie sie auf automatisch.',
    CODE_EXPIRED: 'Der Code war zu alt. Zeigen Sie einen neuen.',
    CODE_USED: 'Der Code war schon benutzt. Zeigen Sie einen neuen.',
    ORDER_PAID: 'Das hat schon jemand anderes bezahlt. Von Ihrem Guthaben wurde nichts abgebucht.',
    ORDER_CANCELLED: 'Der Laden hat es zurückgenommen.',
    ORDER_EXPIRED: 'Es ist zu alt. Bitten Sie um einen neuen Code.',
    DENIED: 'Ihr Konto ist gesperrt. Siehe Geld.',
    FARE_UNKNOWN: 'Der Fahrpreis ist nicht bekannt. Fragen Sie das Personal.',
    OVER_AMOUNT_CAP:
      'Es ist mehr, als ein Code zahlt. Lassen Sie sich einen QR zeigen und bestätigen Sie ihn.',
    OVER_OFFLINE_CAP: 'Es ist mehr, als Zahlcodes am Tag zahlen. Nehmen Sie einen Online-Code.',
    OVER_DAY_CAP: 'Es ist mehr, als Sie an einem Tag ausgeben dürfen.',
    WALLET_SHORT: 'Das Guthaben reicht nicht. Laden Sie auf.',
    NOT_RECEIVED: 'Es kam nie an.',
  },
  failures: {
    PROOF_REFUSED:
      'Der Betreiber kennt diese Karte nicht. Fragen Sie dort; oder entfernen Sie sie unter „Mehr“ und richten eine neue ein.',
    ACCOUNT_DENIED: 'Ihr Konto ist gesperrt. Siehe Geld.',
    PASS_ENDED:
      'Dieses Telefon wurde gesperrt, oder Ihr Konto ist auf einem anderen. Um es zurückzuholen, entfernen Sie die Karte unter „Mehr“ und geben Ihren Wiederherstellungscode ein.',
    RECOVERY_REFUSED:
      'Dieser Code ist unbekannt, benutzt oder ersetzt. Nehmen Sie den neuesten, oder bitten Sie den Betreiber, das Konto umzuziehen.',
    RECOVERY_OTHER_ACCOUNT:
      'Dieser Code gehört zu einem anderen Konto. Es ist nichts geschehen, und der Code ist noch gut. Geben Sie den Code des Kontos dieses Telefons ein.',
    INVITE_NEEDED:
      'Dieser Betreiber nimmt nur auf Einladung auf. Geben Sie den Code ein, den Sie bekommen haben.',
    INVITE_REFUSED:
      'Diese Einladung ist unbekannt, benutzt oder zu alt. Bitten Sie Ihren Betreiber um eine neue.',
    PERSON_DENIED:
      'Ein Konto von Ihnen ist gesperrt. Klären Sie erst dieses, oder fragen Sie Ihren Betreiber.',
    NOTHING_BEHIND: 'Hinter diesem Konto steht nichts. Laden Sie auf, dann erneuern Sie.',
    CODES_COPIED:
      'Ihre Codes haben mehrere Sperren geöffnet oder waren abgelaufen. Fahren Sie einen Monat mit Online-Codes, oder fragen Sie Ihren Betreiber.',
    PASSES_OPEN: 'Ihr Pass wurde zu oft erneuert. Warten Sie, bis ein früherer abgelaufen ist.',
    PHONES_FULL:
      'Auf diesem Konto sind acht Telefone. Sperren Sie eines, das nicht mehr benutzt wird, und versuchen Sie es noch einmal.',
    PHONES_OFTEN:
      'Auf dieses Konto kamen heute zu viele Telefone. Versuchen Sie es morgen wieder. Ist eines verloren, sperren Sie es jetzt, oder fragen Sie Ihren Betreiber.',
    TOP_UPS_OFF: 'Hier kann kein Geld aufgeladen werden. Fragen Sie Ihren Betreiber.',
    TOP_UP_FAILED: 'Die Zahlung wurde abgelehnt. Es ist kein Geld geflossen.',
    WALLET_FULL: 'Die Karte würde mehr enthalten, als sie darf.',
    ORDER_UNKNOWN: 'Diese Bestellung gibt es nicht.',
    AMOUNT_CHANGED: 'Die Bestellung hat jetzt einen anderen Betrag. Sehen Sie noch einmal hin.',
    PAYEE_CHANGED: 'Das Geschäft heißt jetzt anders. Sehen Sie noch einmal hin.',
    PAYMENT_CODES_OFF: 'Dieser Betreiber hat keine Zahlcodes.',
    TOO_MANY_REQUESTS: 'Zu viele Anfragen. Warten Sie eine Minute.',
  },
  unreachable: 'Keine Antwort vom Betreiber. Versuchen Sie es, wenn Sie online sind.',
};
