/** The conversation that sets a module up: what is written, what is left alone, how it fails. */
import { describe, expect, test } from 'vitest';
import { createReplyDecoder, type Reply, WRITE } from './frames.ts';
import { createScannerModule, type ScannerModule } from './module.ts';
import { applySettings, GATE_SETTINGS, type SendCommand } from './settings.ts';

/** Sends to a virtual module; `types` collects the types of the commands that it was given. */
function sendTo(module: ScannerModule, types: number[] = []): SendCommand {
  const decoder = createReplyDecoder();
  return async (command): Promise<Reply | null> => {
    types.push(command[2] ?? 0);
    const replies = module.push(command).flatMap((bytes) => decoder.push(bytes));
    return replies[0] ?? null;
  };
}

describe('settings that a gate wants', () => {
  test('are written, read back and saved on a module fresh from the factory', async () => {
    const module = createScannerModule();
    const report = await applySettings(sendTo(module));
    expect(report).toMatchObject({ ok: true });
    for (const { address, mask, value } of GATE_SETTINGS) {
      expect(module.read(address) & mask).toBe(value);
    }
    module.restart();
    expect(module.read(0x0060) & 0x61).toBe(0x21);
    expect(module.saves).toBe(1);
  });

  test('leave the other bits of a register as they are', async () => {
    const module = createScannerModule();
    module.write(0x000d, 0xa3);
    await applySettings(sendTo(module));
    expect(module.read(0x000d)).toBe(0xa0);
  });

  test('are neither written nor saved a second time: flash wears out', async () => {
    const module = createScannerModule();
    await applySettings(sendTo(module));
    const types: number[] = [];
    expect(await applySettings(sendTo(module, types))).toEqual({ ok: true, changed: [] });
    expect(types).not.toContain(WRITE);
    expect(module.saves).toBe(1);
  });

  test('are reported if a register does not take its value', async () => {
    const module = createScannerModule();
    const stubborn: ScannerModule = {
      ...module,
      push: (chunk) => {
        const replies = module.push(chunk);
        module.write(0x0003, 0x03);
        return replies;
      },
    };
    expect(await applySettings(sendTo(stubborn))).toMatchObject({
      ok: false,
      reason: 'REFUSED',
      what: GATE_SETTINGS[0]?.what,
    });
    expect(module.saves).toBe(0);
  });

  test('are given up if nobody answers', async () => {
    const report = await applySettings(async () => null);
    expect(report).toMatchObject({ ok: false, reason: 'SILENT', changed: [] });
  });
});

test('a module answers what it does not know with a status, not with silence', () => {
  const unknown = Buffer.from('7e000a01000030abcd', 'hex');
  const [reply] = createScannerModule().push(unknown);
  expect(createReplyDecoder().push(reply ?? new Uint8Array(0))[0]?.status).toBe(3);
});
