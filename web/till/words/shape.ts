/** The shape of all that the till says, which each language has to fill. */
import type { en } from './en.ts';

export type Words = typeof en;
