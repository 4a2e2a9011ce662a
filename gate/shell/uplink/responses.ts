/** Reads what settlement has answered over HTTP: text, JSON if it is any, and what a refusal says. */
import type { HttpResponse } from '@stile/host/http-client.ts';
import { Fault } from '@stile/protocol/fault.ts';

export function retryAfterMs(header: string | string[] | undefined): number | null {
  // The other form is a date, which a gate with a wrong clock would misread.
  return typeof header === 'string' && /^\d{1,9}$/.test(header) ? Number(header) * 1000 : null;
}

export function refused(what: string, response: HttpResponse): Fault {
  const message = messageOf(parseJson(response.body));
  return new Fault('UPLINK_REFUSED', `settlement refuses ${what}: ${response.status} ${message}`);
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(bytes));
  } catch {
    // A body that is not JSON says nothing; the status has said enough.
    return undefined;
  }
}

export function codeOf(json: unknown): string {
  const code = json !== null && typeof json === 'object' && 'code' in json && json.code;
  return typeof code === 'string' ? code.slice(0, 60) : '';
}

export function messageOf(json: unknown): string {
  const message = json !== null && typeof json === 'object' && 'message' in json && json.message;
  return typeof message === 'string' ? message.slice(0, 300) : '';
}
