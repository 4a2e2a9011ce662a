/** Whether a rider's session is still open: it ends by itself. */
export function isOpenSession({ expiresAtS }: { expiresAtS: number }, nowS: number): boolean {
  return expiresAtS > nowS;
}
