/** Moves bytes, loses them, holds them up. */
import type { Random } from './random.ts';
import type { SimLink } from './sim-link.ts';
import type { World } from './world.ts';

/** Links looked at to find one with something to move. */
const triesMax = 8;
/** Exchanges with one client before the next has its turn. */
const exchangesMax = 50;

export class Network {
  private readonly world: World;
  private readonly random: Random;

  constructor(world: World) {
    this.world = world;
    this.random = world.random;
  }

  /** Moves some bytes on some link, cut anywhere. */
  move(): void {
    const link = this.linkWithWork();
    if (link === undefined) return;
    if (this.random.chance(0.5)) link.deliverUp(this.amount(), this.world.nowMs());
    else link.deliverDown(this.amount());
    // Now and then several chunks arrive in one turn.
    if (this.random.chance(0.8)) this.world.endTurn();
  }

  /** Moves all that can be moved. @returns whether there was anything. */
  moveAll(): boolean {
    let hasMoved = false;
    for (const link of this.world.links) {
      // To and fro, for clients that take one message at a time.
      for (let i = 0; i < exchangesMax && link.hasWork; i++) {
        hasMoved = true;
        link.deliverUp(Infinity, this.world.nowMs());
        this.world.endTurn();
        link.deliverDown(Infinity);
        this.world.endTurn();
      }
    }
    this.world.forgetClosedLinks();
    return hasMoved;
  }

  /** A slow reader stops, or goes on. */
  toggleStuck(): void {
    const link = this.anyLink();
    if (link !== undefined) link.isStuck = !link.isStuck;
  }

  /** The broker learns of a connection that is gone, or a client's machine of one it left behind. */
  discover(): void {
    for (const link of this.world.links) {
      if (link.state === 'broken' && this.random.chance(0.3)) link.discover();
    }
    this.world.endTurn();
    this.world.forgetClosedLinks();
  }

  /** Everything that is held up goes on, everything that is broken is known. */
  clear(): void {
    for (const link of this.world.links) {
      link.isStuck = false;
      if (link.isAbandoned) link.break();
      link.discover();
    }
    this.world.endTurn();
    this.world.forgetClosedLinks();
  }

  private linkWithWork(): SimLink | undefined {
    for (let i = 0; i < triesMax; i++) {
      const link = this.anyLink();
      if (link?.hasWork) return link;
    }
    return undefined;
  }

  private anyLink(): SimLink | undefined {
    const { links } = this.world;
    return links.length === 0 ? undefined : this.random.pick(links);
  }

  private amount(): number {
    const dice = this.random.next();
    if (dice < 0.5) return Infinity;
    return dice < 0.8 ? this.random.between(1, 300) : this.random.between(1, 12);
  }
}
