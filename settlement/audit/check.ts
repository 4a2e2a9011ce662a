/**
 * What a check is: rows come to it one by one, then it says what it found. It reads nothing itself, so
 * a test can show it any rows. What grows with riders, merchants and gates a check may remember; of
 * what grows with taps and payments it remembers at most a number each, or what one gate's log needs.
 */
import type { SealedTransfer } from '../core/money/book-seal.ts';
import type { SettleFacts } from '../core/rides/settle.ts';
import type {
  ApprovalRow,
  BatchRow,
  BookSealRow,
  ChargeEventRow,
  ChargeRow,
  CodeRow,
  CutRow,
  DenialRow,
  DenyVersionRow,
  EpochRow,
  GatePaymentRow,
  IssuerKeyRow,
  LedgerAccountRow,
  ListRulesRow,
  LogRecordRow,
  MerchantRow,
  OrderRow,
  PaymentRow,
  PostedTransferRow,
  RecordRow,
  RefusedKeyRow,
  ResolutionRow,
  RiderAccountRow,
  SeedRow,
  SpentTimeStepRow,
  StrayRecordRow,
  TopUpRow,
  TrustListRow,
  WorkRow,
} from './port.ts';

/** `findings`: of a check that is about gates and not about the books, what a person has to look at. */
export type AuditCheck = {
  name: string;
  ok: boolean;
  detail: string;
  findings?: readonly string[];
};

/** Every kind of row, in the order in which they come. */
export type AuditRows = {
  /** What the database says of its own files. */
  files: string;
  /** A table, an index or a guard that somebody has taken away, as `trigger NAME`. */
  lost: string;
  ledgerAccount: LedgerAccountRow;
  topUp: TopUpRow;
  denial: DenialRow;
  approval: ApprovalRow;
  riderAccount: RiderAccountRow;
  charge: ChargeRow;
  chargeEvent: ChargeEventRow;
  merchant: MerchantRow;
  order: OrderRow;
  seed: SeedRow;
  spentTimeStep: SpentTimeStepRow;
  payment: PaymentRow;
  refusedKey: RefusedKeyRow;
  transfer: PostedTransferRow;
  /** The same ones that came from a file of books, in the order and with the numbers that they had there. */
  movedTransfer: SealedTransfer;
  resolution: ResolutionRow;
  record: RecordRow;
  strayRecord: StrayRecordRow;
  issuerKey: IssuerKeyRow;
  code: CodeRow;
  trustList: TrustListRow;
  listRules: ListRulesRow;
  cut: CutRow;
  denyVersion: DenyVersionRow;
  deniedId: { id: Uint8Array };
  /** Once a gate, then its payments; then each of its epochs with what belongs to it. */
  gate: { gate: string };
  gatePayment: GatePaymentRow;
  epoch: EpochRow;
  batch: BatchRow;
  strayRecordOf: StrayRecordRow;
  logRecord: LogRecordRow;
  epochEnd: EpochRow;
  gateEnd: { gate: string };
  settleFacts: SettleFacts;
  bookSeal: BookSealRow;
  work: WorkRow;
};
export type RowKind = keyof AuditRows;

/** What it does not take is not even read, if no other check takes it. */
export type Check = { [Kind in RowKind]?: (row: AuditRows[Kind]) => void } & {
  results: () => readonly AuditCheck[] | Promise<readonly AuditCheck[]>;
};

const NAMES_SHOWN = 5;

/** Good if nothing is wrong; otherwise says what, the first few by name. */
export function checkOf(
  name: string,
  { wrong, good }: { wrong: readonly string[]; good: string },
): AuditCheck {
  if (wrong.length === 0) return { name, ok: true, detail: good };
  const shown = wrong.slice(0, NAMES_SHOWN).join(', ');
  const more = wrong.length > NAMES_SHOWN ? ` and ${wrong.length - NAMES_SHOWN} more` : '';
  return { name, ok: false, detail: shown + more };
}
