/** Who may do what, in runs with decisions: fixed by names and numbers, so that a retry gets the same answer. */

const publishesPerDenied = 13;
const filtersPerDenied = 17;

export function isPublishDenied(publicationId: number): boolean {
  return publicationId !== 0 && publicationId % publishesPerDenied === 0;
}

export function isFilterDenied(clientName: string, topicFilter: string): boolean {
  let sum = 0;
  for (const character of clientName + topicFilter) {
    sum = (sum * 31 + character.charCodeAt(0)) >>> 0;
  }
  return sum % filtersPerDenied === 0;
}

export const wrongPassword: Uint8Array = new TextEncoder().encode('wrong');
