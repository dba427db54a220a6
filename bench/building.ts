/** 100,000 Topic Filters as a building full of sensors has them; every tenth has a wildcard. */
export function buildingFilter(i: number): string {
  // Steps that share no divisor with the number of filters: neighbours are far from each other.
  const n = (i * 7919) % 100_000;
  const levels = [
    `building-${n % 50}`,
    `floor-${n % 7}`,
    `room-${n % 400}`,
    `sensor-${n}`,
    'state',
  ];
  if (n % 10 === 0) levels[2] = '+';
  return levels.join('/');
}
