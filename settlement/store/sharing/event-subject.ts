/** Whose events are meant: riders' and merchants' lie in tables of their own. */

/** Of whom, and their name. */
export function readSubject(subject: string): { kind: 'rider' | 'merchant'; name: string } {
  const end = subject.indexOf(':');
  const kind = subject.slice(0, end) === 'rider' ? 'rider' : 'merchant';
  return { kind, name: subject.slice(end + 1) };
}
