/** Numbers of a length over all rows. Percentiles are rounded up by 2 % at most: the memory does not grow with the rows. */
export interface LengthStatistics {
  readonly least: number;
  readonly mean: number;
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
  readonly most: number;
  readonly longestLine: number;
}

const growth = 1.02;
/** 1.02 to this power is above 10^12. */
const buckets = 1400;

/** Counts lengths in steps that grow by 2 %. */
export class Lengths {
  private readonly counts = new Float64Array(buckets);
  private rows = 0;
  private sum = 0;
  private least = Number.POSITIVE_INFINITY;
  private most = 0;
  private longestLine = 0;

  add(length: number, line: number): void {
    this.rows++;
    this.sum += length;
    this.least = Math.min(this.least, length);
    if (length > this.most || this.longestLine === 0) this.longestLine = line;
    this.most = Math.max(this.most, length);
    const bucket = Math.min(bucketOf(length), buckets - 1);
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
  }

  /** Undefined: there were no rows. */
  statistics(): LengthStatistics | undefined {
    if (this.rows === 0) return undefined;
    return {
      least: this.least,
      mean: Math.round(this.sum / this.rows),
      median: this.percentile(0.5),
      p90: this.percentile(0.9),
      p99: this.percentile(0.99),
      most: this.most,
      longestLine: this.longestLine,
    };
  }

  private percentile(share: number): number {
    const wanted = Math.ceil(this.rows * share);
    let below = 0;
    for (const [bucket, count] of this.counts.entries()) {
      below += count;
      if (below >= wanted) return Math.min(this.most, Math.max(this.least, Math.floor(growth ** bucket)));
    }
    return this.most;
  }
}

/** The bucket whose upper end is the length or at most 2 % above. */
function bucketOf(length: number): number {
  return length <= 1 ? 0 : Math.ceil(Math.log(length) / Math.log(growth) - 1e-9);
}
