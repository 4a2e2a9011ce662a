/** The testers' scanner page: what the camera reads goes to the virtual scanner of this machine. */
import '../parts/no-eval.ts';
import '../parts/theme.css';
import './scanner.css';
import { render } from 'preact';
import { browserClock } from '../parts/clock.ts';
import { App } from './app.tsx';

const root = document.querySelector('#app');
if (root !== null) render(<App clock={browserClock} />, root);
