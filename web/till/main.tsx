/** The till's page: signs in with what it has, then sells or lists. */
import '../parts/theme.css';
import './till.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { start } from './shell/till.ts';

const root = document.querySelector('#app');
if (root !== null) render(<App />, root);
void start();
