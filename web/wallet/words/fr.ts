/** Everything the wallet says in French; the shape, and so its completeness, is that of the English. */
import type { Words } from './shape.ts';

export const fr: Words = {
  title: 'Portefeuille Stile',
  pages: { ride: 'Voyager', pay: 'Payer', money: 'Argent', more: 'Plus' },
  online: 'En ligne',
  offline: 'Hors ligne – les codes marchent',
  offlineNew: 'Hors ligne',
  starting: 'Un instant …',
  ride: {
    title: 'Votre code de voyage',
    hold: 'Présentez-le au lecteur du portillon.',
    label: 'Code de voyage pour le portillon',
    fresh: 'Nouveau code',
    enlarge: 'Touchez le code : il devient grand et clair',
    shrink: 'Touchez encore pour revenir',
    goOnline: (when) => `Connectez-vous avant le ${when}`,
    goOnlineTitle: 'Qu’est-ce que cela veut dire ?',
    goOnlineText: (rides) =>
      `Jusque-là, ce téléphone fait des codes sans réseau, pour ${rides} à chaque portillon. Ouvrez le portefeuille une fois avec un réseau : votre titre se renouvelle tout seul et la date avance. Ensuite, les portillons refusent les codes tant que vous ne l’avez pas fait ; votre argent reste.`,
    rides: (n) => (n === 1 ? 'un trajet' : `${n} trajets`),
    left: (n) => `Valable ${n} secondes. Un nouveau vient tout seul.`,
    over: 'Ce code est terminé. Appuyez sur « Nouveau code ».',
    balance: 'Solde',
    lastRide: 'Dernier trajet',
    noRide: 'Aucun pour l’instant',
  },
  pay: {
    title: 'Payer à une caisse',
    kinds: 'Quel code',
    offlineTitle: 'Code de paiement',
    offlineHint: 'Marche sans réseau. La caisse en a besoin.',
    label: 'Code de paiement',
    upTo: (amount) => `Paie jusqu’à ${amount} à la fois.`,
    seconds: (n) => `Nouveaux chiffres dans ${n} secondes`,
    spent: (n) => `Ce code a servi. Nouveaux chiffres dans ${n} secondes.`,
    none: 'Pas encore de code de paiement. Connectez-vous une fois, il vient tout seul.',
    off: 'Cet exploitant n’a pas de codes de paiement. Prenez un code en ligne.',
    onlineTitle: 'Code en ligne',
    onlineHint: 'Pour de plus grands montants, quand vous êtes en ligne. Une minute, une fois.',
    onlineAmount: 'Au plus (facultatif)',
    onlineMake: 'Nouveau code en ligne',
    onlineLabel: 'Code à usage unique',
    onlineLeft: (n) => `Valable ${n} secondes`,
    onlineOver: 'Ce code est terminé.',
    onlineUsed: 'Ce code a servi.',
    onlineNoNetwork: 'Un code en ligne a besoin d’un réseau. Le code de paiement, non.',
  },
  money: {
    title: 'Votre argent',
    balance: 'Solde',
    debt: (amount) => `Vous devez ${amount}.`,
    debtHint:
      'Rechargez au moins cette somme : elle est payée d’abord, et les portillons reprennent votre titre.',
    clear: (amount) => `Payer ${amount} maintenant`,
    topUp: 'Recharger',
    sandbox: 'Essai : cet argent est inventé, rien n’est vrai.',
    topUpsOff: 'On ne peut pas recharger ici. Demandez à votre exploitant comment faire.',
    topUpDone: (amount) => `${amount} versés.`,
    topUpOpen: (amount) =>
      `On ne sait pas encore si ${amount} sont versés. Ce téléphone redemande : ils sont versés une seule fois. Ensuite vous pourrez recharger de nouveau.`,
    topUpAsk: 'Demander maintenant',
    statement: 'Trajets et paiements',
    empty: 'Rien pour l’instant. Vos trajets seront ici avec leur prix.',
    earlier: 'Montrer les précédents',
    receipt: 'Reçu',
    ridden: (when) => `Trajet du ${when}`,
    riddenAbout: (when) => `Trajet vers le ${when} (le portillon n’avait pas l’heure)`,
    charged: (when) => `compté le ${when}`,
    owed: (amount) => `encore ${amount} à payer`,
    asOf: (when) => `État du ${when}`,
    kinds: { ride: 'Trajet', payment: 'Paiement', refund: 'Remboursement', topUp: 'Recharge' },
    line: (line) => `Ligne ${line}`,
    notes: {
      BARRIER_FAILED: 'Le portillon ne s’est pas ouvert : rien n’est compté.',
      GATE_DID_NOT_OPEN: 'Le portillon ne s’est pas ouvert.',
      STALE_CODE: 'Le code était périmé : rien n’est compté.',
      FARE_UNKNOWN: 'Le prix n’est pas encore connu : rien n’est compté.',
      RECOVERED: 'Était dû, et est payé.',
    },
  },
  receipt: {
    title: 'Reçu',
    amount: 'Montant',
    operator: 'Exploitant',
    what: 'Pour quoi',
    how: 'Payé avec',
    ridden: 'Trajet',
    charged: 'Compté',
    owed: 'Encore dû',
    note: 'Remarque',
    account: 'Compte',
    number: 'Numéro',
    share: 'Partager',
    copied: 'Copié : collez-le où vous voulez le garder.',
    print: 'Imprimer ou enregistrer en PDF',
    missing: 'Ce reçu n’est pas sur ce téléphone. Ouvrez-le depuis la liste sous Argent.',
    back: 'Retour à votre argent',
  },
  more: {
    title: 'Ce téléphone',
    language: 'Langue',
    account: 'Compte',
    pass: 'Titre valable jusqu’au',
    rides: 'Trajets par portillon',
    renew: 'Renouveler le titre maintenant',
    renewed: 'Renouvelé.',
    key: 'Clé',
    keyPlatform: (algorithm) => `${algorithm}, ne peut pas quitter ce navigateur`,
    keyPage: 'gardée par la page elle-même : ce navigateur n’a pas d’endroit plus sûr',
    clock: 'Horloge',
    clockRight: 'd’accord avec celle de l’exploitant',
    clockUnknown: 'pas encore comparée',
    missing:
      'Une partie de cette page n’a pas pu être chargée : pas de réseau, ou le portefeuille a été renouvelé entre-temps. Rechargez la page.',
    reload: 'Recharger la page',
    forget: 'Retirer de ce téléphone',
    forgetTitle: 'Retirer ce portefeuille ?',
    forgetSure: (amount) =>
      `Le compte et ses ${amount} restent chez votre exploitant, mais ce téléphone ne peut plus les atteindre.`,
    forgetWithCode:
      'Avec votre code de secours vous les faites revenir, ici ou sur un autre téléphone.',
    forgetNoCode:
      'Vous n’avez pas de code de secours : faites-en un d’abord, sinon seul votre exploitant peut les faire revenir.',
    forgetYes: 'Retirer',
    cancel: 'Annuler',
  },
  order: {
    title: 'Confirmer le paiement',
    to: (name) => `À ${name}`,
    confirm: (amount) => `Payer ${amount}`,
    refuse: 'Pas maintenant',
    paid: (amount, name) => `${amount} payés à ${name}.`,
    states: {
      PAID: 'C’est déjà payé.',
      CANCELLED: 'Le magasin l’a repris.',
      EXPIRED: 'C’est trop ancien. Demandez-en un nouveau.',
    },
    offline: 'Il faut un réseau. Connectez-vous et essayez encore.',
    unsure: 'Pas de réponse. Redemander ne peut pas payer deux fois.',
    again: 'Redemander',
    short: (amount) => `Votre solde est de ${amount}.`,
    topUp: (amount) => `Recharger ${amount}`,
    done: 'Terminé',
  },
  enrol: {
    title: 'Un billet dans la poche, sans réseau',
    text: 'Ce téléphone fait sa propre clé. Avec elle vous voyagez et payez, même sans réseau.',
    start: 'Préparer ce téléphone',
    invite: 'Code d’invitation de votre exploitant',
    working: 'Préparation …',
    offline:
      'Pour préparer, il faut un réseau, cette fois seulement. Connectez-vous et essayez encore.',
  },
  recover: {
    open: 'J’ai un code de secours',
    title: 'Faire venir votre compte ici',
    text: 'Le code que vous avez noté, ou qu’un autre téléphone ou votre exploitant vous montre. Un téléphone qui avait le compte avant est bloqué ; l’argent reste.',
    code: 'Code de secours',
    here: 'Utiliser ce téléphone dès maintenant',
    block: 'Mon téléphone est perdu : seulement le bloquer',
    blocked:
      'Bloqué : plus aucun téléphone ne voyage ni ne paie avec ce compte. Le code reste bon pour le faire venir sur un autre téléphone.',
    other: 'Faire venir l’autre compte ici',
    misread: 'Un caractère est faux ou manque. Comparez le code encore une fois.',
    offline: 'Il faut un réseau. Connectez-vous et appuyez encore : le code n’est pas perdu.',
  },
  recovery: {
    title: 'En cas de perte',
    none: 'Sans code de secours, un téléphone perdu ou un navigateur vidé est difficile à remplacer.',
    make: 'Faire un code de secours',
    made: (when) =>
      `Vous avez un code de secours, fait le ${when}. Personne ne peut le montrer de nouveau.`,
    replace: 'Faire un nouveau code',
    earlier: (until) =>
      `Un code de secours précédent marche encore jusqu’au ${until}. Si ce n’était pas vous, bloquez vos téléphones avec le précédent.`,
    unconfirmed:
      'Un nouveau code de secours a été montré, et personne n’a dit qu’il est noté. Celui que vous aviez reste bon jusque-là. Si vous n’avez pas le nouveau, faites-en un autre.',
    phones: 'Téléphones de ce compte',
    phone: (serial, isThis) => (isThis ? `Téléphone ${serial} (celui-ci)` : `Téléphone ${serial}`),
    joined: (by) => `venu par le téléphone ${by}`,
    blockNote:
      'Un téléphone que vous bloquez emporte les codes qu’il a faits, et les téléphones venus par lui après celui-ci.',
    block: 'Le bloquer',
    add: 'Ajouter un téléphone',
    freshTitle: 'Votre code de secours',
    freshText:
      'Notez-le et gardez-le loin de ce téléphone. Il est montré cette seule fois. Qui l’a, a votre compte. Celui que vous aviez marche encore sept jours après que vous avez dit que vous avez celui-ci.',
    phoneTitle: 'Code pour l’autre téléphone',
    phoneText:
      'Ouvrez-y le portefeuille, appuyez sur « J’ai un code de secours » et entrez ceci. Valable dix minutes, une fois.',
    account: (account) => `Compte ${account}`,
    copy: 'Copier',
    copied: 'Copié',
    print: 'Imprimer',
    written: 'Je l’ai noté',
    hidden: 'Vous étiez parti, le code est donc caché. Il n’est montré à personne d’autre.',
    show: 'Le montrer de nouveau',
    unwritten: 'L’ancien code est encore bon. Appuyez encore.',
    later: 'Pas maintenant : garder l’ancien code',
  },
  pin: {
    title: 'Code PIN',
    text: 'Demandé avant de payer. Il arrête qui tient votre téléphone, pas qui copie sa mémoire : pour cela un plus long aide.',
    before: 'PIN actuel : pour le changer ou l’enlever',
    digits: 'Nouveau PIN, 4 à 12 chiffres',
    again: 'Le même encore',
    set: 'Mettre le PIN',
    change: 'Changer le PIN',
    remove: 'Enlever le PIN',
    beforeRide: 'Aussi avant de voyager',
    enter: 'Votre PIN',
    open: 'Ouvrir',
    wrong: 'Ce n’est pas le PIN.',
    wait: (far) => `Faux trop souvent. Attendez ${far}.`,
    over: 'Faux trop souvent. Seul un code de secours, ou votre exploitant, aide maintenant. L’argent est encore là.',
    forgotten: 'PIN oublié ?',
  },
  noStorage: {
    title: 'Cette fenêtre ne garde rien',
    text: 'Un portefeuille a besoin d’une place pour sa clé. Certaines fenêtres privées n’en ont pas : ouvrez cette page dans une fenêtre normale et permettez-lui de garder des données.',
  },
  evicted: {
    title: 'Le portefeuille de ce téléphone a été vidé',
    text: (account) =>
      `Le navigateur a effacé la clé du compte ${account}, pour faire de la place ou parce que les données du site ont été effacées. ` +
      'L’argent est encore là. Votre code de secours le fait revenir ; sans lui votre exploitant le peut, si vous lui dites ce numéro de compte.',
    start: 'Continuer avec un nouveau compte vide',
  },
  warnings: {
    passExpired: (when) =>
      `Votre titre a pris fin le ${when}. Connectez-vous : il se renouvelle tout seul, et les portillons le reprennent.`,
    keyRevoked:
      'L’exploitant a retiré la clé qui a signé votre titre, parce qu’elle a été volée. Les portillons refusent ce titre. ' +
      'Votre argent est sûr. Restez en ligne : un nouveau titre vient tout seul.',
    noOfflineRides:
      'Pas de trajets aux portillons sans réseau : rien ne garantit ce compte. Rechargez, et ils viennent tout seuls.',
    passEndsSoon: (when) =>
      `Connectez-vous avant le ${when}, sinon les portillons refuseront votre titre.`,
    deniedDebt: (amount) =>
      `Bloqué : ${amount} sont dus. Rechargez, et les portillons vous reprennent en quelques minutes.`,
    deniedOperator: (note) =>
      note === ''
        ? 'Bloqué par l’exploitant. Demandez-lui pourquoi.'
        : `Bloqué par l’exploitant : ${note}. Demandez-lui.`,
    clockWrong: (far, when) =>
      `L’horloge de votre téléphone ${far} (comparée le ${when}). Portillons et caisses refusent de tels codes. Réglez-la sur automatique.`,
    clockSet: 'Elle est réglée maintenant',
    refused: (why) => `L’exploitant a refusé : ${why}`,
    keyInPage:
      'Ce navigateur ne peut pas garder une clé en sûreté. Qui peut lire la mémoire de cette page pourrait copier votre portefeuille.',
    fast: (n) => `avance de ${fr.duration(n)}`,
    slow: (n) => `retarde de ${fr.duration(n)}`,
  },
  duration: (seconds) =>
    seconds >= 5_400
      ? `${Math.round(seconds / 3_600)} heures`
      : seconds >= 120
        ? `${Math.round(seconds / 60)} minutes`
        : `${seconds} secondes`,
  amounts: {
    NOT_AN_AMOUNT: ({ example }) => `Écrivez un montant en chiffres, par exemple ${example}.`,
    TOO_MANY_DECIMALS: ({ decimals, example }) =>
      decimals === 0
        ? `Cette monnaie n’a pas de décimales : écrivez un montant comme ${example}.`
        : `Au plus ${decimals} chiffres après la virgule : écrivez un montant comme ${example}.`,
    ZERO: () => 'Le montant doit être plus que rien.',
    TOO_LARGE: ({ most }) => `Au plus ${most}.`,
  },
  ways: {
    TRANSIT_CODE: 'code de voyage',
    PAYMENT_CODE: 'code de paiement',
    ONLINE_CODE: 'code en ligne',
    ORDER: 'commande',
  },
  news: {
    paid: (amount, payee) => `${amount} payés à ${payee}.`,
    refused: (payee, why) => `${payee} : pas payé. ${why}`,
    refund: (amount, payee) => `${amount} sont revenus de ${payee}.`,
  },
  refusals: {
    REVERSED: 'C’est repris.',
    TOO_MANY_TRIES: 'Trop de codes faux. Connectez-vous pour en avoir un nouveau.',
    CODE_REFUSED: 'Le code n’a pas été accepté. Montrez-en un nouveau.',
    CLOCK_OFF: 'L’horloge de votre téléphone est fausse. Réglez-la sur automatique.',
    CODE_EXPIRED: 'Le code était trop ancien. Montrez-en un nouveau.',
    CODE_USED: 'Le code a déjà servi. Montrez-en un nouveau.',
    ORDER_PAID: 'Quelqu’un d’autre l’a déjà payé. Rien n’a été pris de votre portefeuille.',
    ORDER_CANCELLED: 'Le magasin l’a repris.',
    ORDER_EXPIRED: 'C’est trop ancien. Demandez-en un nouveau.',
    DENIED: 'Votre compte est bloqué. Voyez sous Argent.',
    FARE_UNKNOWN: 'Le prix n’est pas connu. Demandez au personnel.',
    OVER_AMOUNT_CAP:
      'C’est plus qu’un code ne paie. Laissez le magasin montrer un QR et confirmez-le.',
    OVER_OFFLINE_CAP:
      'C’est plus que les codes de paiement ne paient en un jour. Prenez un code en ligne.',
    OVER_DAY_CAP: 'C’est plus que vous ne pouvez dépenser en un jour.',
    WALLET_SHORT: 'Il n’y a pas assez dans votre portefeuille. Rechargez.',
    NOT_RECEIVED: 'Ce n’est jamais arrivé.',
  },
  failures: {
    PROOF_REFUSED:
      'L’exploitant ne connaît pas ce portefeuille. Demandez-lui ; ou retirez-le sous Plus et préparez-en un nouveau.',
    ACCOUNT_DENIED: 'Votre compte est bloqué. Voyez sous Argent.',
    PASS_ENDED:
      'Ce téléphone a été bloqué, ou votre compte est sur un autre. Pour le faire revenir, retirez le portefeuille sous Plus et entrez votre code de secours.',
    RECOVERY_REFUSED:
      'Ce code est inconnu, a servi ou est remplacé. Prenez le plus récent, ou demandez à votre exploitant de déplacer le compte.',
    RECOVERY_OTHER_ACCOUNT:
      'Ce code est d’un autre compte. Rien ne s’est passé, et le code est encore bon. Entrez le code du compte de ce téléphone.',
    INVITE_NEEDED: 'Cet exploitant inscrit sur invitation. Entrez le code qu’il vous a donné.',
    INVITE_REFUSED:
      'Cette invitation est inconnue, a servi ou est trop ancienne. Demandez-en une nouvelle à votre exploitant.',
    PERSON_DENIED:
      'Un de vos comptes est bloqué. Réglez d’abord celui-là, ou demandez à votre exploitant.',
    NOTHING_BEHIND: 'Rien ne garantit ce compte. Rechargez, puis renouvelez.',
    CODES_COPIED:
      'Vos codes ont ouvert plusieurs portillons, ou étaient périmés. Voyagez avec des codes en ligne pendant un mois, ou demandez à votre exploitant.',
    PASSES_OPEN: 'Votre titre a été renouvelé trop souvent. Attendez qu’un précédent ait pris fin.',
    PHONES_FULL:
      'Huit téléphones sont sur ce compte. Bloquez-en un qui ne sert plus, puis essayez encore.',
    PHONES_OFTEN:
      'Ce compte est venu sur trop de téléphones aujourd’hui. Essayez demain. Si l’un est perdu, bloquez-le maintenant, ou demandez à votre exploitant.',
    TOP_UPS_OFF: 'On ne peut pas recharger ici. Demandez à votre exploitant comment faire.',
    TOP_UP_FAILED: 'Le paiement a été refusé. Aucun argent n’a bougé.',
    WALLET_FULL: 'Le portefeuille contiendrait plus qu’il ne peut.',
    ORDER_UNKNOWN: 'Cette commande n’existe pas.',
    AMOUNT_CHANGED: 'La commande demande maintenant un autre montant. Regardez encore.',
    PAYEE_CHANGED: 'Le magasin a maintenant un autre nom. Regardez encore.',
    PAYMENT_CODES_OFF: 'Cet exploitant n’a pas de codes de paiement.',
    TOO_MANY_REQUESTS: 'Trop de demandes. Attendez une minute et essayez encore.',
  },
  unreachable: 'Pas de réponse de l’exploitant. Essayez encore quand vous êtes en ligne.',
};
