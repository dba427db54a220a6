export { FilterTrie } from './filter-trie.ts';
export { matches } from './matches.ts';
export { NameTrie } from './name-trie.ts';
export { NameWalk } from './name-walk.ts';
export { FilterError, type ParsedFilter, parseSubscription } from './topic-filter.ts';
export { checkTopicName } from './topic-name.ts';
