/** Chance from a seed (Mulberry32). */
export class SeededChance {
  private state: number;

  constructor(seed: number) {
    this.state = Math.imul(seed ^ 0x5bf03635, 0x9e3779b1) >>> 0;
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000) * limit);
  }

  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }
}
