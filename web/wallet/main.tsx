/** The wallet's page: starts the phone, keeps the service worker, draws the page that the address names. */
import '../parts/theme.css';
import './wallet.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { open } from './shell/phone.ts';
import { startErrands } from './shell/refresh.ts';

const root = document.querySelector('#app');
if (root !== null) render(<App />, root);
void open().then(startErrands);
if ('serviceWorker' in navigator && import.meta.env.PROD) {
  navigator.serviceWorker.register('./sw.js').catch(() => {
    // Without one the page works while online; the browser does not allow more here.
  });
}
