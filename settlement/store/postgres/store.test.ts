/** The store's contract, on PostgreSQL. */
import { LIMITS } from '../../testing/log.ts';
import { usePostgres } from '../../testing/postgres-server.ts';
import { describeStore } from '../contract/store.contract.ts';
import { openScratchPostgres } from './testing/scratch-store.ts';

const server = usePostgres();

describeStore('the store on PostgreSQL', () => openScratchPostgres(server, LIMITS));
