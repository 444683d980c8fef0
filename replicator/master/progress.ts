/** One more thing that has to be done before the position of its stretch counts. */
export type Release = () => void;

interface Stretch {
  position: number;
  open: number;
}

/** Up to where everything is on the slave. Stretches end in any order; the position follows the oldest open one. */
export class Progress {
  private readonly stretches: Stretch[] = [];

  /** @param reached is told every new position */
  constructor(private readonly reached: (position: number) => void) {}

  /** Begins a stretch that ends at `position`, held until the first release. */
  begin(position: number): Release {
    this.stretches.push({ position, open: 0 });
    return this.holdLatest();
  }

  /** Holds the stretch that began last, until the release. */
  holdLatest(): Release {
    return this.holdStretch(this.stretches.at(-1));
  }

  /** Holds the oldest stretch, and so all that come after it, until the release: for what may belong to any. */
  hold(): Release {
    return this.holdStretch(this.stretches[0]);
  }

  private holdStretch(stretch: Stretch | undefined): Release {
    if (!stretch) return () => undefined;
    stretch.open++;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      stretch.open--;
      this.advance();
    };
  }

  private advance(): void {
    let position: number | undefined;
    while (this.stretches[0]?.open === 0) position = this.stretches.shift()?.position;
    if (position !== undefined) this.reached(position);
  }
}
