/** The store's contract, on SQLite. */
import { LIMITS } from '../../testing/log.ts';
import { describeStore } from '../contract/store.contract.ts';
import { openScratchSqlite } from './testing/scratch-store.ts';

describeStore('the store on SQLite', () => openScratchSqlite(LIMITS));
