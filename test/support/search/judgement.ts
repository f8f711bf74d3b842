/** Measures a ranking against judgements made by people. */

export interface Judgement {
  readonly q: string;
  /** What the query tries: figures are also given by kind. */
  readonly kind: string;
  /** Grade (3 exactly what is meant, 2 good, 1 a shopper would not mind it) → which products, by their line. The highest grade counts. */
  readonly grades: { readonly 3: RegExp; readonly 2?: RegExp; readonly 1?: RegExp };
}

export type JudgedProduct = { readonly id: string; readonly line: string };

/** Product id → grade; products without one are not relevant. */
export function gradesOf(judgement: Judgement, products: readonly JudgedProduct[]): Map<string, number> {
  const grades = new Map<string, number>();
  for (const { id, line } of products) {
    const grade = ([3, 2, 1] as const).find((candidate) => judgement.grades[candidate]?.test(line));
    if (grade !== undefined) grades.set(id, grade);
  }
  return grades;
}

/** Normalised discounted cumulative gain at 10 with gain 2^grade - 1 (Burges et al., Learning to Rank, 2005). 0 to 1. */
export function ndcg10(ranking: readonly string[], grades: ReadonlyMap<string, number>): number {
  const gain = (list: readonly number[]): number =>
    list.slice(0, 10).reduce((sum, grade, index) => sum + (2 ** grade - 1) / Math.log2(index + 2), 0);
  const ideal = gain([...grades.values()].sort((a, b) => b - a));
  return ideal === 0 ? 0 : gain(ranking.map((id) => grades.get(id) ?? 0)) / ideal;
}

/** Share of the products graded 2 or more (or of all, when there are none) that are among the first `depth`. 0 to 1. */
export function recall(ranking: readonly string[], grades: ReadonlyMap<string, number>, depth = 100): number {
  const good = [...grades].filter(([, grade]) => grade >= 2).map(([id]) => id);
  const wanted = good.length > 0 ? good : [...grades.keys()];
  const found = new Set(ranking.slice(0, depth));
  return wanted.filter((id) => found.has(id)).length / Math.min(depth, wanted.length);
}

export interface Scored {
  readonly judgement: Judgement;
  readonly ndcg: number;
  readonly recall: number;
  readonly top: readonly string[];
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** One line for all queries and one for each kind: how many, mean nDCG@10, mean recall@100. */
export function summary(scored: readonly Scored[]): string {
  const line = (name: string, rows: readonly Scored[]): string =>
    `${name.padEnd(12)} ${String(rows.length).padStart(4)}  nDCG@10 ${mean(rows.map((row) => row.ndcg)).toFixed(3)}  recall@100 ${mean(rows.map((row) => row.recall)).toFixed(3)}`;
  const kinds = [...new Set(scored.map((row) => row.judgement.kind))];
  return [
    line('all', scored),
    ...kinds.map((kind) =>
      line(
        kind,
        scored.filter((row) => row.judgement.kind === kind),
      ),
    ),
  ].join('\n');
}
