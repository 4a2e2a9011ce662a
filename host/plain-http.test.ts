/** Which addresses are spoken to without TLS only if a person says so. */
import { expect, test } from 'vitest';
import { isPlainHttp, refusePlainHttp } from './plain-http.ts';

test.each([
  ['https://backoffice.example', false],
  ['http://127.0.0.1:8080', false],
  ['http://127.8.0.1', false],
  ['http://localhost:8080/stile', false],
  ['http://[::1]:8080', false],
  ['http://backoffice.example', true],
  ['http://192.168.1.4:8080', true],
  ['http://0.0.0.0', true],
  ['http://127.0.0.1.example', true],
  ['http://localhost.example', true],
  ['http://[::ffff:10.0.0.1]', true],
])('%s: %s', (url, isPlain) => {
  expect(isPlainHttp(url)).toBe(isPlain);
  const refuse = () => refusePlainHttp(url, { isAllowed: false, setting: '--plain-http' });
  if (isPlain) expect(refuse).toThrow('set --plain-http if that network is yours alone');
  else expect(refuse).not.toThrow();
  expect(() => refusePlainHttp(url, { isAllowed: true, setting: '' })).not.toThrow();
});
