import { HttpProblem } from '#infra/runtime/http/problem.ts';

/** The detail of the problem that `work` throws; undefined when it throws none, 'another error' when it is not a problem of that status. */
export function hasProblem(work: () => void, status: number): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof HttpProblem && error.kind.status === status ? error.message : 'another error';
  }
}
