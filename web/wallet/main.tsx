/** The wallet's page: makes the wallet from what the browser has, starts it, draws the page that the address names. */
import '../parts/no-eval.ts';
import '../parts/theme.css';
import './wallet.css';
import './pass.css';
import { render } from 'preact';
import { browserClock } from '../parts/clock.ts';
import { createLanguage } from '../parts/language.ts';
import { browserFetch } from '../parts/net.ts';
import { browserPage } from '../parts/page-state.ts';
import { browserRandom } from '../parts/random.ts';
import { browserStorage } from '../parts/storage.ts';
import { openTabs, runAloneOfTabs } from '../parts/tabs.ts';
import { App } from './app.tsx';
import { WalletContext } from './pages/wallet-context.ts';
import { openIndexedVault } from './shell/indexed-vault.ts';
import { createWallet } from './shell/wallet.ts';

const wallet = createWallet({
  clock: browserClock,
  random: browserRandom,
  fetch: browserFetch,
  page: browserPage,
  address: {
    hash: () => location.hash,
    onChange: (run) => addEventListener('hashchange', run),
  },
  language: createLanguage({
    storage: browserStorage,
    browserLanguage: navigator.language,
    root: document.documentElement,
  }),
  tabs: openTabs('stile-wallet'),
  runAlone: runAloneOfTabs,
  openVault: () => openIndexedVault(browserStorage),
  askToPersist: async () => await navigator.storage?.persist?.(),
});
const root = document.querySelector('#app');
if (root !== null) {
  render(
    <WalletContext.Provider value={wallet}>
      <App />
    </WalletContext.Provider>,
    root,
  );
}
void wallet.start();
if ('serviceWorker' in navigator && import.meta.env.PROD) {
  navigator.serviceWorker.register('./sw.js').catch(() => {
    // Without one the page works while online; the browser does not allow more here.
  });
}
