/** The files that are written from the schema. A test compares them with what lies in the repository. */
import { jsonSchema } from './json-schema.ts';
import { renderEnvExample } from './render-env-example.ts';
import { renderReference } from './render-reference.ts';

export interface GeneratedFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

export function generatedFiles(): readonly GeneratedFile[] {
  return [
    { path: 'env.example', text: renderEnvExample() },
    { path: 'docs/reference/configuration.md', text: renderReference() },
    {
      path: 'docs/reference/linnet.schema.json',
      text: `${JSON.stringify(jsonSchema(), null, 2)}\n`,
    },
  ];
}
