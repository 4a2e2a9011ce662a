/**
 * The gate's hardware as drivers: barrier, display and scanner, each on its serial port, each saying in the
 * log when it comes and goes.
 */
import { BarrierDriver } from '@stile/hardware/barrier/driver.ts';
import { DisplayDriver } from '@stile/hardware/display/driver.ts';
import { ScannerDriver } from '@stile/hardware/scanner/driver.ts';
import type { SerialPorts } from '@stile/hardware/serial/ports.ts';
import { VerdictsDriver } from '@stile/hardware/verdicts/driver.ts';
import type { Clock } from '@stile/host/clock.ts';
import { describeError } from '@stile/protocol/fault.ts';
import type { Logger } from 'pino';
import type { GateConfig } from './config.ts';
import { createScanReader } from './scan-reader.ts';

export type DevicesParts = { config: GateConfig; clock: Clock; ports: SerialPorts; log: Logger };

/** What a gate tells. */
export function openOutputs({ config, clock, ports, log }: DevicesParts) {
  const { barrier, display, verdicts } = config;
  const world = { clock, ports };
  return {
    verdicts:
      verdicts === undefined
        ? null
        : new VerdictsDriver({ ...verdicts, ...world, onState: reportState(log, 'verdicts') }),
    barrier: new BarrierDriver({ ...barrier, clock, ports, onState: reportState(log, 'barrier') }),
    display:
      display === undefined
        ? null
        : new DisplayDriver({ ...display, clock, ports, onState: reportState(log, 'display') }),
  };
}

/** What a gate reads. `onScan` gets each scan text, and when its last bytes came. */
export function openScanner(
  { config, clock, ports, log }: DevicesParts,
  onScan: (text: string, bytesAtMonoMs: number) => void,
): ScannerDriver {
  let bytesAtMs = 0;
  const report = reportState(log, 'scanner');
  const reader = createScanReader(clock, (text) => {
    try {
      onScan(text, bytesAtMs);
    } catch (error) {
      // A throw inside a stream's handler would end the process; a bug here must refuse, not stop.
      log.error({ error: describeError(error) }, 'a scan could not be judged');
    }
  });
  return new ScannerDriver({
    ...config.scanner,
    clock,
    ports,
    onBytes: (bytes) => {
      bytesAtMs = clock.now().monoMs;
      reader.push(bytes);
    },
    onState: (connected, why) => {
      if (!connected) reader.reset();
      report(connected, why);
    },
  });
}

function reportState(log: Logger, device: string) {
  return (connected: boolean, why: string): void => {
    log[connected ? 'info' : 'warn']({ device, connected, why }, 'device');
  };
}
