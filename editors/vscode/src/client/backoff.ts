/** How long to wait before the next start: 0.5 s after the first crash, doubled each time, 30 s at most. */
const FIRST_MS = 500;
const LONGEST_MS = 30_000;
/** A server that ran this long was fine: the next crash counts as the first. */
const STEADY_MS = 60_000;

export class Backoff {
  private crashes = 0;
  private startedAt: number | null = null;
  private giveUp: (() => void) | null = null;

  constructor(private readonly now: () => number = Date.now) {}

  started(): void {
    this.startedAt = this.now();
  }

  reset(): void {
    this.crashes = 0;
    this.startedAt = null;
  }

  nextDelay(): number {
    if (this.startedAt !== null && this.now() - this.startedAt >= STEADY_MS) this.crashes = 0;
    this.startedAt = null;
    const delay = Math.min(FIRST_MS * 2 ** this.crashes, LONGEST_MS);
    this.crashes += 1;
    return delay;
  }

  /** True when it is time for the next start, false when `cancel` came first. */
  async wait(): Promise<boolean> {
    return await new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.giveUp = null;
        resolve(true);
      }, this.nextDelay());
      this.giveUp = () => {
        clearTimeout(timer);
        this.giveUp = null;
        resolve(false);
      };
    });
  }

  cancel(): void {
    this.giveUp?.();
  }
}
