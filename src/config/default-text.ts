/** Defaults and sections as the generated files show them. */
import { z } from 'zod';
import { sectionNames, sections } from './schema.ts';
import { bareSchema, metaOf } from './setting.ts';
import { type Setting, settings } from './settings.ts';

/** A default as it would be written in the file; empty where there is none. */
export function defaultText({ defaultValue }: Setting): string {
  if (defaultValue === undefined || defaultValue === '') return '';
  if (Array.isArray(defaultValue)) return `[${defaultValue.map(String).join(', ')}]`;
  return typeof defaultValue === 'object' ? '{}' : String(defaultValue);
}

/** A default as it would stand in a variable: lists with commas. */
export function variableDefaultText(setting: Setting): string {
  const { defaultValue } = setting;
  if (Array.isArray(defaultValue)) return defaultValue.map(String).join(',');
  return setting.meta.defaultText === undefined ? defaultText(setting) : '';
}

export interface SectionView {
  readonly name: string;
  readonly description: string;
  /** The section is one setting itself, `data_dir`. */
  readonly isSingle: boolean;
  /** Sections that only a later version knows. */
  readonly isLater: boolean;
  readonly settings: readonly Setting[];
}

/** The sections in order, each with its settings. */
export const sectionViews: readonly SectionView[] = sectionNames.map((name) => {
  const bare = bareSchema(sections[name]);
  return {
    name,
    description: metaOf(sections[name]).description ?? '',
    isSingle: !(bare instanceof z.ZodObject),
    isLater: bare instanceof z.ZodUnknown,
    settings: settings.filter(({ path }) => path === name || path.startsWith(`${name}.`)),
  };
});
