import { describe, expect, it } from 'vitest';
import { ScanProof } from '#connectors/capture/scanProof.ts';

const scan = (sessionId: number, emptyScans: number) => ({ sessionId, emptyScans });

describe('the proof of the capture job by its scans', () => {
  it('proves the newest look after which a scan began and found nothing', () => {
    const proof = new ScanProof();
    proof.looked(scan(1, 0), 1000);
    proof.looked(scan(1, 1), 2000);
    expect(proof.capturedToMs).toBeNull();
    proof.looked(scan(1, 2), 3000);
    expect(proof.capturedToMs).toBe(1000);
    proof.looked(scan(1, 4), 4000);
    expect(proof.capturedToMs).toBe(3000);
  });

  it('proves nothing more when the job scans no more, however often it is looked at', () => {
    const proof = new ScanProof();
    proof.looked(scan(1, 0), 1000);
    proof.looked(scan(1, 2), 2000);
    for (let atMs = 3000; atMs < 60_000; atMs += 1000) proof.looked(scan(1, 2), atMs);
    expect(proof.capturedToMs).toBe(1000);
  });

  it('proves nothing from scans that only found changes', () => {
    const proof = new ScanProof();
    for (let session = 1; session < 20; session++) proof.looked(scan(session, 0), session * 1000);
    expect(proof.capturedToMs).toBeNull();
  });

  it('begins again when the server counts its scans anew', () => {
    const proof = new ScanProof();
    proof.looked(scan(9, 5), 1000);
    proof.looked(scan(1, 1), 2000);
    proof.looked(scan(1, 3), 3000);
    expect(proof.capturedToMs).toBe(2000);
  });

  it('shows nothing where scans cannot be seen', () => {
    const proof = new ScanProof();
    proof.looked(null, 1000);
    proof.looked(null, 2000);
    expect(proof.capturedToMs).toBeNull();
  });
});
