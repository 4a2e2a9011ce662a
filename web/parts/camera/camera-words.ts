/** What keeps a camera from reading, and what helps, in each language. Each page adds what can be done instead. */
import type { Language } from '../languages.ts';

export type CameraFailure =
  | 'NO_CAMERA'
  | 'NOT_ALLOWED'
  | 'NOT_SECURE'
  /** Another program has it. */
  | 'BUSY'
  /** It was running, and somebody has taken it away. */
  | 'ENDED'
  /** What reads its pictures could not be loaded: no network, or files of an older version of this page. */
  | 'NO_DECODER';

export type CameraWords = {
  /** While the browser asks its reader, which may take for ever. */
  asking: string;
  again: string;
  reload: string;
  failures: Readonly<Record<CameraFailure, string>>;
};

const en: CameraWords = {
  asking: 'The browser asks whether this page may use the camera. Allow it there.',
  again: 'Try again',
  reload: 'Reload the page',
  failures: {
    NO_CAMERA: 'No camera was found.',
    NOT_ALLOWED:
      'The browser does not let this page use the camera. Allow it beside the address, then try again.',
    NOT_SECURE: 'Cameras work on secure addresses only (https).',
    BUSY: 'Another program uses the camera. Close it, then try again.',
    ENDED: 'The camera was unplugged or switched off.',
    NO_DECODER:
      'What reads the codes could not be loaded: there is no network, or this page is older than its server. Reload it.',
  },
};

const de: CameraWords = {
  asking: 'Der Browser fragt, ob diese Seite die Kamera benutzen darf. Erlauben Sie es dort.',
  again: 'Noch einmal',
  reload: 'Seite neu laden',
  failures: {
    NO_CAMERA: 'Es wurde keine Kamera gefunden.',
    NOT_ALLOWED:
      'Der Browser lässt diese Seite nicht an die Kamera. Erlauben Sie es neben der Adresse, dann noch einmal.',
    NOT_SECURE: 'Kameras gehen nur auf sicheren Adressen (https).',
    BUSY: 'Ein anderes Programm benutzt die Kamera. Schließen Sie es, dann noch einmal.',
    ENDED: 'Die Kamera wurde abgezogen oder ausgeschaltet.',
    NO_DECODER:
      'Was die Codes liest, konnte nicht geladen werden: Es ist kein Netz da, oder die Seite ist älter als ihr Server. Laden Sie sie neu.',
  },
};

const fr: CameraWords = {
  asking: 'Le navigateur demande si cette page peut utiliser la caméra. Autorisez-la là-bas.',
  again: 'Essayer encore',
  reload: 'Recharger la page',
  failures: {
    NO_CAMERA: 'Aucune caméra trouvée.',
    NOT_ALLOWED:
      'Le navigateur ne laisse pas cette page utiliser la caméra. Autorisez-la à côté de l’adresse, puis essayez encore.',
    NOT_SECURE: 'Les caméras ne marchent que sur des adresses sûres (https).',
    BUSY: 'Un autre programme utilise la caméra. Fermez-le, puis essayez encore.',
    ENDED: 'La caméra a été débranchée ou éteinte.',
    NO_DECODER:
      'Ce qui lit les codes n’a pas pu être chargé : pas de réseau, ou cette page est plus ancienne que son serveur. Rechargez-la.',
  },
};

export const CAMERA_WORDS: Readonly<Record<Language, CameraWords>> = { en, de, fr };
