/** placeholder */
import type { Command } from 'commander';
export function addAuditCommand(_program: Command): void {}
