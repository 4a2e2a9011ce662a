/** placeholder */
import type { Command } from 'commander';
export function addSettlementCommand(_program: Command): void {}
