/** The numbers of Linux (signal(7)) for the names that ssh sends (RFC 4254, 6.10). */
const SIGNALS: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  ABRT: 6,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
};

/** 0 for a name that is not known. */
export function signalNumber(name: string | undefined): number {
  return SIGNALS[(name ?? "").replace(/^SIG/, "")] ?? 0;
}
