/** The till's page: makes the till from what the browser has, starts it, and sells or lists. */
import '../parts/no-eval.ts';
import '../parts/theme.css';
import './till.css';
import { render } from 'preact';
import { browserClock } from '../parts/clock.ts';
import { createLanguage } from '../parts/language.ts';
import { browserFetch } from '../parts/net.ts';
import { browserPage } from '../parts/page-state.ts';
import { browserRandom } from '../parts/random.ts';
import { browserSound } from '../parts/sound.ts';
import { browserStorage } from '../parts/storage.ts';
import { openTabs } from '../parts/tabs.ts';
import { App } from './app.tsx';
import { TillContext } from './pages/till-context.ts';
import { openTillVault } from './shell/indexed-vault.ts';
import { Till } from './shell/till.ts';

const till = new Till({
  clock: browserClock,
  random: browserRandom,
  fetch: browserFetch,
  vault: openTillVault(browserStorage),
  storage: browserStorage,
  sound: browserSound(),
  tabs: openTabs('stile-till'),
  address: {
    hash: () => location.hash,
    clearHash: () => history.replaceState(null, '', location.pathname),
  },
  language: createLanguage({
    storage: browserStorage,
    browserLanguage: navigator.language,
    root: document.documentElement,
  }),
});
const root = document.querySelector('#app');
if (root !== null) {
  render(
    <TillContext.Provider value={till}>
      <App />
    </TillContext.Provider>,
    root,
  );
}
// The network is back: who waits for it is signed in again.
browserPage.onChange('online', () => void till.enterAgain());
void till.start();
if ('serviceWorker' in navigator && import.meta.env.PROD) {
  navigator.serviceWorker.register('./sw.js').catch(() => {
    // Without one the page works while online; the browser does not allow more here.
  });
}
