import { type LogScanMark, scannedToEndSince } from './logScan.ts';

/** Looks remembered: the capture job may need some time for the two scans that prove one. */
const MAX_LOOKS = 8;

/** Learns from repeated looks at the capture job's scans up to which moment everything that was committed is captured. */
export class ScanProof {
  /** Oldest first. */
  #looks: { readonly atMs: number; readonly scan: LogScanMark }[] = [];
  #capturedToMs: number | null = null;

  /** What was committed before this moment, ms since 1970 UTC by our clock, was captured at the newest look; null when no look proves one. */
  get capturedToMs(): number | null {
    return this.#capturedToMs;
  }

  /** `scan`: the newest there was; null when none can be seen. `askedAtMs`: before it was asked for. */
  looked(scan: LogScanMark | null, askedAtMs: number): void {
    const before = this.#looks.at(-1);
    // Scans are counted from the server's start.
    if (scan === null || (before && scan.sessionId < before.scan.sessionId)) this.#looks = [];
    if (scan === null) return;
    const proved = this.#looks.findLastIndex((look) => scannedToEndSince(look.scan, scan));
    if (proved >= 0) {
      this.#capturedToMs = this.#looks[proved]!.atMs;
      this.#looks.splice(0, proved + 1);
    }
    if (this.#looks.length === MAX_LOOKS) this.#looks.splice(1, 1);
    this.#looks.push({ atMs: askedAtMs, scan });
  }

  /** The server may be another one now: its scans are others. What was proved stays proved of the moment, not of the new server. */
  forget(): void {
    this.#looks = [];
    this.#capturedToMs = null;
  }
}
