/** Writes the changes of one decision, in their order, inside the transaction that its facts were read in. */
import type { Change } from '../../../core/changes.ts';
import type { Connection } from '../connection.ts';
import { ChargeRows } from './charge-rows.ts';
import { CodeRows } from './code-rows.ts';
import { ListRows } from './list-rows.ts';
import { LogRows } from './log-rows.ts';
import { MoneyRows } from './money-rows.ts';
import { OutboxRows } from './outbox-rows.ts';
import { PaymentRows } from './payment-rows.ts';
import { RiderRows } from './rider-rows.ts';

export type ApplyChanges = (changes: readonly Change[]) => void;

export function createApply(connection: Connection): ApplyChanges {
  const money = new MoneyRows(connection);
  const payments = new PaymentRows(connection, new CodeRows(connection));
  const riders = new RiderRows(connection);
  const logs = new LogRows(connection);
  const charges = new ChargeRows(connection);
  const outbox = new OutboxRows(connection);
  const lists = new ListRows(connection);

  function write(change: Change): void {
    switch (change.kind) {
      case 'post':
      case 'openLedgerAccount':
      case 'deny':
      case 'liftDenial':
        money.write(change);
        break;
      case 'saveCharge':
      case 'setOwed':
      case 'addChargeEvent':
        charges.write(change);
        break;
      case 'addAccount':
      case 'addPass':
      case 'addPassIssue':
      case 'addSession':
      case 'addGate':
      case 'addGateToken':
      case 'useGateToken':
      case 'setGateEnrolled':
      case 'endGateKey':
      case 'revokeGateKey':
      case 'addGateKey':
      case 'addGateLine':
      case 'deleteExpired':
        riders.write(change);
        break;
      case 'addEpoch':
      case 'moveEpoch':
      case 'addBatch':
      case 'addRecord':
      case 'addOddRecord':
      case 'setOddWhy':
      case 'noteGate':
      case 'setDisposition':
        logs.write(change);
        break;
      case 'addWork':
      case 'moveWork':
      case 'finishWork':
      case 'failWork':
      case 'requestPublish':
      case 'finishPublish':
        outbox.write(change);
        break;
      case 'addLineFare':
      case 'addIssuerKey':
      case 'setIssuerKeyStatus':
      case 'addTrustList':
      case 'addDenyVersion':
      case 'listDenied':
      case 'unlistDenied':
      case 'clearChangedDenial':
      case 'setMeta':
        lists.write(change);
        break;
      default:
        payments.write(change);
    }
  }

  return (changes) => {
    for (const change of changes) write(change);
  };
}
