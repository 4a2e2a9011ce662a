/**
 * How much of the queue of batches one gate and one address may fill, so that others still get in. A share is
 * taken before the body is read and given back when the response is out, so it also bounds what is in memory.
 */
import { Fault } from '@stile/protocol/fault.ts';

/** The one that a gate sends, and the one before if its reply was lost and it is still being checked. */
const BATCHES_PER_GATE_MAX = 2;

export type BatchShares = ReturnType<typeof createBatchShares>;

/** Half of the queue is as much as one address gets, whichever gates stand behind it. */
export function createBatchShares(batchesMax: number) {
  const perAddressMax = Math.max(1, Math.floor(batchesMax / 2));
  const taken = new Map<string, number>();

  function add(name: string, count: number): void {
    const sum = (taken.get(name) ?? 0) + count;
    if (sum === 0) taken.delete(name);
    else taken.set(name, sum);
  }

  return {
    /**
     * Takes a place; what it returns gives it back, once.
     * @throws Fault UPLINK_BUSY if the gate or the address has its share already.
     */
    take({ gate, address }: { gate: string; address: string }): () => void {
      const gateName = `gate ${gate}`;
      const addressName = `address ${address}`;
      if ((taken.get(gateName) ?? 0) >= BATCHES_PER_GATE_MAX) {
        throw new Fault('UPLINK_BUSY', 'batches of this gate are being checked; come back later');
      }
      if ((taken.get(addressName) ?? 0) >= perAddressMax) {
        throw new Fault(
          'UPLINK_BUSY',
          'batches of your address are being checked; come back later',
        );
      }
      add(gateName, 1);
      add(addressName, 1);
      let isTaken = true;
      return () => {
        if (!isTaken) return;
        isTaken = false;
        add(gateName, -1);
        add(addressName, -1);
      };
    },
  };
}
