/** Something owed that one arrival can settle. */
export interface Slot {
  claim: Claim | undefined;
  /** 0: it has to be settled; 1: perhaps it need not; 2: it need not. */
  tier: 0 | 1 | 2;
}

/** Something that arrived, and all that it may have been. */
export interface Claim {
  readonly candidates: readonly Slot[];
}

/**
 * Gives the claim one of its candidates, of as low a tier as can be; a candidate that is taken becomes free
 * where its claim can have another one (augmenting paths), but never is what has to be settled given up for
 * what need not. @returns false when there are more claims than they can have.
 */
export function assign(claim: Claim): boolean {
  return [0, 1, 2].some((tier) => augment(claim, tier, new Set()));
}

/** The slot need not be settled any more: its claim takes another one, if one wants it. */
export function demote(slot: Slot): void {
  slot.tier = 2;
  const { claim } = slot;
  if (claim === undefined) return;
  slot.claim = undefined;
  assign(claim);
}

function augment(claim: Claim, tierMax: number, tried: Set<Slot>): boolean {
  for (const slot of claim.candidates) {
    if (slot.tier > tierMax || tried.has(slot)) continue;
    tried.add(slot);
    if (slot.claim !== undefined && !augment(slot.claim, tierMax, tried)) continue;
    slot.claim = claim;
    return true;
  }
  return false;
}
